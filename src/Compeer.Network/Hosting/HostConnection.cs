using Compeer.Formats.Multiformats;
using Compeer.Protocols;
using Compeer.Protocols.Identify;
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

    internal HostConnection(PeerHost host, YamuxDriver driver, UpgradedStream upgraded, bool isIncoming)
    {
        _host = host;
        Driver = driver;
        RemoteKey = upgraded.RemoteKey;
        RemotePeer = PeerId.FromPublicKey(upgraded.RemoteKey);
        RemoteAddress = Multiaddr.FromTcp(upgraded.Stream.Remote);
        LocalAddress = Multiaddr.FromTcp(upgraded.Stream.Local);
        Security = upgraded.Security;
        IsIncoming = isIncoming;
    }

    /// <summary>The peer; the connection proves that it has the key.</summary>
    public PeerId RemotePeer { get; }

    /// <summary>Its key.</summary>
    public PublicKey RemoteKey { get; }

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

    internal YamuxDriver Driver { get; }

    /// <summary>Opens a stream for the first of <paramref name="protocols"/> that the peer has.</summary>
    /// <exception cref="ProtocolRefusedException">It has none of them.</exception>
    /// <exception cref="StreamCutException">The connection is over.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or no answer in time.</exception>
    public async Task<DuplexStream> OpenStreamAsync(IReadOnlyList<string> protocols, CancellationToken cancellationToken = default)
    {
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

    internal void Learn(IdentifyMessage? message)
    {
        if (message is not null)
            _remote = _remote?.Merge(message) ?? message;
        _identified.TrySetResult(_remote);
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
