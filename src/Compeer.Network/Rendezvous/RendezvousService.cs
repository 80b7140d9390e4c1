using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Rendezvous;

namespace Compeer.Network.Rendezvous;

/// <summary>What a rendezvous point told.</summary>
/// <param name="Peers">Peers with the addresses that they signed; what is wrongly signed is left out.</param>
/// <param name="Cookie">Given with the next question, it brings only what is new.</param>
public sealed record RendezvousPeers(IReadOnlyList<PeerRecord> Peers, ReadOnlyMemory<byte> Cookie);

/// <summary>A rendezvous point refused. The message says why.</summary>
public sealed class RendezvousException(RendezvousStatus status, string message) : IOException(message)
{
    /// <summary>The reason.</summary>
    public RendezvousStatus Status { get; } = status;
}

/// <summary>
/// Serves as a rendezvous point, where peers say that they are in a namespace and find others there. Thread-safe. What it keeps is bounded by
/// <see cref="RendezvousLimits"/>. The other side is <see cref="RendezvousClient"/>.
/// </summary>
/// <remarks>Spec: libp2p/specs rendezvous/README.md.</remarks>
public sealed class RendezvousService : IAsyncDisposable
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/rendezvous/1.0.0";

    private const int MaxQuestionBytes = 8 * 1024;
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Sweep = TimeSpan.FromMinutes(1);

    private readonly PeerHost _host;
    private readonly RendezvousPoint _point;
    private readonly Lock _lock = new();
    private readonly Timer _sweep;

    private RendezvousService(PeerHost host, RendezvousLimits limits)
    {
        _host = host;
        _point = new RendezvousPoint(OpenSslKeys.Instance, limits, SecureRandom.Instance);
        _sweep = new Timer(_ => Expire(), null, Sweep, Sweep);
    }

    /// <summary>Registrations that are kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _point.Count;
        }
    }

    /// <summary>Serves from now on.</summary>
    public static RendezvousService Start(PeerHost host, RendezvousLimits? limits = null)
    {
        var service = new RendezvousService(host, limits ?? new RendezvousLimits());
        host.Disconnected += service.OnDisconnected;
        host.Handle(Protocol, service.ServeAsync);
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        _host.Unhandle(Protocol);
        _host.Disconnected -= OnDisconnected;
        await _sweep.DisposeAsync();
    }

    private async Task ServeAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            idle.CancelAfter(IdleTimeout);
            if (await stream.ReadMessageAsync(MaxQuestionBytes, idle.Token) is not { } bytes)
                return;
            if (!RendezvousMessage.TryDecode(bytes, out RendezvousMessage? message))
                throw new InvalidDataException($"{stream.RemotePeer} sent a malformed message of {Protocol}.");
            RendezvousMessage? answer;
            lock (_lock)
                answer = _point.Answer(stream.RemotePeer, message, MonotonicClock.Now);
            if (answer is not null)
                await stream.WriteMessageAsync(answer.Encode(), idle.Token);
        }
    }

    private void OnDisconnected(HostConnection connection)
    {
        if (_host.Connections.Any(c => c.RemotePeer == connection.RemotePeer))
            return;
        lock (_lock)
            _point.OnDisconnected(connection.RemotePeer);
    }

    private void Expire()
    {
        lock (_lock)
            _point.OnDeadline(MonotonicClock.Now);
    }
}

/// <summary>Speaks with rendezvous points. Spec: libp2p/specs rendezvous/README.md.</summary>
public static class RendezvousClient
{
    private const int MaxAnswerBytes = 1 << 20;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Says at a point that this host is in a namespace; for how long it does, before which it should be said again.</summary>
    /// <param name="host">The host, with the addresses that others should dial.</param>
    /// <param name="point">The rendezvous point.</param>
    /// <param name="name">The namespace, 1 to 255 bytes.</param>
    /// <param name="lifetime">From two hours to three days; two hours unless set.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RendezvousException">The point refuses.</exception>
    /// <exception cref="IOException">It is not reached, or fails.</exception>
    public static async Task<TimeSpan> RegisterAsync(this PeerHost host, PeerId point, string name, TimeSpan? lifetime = null, CancellationToken cancellationToken = default)
    {
        byte[] record = PeerRecord.Seal(host.Options.Identity, (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), host.Addresses).Bytes.ToArray();
        var question = new RendezvousMessage(RendezvousType.Register) { Namespace = name, SignedPeerRecord = record, Seconds = lifetime is { } span ? (ulong)span.TotalSeconds : null };
        RendezvousMessage answer = await AskAsync(host, point, question, RendezvousType.RegisterResponse, cancellationToken);
        return TimeSpan.FromSeconds(Math.Min(answer.Seconds ?? 0, uint.MaxValue));
    }

    /// <summary>Says at a point that this host is in a namespace no more. No answer comes.</summary>
    public static async Task UnregisterAsync(this PeerHost host, PeerId point, string name, CancellationToken cancellationToken = default)
    {
        await using DuplexStream stream = await host.OpenStreamAsync(point, RendezvousService.Protocol, cancellationToken);
        await stream.WriteMessageAsync(new RendezvousMessage(RendezvousType.Unregister) { Namespace = name }.Encode(), cancellationToken);
    }

    /// <summary>Asks a point for peers, and remembers where they may be dialled.</summary>
    /// <param name="host">The host.</param>
    /// <param name="point">The rendezvous point.</param>
    /// <param name="name">The namespace; null for all.</param>
    /// <param name="cookie">Of the last answer, so that only what is new comes; empty for all.</param>
    /// <param name="limit">The most peers.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RendezvousException">The point refuses.</exception>
    /// <exception cref="IOException">It is not reached, or fails.</exception>
    public static async Task<RendezvousPeers> DiscoverAsync(
        this PeerHost host, PeerId point, string? name, ReadOnlyMemory<byte> cookie = default, int limit = RendezvousMessage.MaxRegistrations, CancellationToken cancellationToken = default)
    {
        var question = new RendezvousMessage(RendezvousType.Discover) { Namespace = name, Cookie = cookie, Limit = (ulong)limit };
        RendezvousMessage answer = await AskAsync(host, point, question, RendezvousType.DiscoverResponse, cancellationToken);
        var peers = new List<PeerRecord>();
        foreach (RendezvousRegistration registration in answer.Registrations)
        {
            if (!PeerRecord.TryOpen(registration.SignedPeerRecord.Span, OpenSslKeys.Instance, out PeerRecord? record))
                continue;
            peers.Add(record);
            host.AddAddresses(record.Peer, record.Addresses);
        }
        return new RendezvousPeers(peers, answer.Cookie);
    }

    private static async Task<RendezvousMessage> AskAsync(PeerHost host, PeerId point, RendezvousMessage question, RendezvousType wanted, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Deadline);
        await using DuplexStream stream = await host.OpenStreamAsync(point, RendezvousService.Protocol, deadline.Token);
        await stream.WriteMessageAsync(question.Encode(), deadline.Token);
        stream.CompleteWrites();
        if (await stream.ReadMessageAsync(MaxAnswerBytes, deadline.Token) is not { } bytes || !RendezvousMessage.TryDecode(bytes, out RendezvousMessage? answer) || answer.Type != wanted)
            throw new InvalidDataException($"{point} gave no answer that can be read to {question.Type} of {RendezvousService.Protocol}.");
        return answer.Status == RendezvousStatus.Ok ? answer
            : throw new RendezvousException(answer.Status, $"{point} refuses to {question.Type.ToString().ToLowerInvariant()}: {answer.Status} {answer.StatusText}".TrimEnd());
    }
}
