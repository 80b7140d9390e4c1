using Compeer.Formats.Multiformats;
using Compeer.Protocols;
using Compeer.Protocols.CircuitRelay;
using Compeer.Protocols.Identify;
using Compeer.Protocols.Trackers;
using Compeer.Protocols.Yamux;

namespace Compeer.Network.Hosting;

/// <summary>A secured connection to one peer, which carries streams. Thread-safe.</summary>
public sealed class HostConnection
{
    private readonly PeerHost _host;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<IdentifyMessage?> _identified = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IdentifyMessage? _remote;
    private ulong _recordSequence;

    internal HostConnection(PeerHost host, YamuxDriver driver, UpgradedStream upgraded, ResourceScopes.PeerScope scope, bool isIncoming)
    {
        _host = host;
        Driver = driver;
        Scope = scope;
        RemoteKey = upgraded.RemoteKey;
        RemotePeer = scope.Id;
        RemoteAddress = upgraded.Route.Remote;
        LocalAddress = upgraded.Route.Local;
        Path = upgraded.Route.Path;
        Limit = upgraded.Route.Limit;
        Why = upgraded.Route.Why;
        Security = upgraded.Security;
        IsIncoming = isIncoming;
    }

    /// <summary>The peer; the connection proves that it has the key.</summary>
    public PeerId RemotePeer { get; }

    /// <summary>Its key.</summary>
    public PublicKey RemoteKey { get; }

    /// <summary>Which way it takes.</summary>
    public ConnectionPath Path { get; }

    /// <summary>For people: why that way.</summary>
    public string Why { get; internal set; }

    /// <summary>What the relay allows that carries it; null where nothing is limited.</summary>
    public CircuitLimit? Limit { get; }

    /// <summary>It leads over a relay that allows it little: see <see cref="OpenStreamAsync(IReadOnlyList{string}, bool, CancellationToken)"/>.</summary>
    public bool IsLimited => Limit is not null;

    /// <summary>Where the connection leads, as we see it.</summary>
    public Multiaddr RemoteAddress { get; }

    /// <summary>Our end.</summary>
    public Multiaddr LocalAddress { get; }

    /// <summary>What secures it: "/noise" or "/tls/1.0.0".</summary>
    public string Security { get; }

    /// <summary>When it was secured.</summary>
    public Instant OpenedAt { get; } = MonotonicClock.Now;

    /// <summary>The remote dialled.</summary>
    public bool IsIncoming { get; }

    /// <summary>What the peer told about itself last; null before it did.</summary>
    public IdentifyMessage? Remote => _remote;

    /// <summary>Completes when the peer has told about itself, with null when it did not.</summary>
    public Task<IdentifyMessage?> Identified => _identified.Task;

    /// <summary>Completes when the connection is over.</summary>
    public Task Closed => _closed.Task;

    /// <summary>It carries streams still.</summary>
    public bool IsOpen => !_closed.Task.IsCompleted && Driver.IsUsable;

    /// <summary>Why it is over.</summary>
    public YamuxEnd End => Driver.End;

    /// <summary>What the remote did wrong, as a clause; empty otherwise.</summary>
    public string Fault => Driver.Fault;

    /// <summary>Smoothed round trip; zero before it is known.</summary>
    public TimeSpan RoundTrip => Driver.RoundTrip;

    /// <summary>Streams that are open now.</summary>
    public int StreamCount => Driver.StreamCount;

    /// <summary>How far its address reaches. A name, which only a proxy looks up, counts as the Internet.</summary>
    internal AddressReach Reach => TransportAddress.TryParse(RemoteAddress, out TransportAddress? remote) && remote.IsName ? AddressReach.Global : AddressReaches.OfTcp(RemoteAddress);

    internal YamuxDriver Driver { get; }

    /// <summary>What its peer makes the host hold.</summary>
    internal ResourceScopes.PeerScope Scope { get; }

    /// <summary>Streams in a row that were refused. The receiving loop's.</summary>
    internal int Refused { get; set; }

    internal ResourceScopes Scopes => _host.Scopes;

    /// <summary>Opens a stream for the first of <paramref name="protocols"/> that the peer has; never on a limited connection.</summary>
    /// <inheritdoc cref="OpenStreamAsync(IReadOnlyList{string}, bool, CancellationToken)"/>
    public Task<DuplexStream> OpenStreamAsync(IReadOnlyList<string> protocols, CancellationToken cancellationToken = default) =>
        OpenStreamAsync(protocols, allowLimited: false, cancellationToken);

    /// <summary>Opens a stream for the first of <paramref name="protocols"/> that the peer has.</summary>
    /// <param name="protocols">The best first.</param>
    /// <param name="allowLimited">Also where a relay ends the connection after few bytes or minutes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ProtocolRefusedException">It has none of them, or the connection is limited.</exception>
    /// <exception cref="StreamCutException">The connection is over.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or no answer in time.</exception>
    public async Task<DuplexStream> OpenStreamAsync(IReadOnlyList<string> protocols, bool allowLimited, CancellationToken cancellationToken)
    {
        if (IsLimited && !allowLimited)
            throw new ProtocolRefusedException($"The only connection with {RemotePeer} is limited by a relay; streams that can live with that are to be opened with allowLimited.");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_host.Options.NegotiationTimeout);
        DuplexStream stream = await Driver.OpenStreamAsync(deadline.Token);
        try
        {
            stream.Connection = this;
            stream.Protocol = await Negotiation.ProposeAsync(protocols, stream.ReadAsync, stream.WriteAsync, deadline.Token);
            return stream;
        }
        catch
        {
            stream.Abort();
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the connection and all its streams.</summary>
    public async Task CloseAsync()
    {
        Driver.Close();
        await Closed;
    }

    public override string ToString() => $"{RemotePeer} at {RemoteAddress}";

    /// <summary>Merges what the peer said with what is known of it; whether something is new.</summary>
    internal bool Learn(IdentifyMessage? message)
    {
        IdentifyMessage? before = _remote;
        if (message is not null)
            _remote = before?.Merge(message) ?? message;
        _identified.TrySetResult(_remote);
        return message is not null && (before is null || !before.Encode().AsSpan().SequenceEqual(_remote!.Encode()));
    }

    /// <summary>Whether a record of the peer is newer than those seen before; then older ones are not any more.</summary>
    internal bool IsNewer(ulong sequence)
    {
        ulong seen = Volatile.Read(ref _recordSequence);
        return sequence > seen && Interlocked.CompareExchange(ref _recordSequence, sequence, seen) == seen;
    }

    internal void OnClosed()
    {
        _identified.TrySetResult(_remote);
        _closed.TrySetResult();
    }
}
