using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;

namespace Compeer.Network.KadDht;

/// <summary>
/// A host's part in a DHT of libp2p: finds peers, values and providers, keeps its share when it serves, and says again what it provides.
/// Thread-safe; searches wait until the node knows somebody.
/// <code>
/// await using KadDhtService dht = KadDhtService.Start(host, new KadDhtServiceOptions());
/// await foreach (KadPeer provider in dht.FindProvidersAsync(cid.Hash, count: 3)) ...
/// </code>
/// Spec: libp2p/specs kad-dht/README.md.
/// </summary>
public sealed partial class KadDhtService : IAsyncDisposable
{
    private readonly PeerHost _host;
    private readonly KadDhtServiceOptions _options;
    private readonly Lock _lock = new();
    private readonly KadNode _node;
    private readonly TaskScope _scope = new();
    private readonly DeadlineLoop _deadlines;
    private readonly SemaphoreSlim _searches;
    private readonly Dictionary<long, Channel<KadEvent>> _waiting = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isServer;

    private KadDhtService(PeerHost host, KadDhtServiceOptions options)
    {
        _host = host;
        _options = options;
        _searches = new SemaphoreSlim(options.MaxSearches);
        _node = new KadNode(host.Id, options.Configure(new KadOptions { Rules = options.Rules, AddressesOf = AddressesOf, Clock = () => DateTimeOffset.UtcNow, Archive = options.Archive }), SecureRandom.Instance);
        _deadlines = new DeadlineLoop(Step);
    }

    /// <summary>The host serves the DHT now.</summary>
    public bool IsServer
    {
        get
        {
            lock (_lock)
                return _isServer;
        }
    }

    /// <summary>The peers in the routing table.</summary>
    public IReadOnlyList<PeerId> Table
    {
        get
        {
            lock (_lock)
                return [.. _node.Table];
        }
    }

    /// <summary>Values, and entries of providers, that are kept for others.</summary>
    public (int Records, int Providers) Kept
    {
        get
        {
            lock (_lock)
                return (_node.RecordCount, _node.ProviderCount);
        }
    }

    /// <summary>What the archive gave back at the start, and what of it was too old or not valid.</summary>
    public (int Taken, int Refused) Restored { get; private set; }

    /// <summary>Completes when the routing table has somebody.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Takes part from now on, with the peers that the host is and gets connected to.</summary>
    public static KadDhtService Start(PeerHost host, KadDhtServiceOptions options)
    {
        var service = new KadDhtService(host, options);
        service.Restored = service._node.Restore(MonotonicClock.Now);
        host.ReachabilityChanged += service.OnReachability;
        host.Identified += service.OnIdentified;
        if (options.Mode == KadMode.Server)
            service.Serve();
        service.OnReachability(host.Reachability);
        service._scope.TryRun(service._deadlines.RunAsync);
        foreach (HostConnection connection in host.Connections)
            service.OnIdentified(connection);
        return service;
    }

    /// <summary>Looks for a peer; null when nobody tells where it is. The addresses are hearsay until a connection proves them.</summary>
    public async Task<KadPeer?> FindPeerAsync(PeerId peer, CancellationToken cancellationToken = default)
    {
        if (AddressesOf(peer) is { Count: > 0 } known)
            return new KadPeer(peer, known);
        return (await SearchAsync((node, now) => node.FindPeer(peer, now), cancellationToken)).Target;
    }

    /// <summary>The peers nearest to a key that answer.</summary>
    public async Task<IReadOnlyList<PeerId>> FindClosestAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default) =>
        (await SearchAsync((node, now) => node.FindClosest(key, now), cancellationToken)).Closest;

    /// <summary>The best valid value at a key; null when nobody has one.</summary>
    /// <param name="key">Like "/ipns/" and the bytes of a name.</param>
    /// <param name="quorum">Valid values after which the search ends; 0 asks all who may have one.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async Task<ReadOnlyMemory<byte>?> GetValueAsync(ReadOnlyMemory<byte> key, int quorum = 16, CancellationToken cancellationToken = default) =>
        (await SearchAsync((node, now) => node.GetValue(key, quorum, now), cancellationToken)).Record?.Value;

    /// <summary>Gives a value to the peers nearest to its key, and again every 22 hours until it ends or <see cref="StopPublishing"/>; how many took it now.</summary>
    /// <exception cref="ArgumentException">The value is not valid there, or worse than a known one.</exception>
    public async Task<int> PutValueAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) =>
        (await SearchAsync((node, now) => node.PutValue(key, value, now), cancellationToken)).Stored;

    /// <summary>Says a value of ours no more.</summary>
    public void StopPublishing(ReadOnlyMemory<byte> key)
    {
        lock (_lock)
            _node.StopPublishing(key);
    }

    /// <summary>Tells the peers nearest to a multihash that we have what it names, and again every 22 hours until <see cref="StopProviding"/>; how many were told now.</summary>
    public async Task<int> ProvideAsync(Multihash content, CancellationToken cancellationToken = default) =>
        (await SearchAsync((node, now) => node.Provide(content, now), cancellationToken)).Stored;

    /// <summary>Says no more that we have something.</summary>
    public void StopProviding(Multihash content)
    {
        lock (_lock)
            _node.StopProviding(content);
    }

    /// <summary>Peers that say they have what a multihash names, as they are found.</summary>
    /// <param name="content">What.</param>
    /// <param name="count">Providers after which the search ends; 0 for all.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async IAsyncEnumerable<KadPeer> FindProvidersAsync(Multihash content, int count = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (KadEvent happened in EventsAsync((node, now) => node.GetProviders(content, count, now), cancellationToken))
        {
            foreach (KadPeer provider in happened is KadProvidersFound found ? found.Providers : [])
                yield return provider with { Addresses = [.. provider.Addresses.Count > 0 ? provider.Addresses : AddressesOf(provider.Id)] };
        }
    }

    public async ValueTask DisposeAsync()
    {
        _host.ReachabilityChanged -= OnReachability;
        _host.Identified -= OnIdentified;
        ServeNoMore();
        await _scope.DisposeAsync();
        _searches.Dispose();
    }

    private async Task<KadSearchEnded> SearchAsync(Func<KadNode, Instant, long> begin, CancellationToken cancellationToken)
    {
        await foreach (KadEvent happened in EventsAsync(begin, cancellationToken))
        {
            if (happened is KadSearchEnded ended)
                return ended;
        }
        throw new ObjectDisposedException(nameof(KadDhtService));
    }

    /// <summary>Begins a search and gives what it tells; leaving early cancels it.</summary>
    private async IAsyncEnumerable<KadEvent> EventsAsync(Func<KadNode, Instant, long> begin, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _scope.Token);
        await _ready.Task.WaitAsync(either.Token);
        await _searches.WaitAsync(either.Token);
        var events = Channel.CreateUnbounded<KadEvent>(new UnboundedChannelOptions { SingleReader = true });
        long id = 0;
        try
        {
            lock (_lock)
            {
                id = begin(_node, MonotonicClock.Now);
                _waiting[id] = events;
                Pump();
            }
            await foreach (KadEvent happened in events.Reader.ReadAllAsync(either.Token))
                yield return happened;
        }
        finally
        {
            lock (_lock)
            {
                _waiting.Remove(id);
                _node.Cancel(id);
            }
            _searches.Release();
        }
    }

    private Instant? Step()
    {
        lock (_lock)
        {
            Instant now = MonotonicClock.Now;
            if (_node.NextDeadline <= now)
                _node.OnDeadline(now);
            Drain();
            return _node.NextDeadline;
        }
    }

    /// <summary>After something was told to the node. Under the lock.</summary>
    private void Pump()
    {
        Drain();
        _deadlines.Wake();
    }

    /// <summary>Asks what the node wants to ask, and passes on what it tells. Under the lock.</summary>
    private void Drain()
    {
        while (_node.TryTakeRequest(out KadRequest? request))
        {
            KadRequest asked = request;
            _scope.TryRun(token => AskAsync(asked, token));
        }
        while (_node.TryTakeEvent(out KadEvent? happened))
        {
            if (!_waiting.TryGetValue(happened.Search, out Channel<KadEvent>? events))
                continue;
            events.Writer.TryWrite(happened);
            if (happened is KadSearchEnded)
                events.Writer.Complete();
        }
        if (_node.TableCount > 0)
            _ready.TrySetResult();
    }
}
