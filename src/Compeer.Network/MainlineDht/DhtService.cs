using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Hashing;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Network.MainlineDht;

/// <summary>
/// The Mainline DHT over a shared UDP port: one node for IPv4 and one for IPv6 under one lock. Whoever brings datagrams, an
/// intent or a deadline does what they lead to on his own thread. Thread-safe. Failures are values: a search that reaches
/// nobody ends with a report that says so.
/// </summary>
/// <remarks>Spec: BEP 5, 32, 33, 42, 43, 44, 51.</remarks>
public sealed class DhtService : IDatagramReceiver, IAsyncDisposable
{
    private static readonly TimeSpan FirstSave = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SavePause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ResolvePause = TimeSpan.FromSeconds(30);

    private readonly DhtServiceOptions _options;
    private readonly SharedTimers _timers;
    private readonly SharedTimer _timer;
    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<Action<Instant>> _intents = new();
    private readonly TaskScope _scope = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Action<Instant>> _untilReady = [];
    private readonly DhtSide[] _sides;
    private readonly Action<DhtAddressSeen>? _addressSeen;
    private Instant _nextSave;
    private Instant _wakesAt = Instant.Never;
    private bool _isInBatch;
    private bool _isPassDue;
    private bool _isEnded;

    private DhtService(UdpEndpoint endpoint, DhtServiceOptions options, SharedTimers timers)
    {
        _options = options;
        _timers = timers;
        _timer = new SharedTimer(() => Post(_ => _wakesAt = Instant.Never));
        if (options.AddressSeen is { } told)
            _addressSeen = seen => told(seen.Voter.ToIPEndPoint(), seen.Ours.ToIPEndPoint());
        Instant now = MonotonicClock.Now;
        DhtCache cache = options.CachePath is { } path ? DhtCache.Load(path, options.Note) : new DhtCache();
        bool isV6 = endpoint.LocalEndPoint.AddressFamily == AddressFamily.InterNetworkV6;
        bool isBoth = endpoint.LocalEndPoint.Address.Equals(IPAddress.IPv6Any);
        _sides = isBoth ? [NewSide(false), NewSide(true)] : [NewSide(isV6)];
        if (_sides.Length == 2)
            (_sides[0].Node.Sibling, _sides[1].Node.Sibling) = (_sides[1].Node, _sides[0].Node);
        foreach (NodeEndPoint known in cache.Nodes)
            SideOf(known.IsV6)?.Node.AddNode(known, now);
        foreach (DhtSide side in _sides)
            side.Node.Bootstrap(cache.Nodes.Where(n => n.IsV6 == side.IsV6), now);
        _nextSave = now + FirstSave;
        Status = Snapshot();

        DhtSide NewSide(bool v6)
        {
            Key160 id = (v6 ? cache.IdV6 : cache.IdV4) ?? Key160.NewRandom(SecureRandom.Instance);
            return new DhtSide(new DhtNode(id, v6, options.Node, OpenSslEd25519.Instance, SecureRandom.Instance, now), v6, endpoint);
        }
    }

    /// <summary>The newest snapshot.</summary>
    public DhtStatus Status { get; private set; }

    /// <summary>Completes when at least one node answered.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Starts on an endpoint, to which the caller adds the service as a receiver.</summary>
    /// <param name="endpoint">Datagrams come and go here.</param>
    /// <param name="options">How it is run.</param>
    /// <param name="timers">Wakes it; they outlive it.</param>
    public static DhtService Start(UdpEndpoint endpoint, DhtServiceOptions options, SharedTimers timers)
    {
        var service = new DhtService(endpoint, options, timers);
        service.Post(_ => { });
        service._scope.TryRun(service.ResolveEntriesAsync);
        return service;
    }

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        if (datagram.Length < 2 || datagram[0] != (byte)'d' || datagram[^1] != (byte)'e')
            return false;
        NodeEndPoint sender = NodeEndPoint.From(from);
        lock (_gate)
        {
            if (_isEnded)
                return true;
            Instant now = MonotonicClock.Now;
            SideOf(sender.IsV6)?.Node.Receive(datagram, sender, now);
            _isPassDue = true;
            if (_isInBatch)
                return true;
            Pass(now);
        }
        RunIntents();
        return true;
    }

    public void BeginBatch()
    {
        lock (_gate)
            _isInBatch = true;
    }

    public void EndBatch()
    {
        lock (_gate)
        {
            _isInBatch = false;
            if (_isPassDue)
                Pass(MonotonicClock.Now);
        }
        RunIntents();
    }

    /// <summary>Asks an endpoint whether it is a node, for instance because a peer said so. Spec: BEP 5, "PORT".</summary>
    public void AddNode(IPEndPoint endpoint)
    {
        NodeEndPoint node = NodeEndPoint.From(endpoint);
        Post(now => SideOf(node.IsV6)?.Node.AddNode(node, now));
    }

    /// <summary>Searches the peers of a swarm over both families, and announces us when asked to. Waits until the node knows somebody.</summary>
    /// <param name="infoHash">The swarm.</param>
    /// <param name="options">How.</param>
    /// <param name="found">Called with new peers as they are found, under the service's lock: it only posts.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public Task<DhtSearchReport> FindPeersAsync(
        Sha1Hash infoHash, GetPeersOptions options, Action<IReadOnlyList<IPEndPoint>> found, CancellationToken cancellationToken) =>
        SearchAsync((node, now) => node.GetPeers(Key160.Of(infoHash), options, now), PeersTo(found), cancellationToken);

    /// <summary>As <see cref="FindPeersAsync"/>, for those who search for thousands and wait on no task.</summary>
    /// <param name="infoHash">The swarm.</param>
    /// <param name="options">How.</param>
    /// <param name="found">Called with new peers as they are found, under the service's lock: it only posts.</param>
    /// <param name="ended">Called at the end, in the same way; not when the search was disposed or the service ends.</param>
    /// <returns>To be disposed to call the search off; after its end that does nothing.</returns>
    public IDisposable FindPeers(Sha1Hash infoHash, GetPeersOptions options, Action<IReadOnlyList<IPEndPoint>> found, Action<DhtSearchReport> ended) =>
        Begin((node, now) => node.GetPeers(Key160.Of(infoHash), options, now), PeersTo(found), ended);

    /// <summary>Searches an immutable item; null when nobody has it.</summary>
    public async Task<DhtItem?> GetAsync(Key160 target, CancellationToken cancellationToken)
    {
        DhtItem? best = null;
        await SearchAsync((node, now) => node.GetImmutable(target, now), happened => best = (happened as DhtItemFound)?.Item ?? best, cancellationToken);
        return best;
    }

    /// <summary>Searches the newest version of a mutable item; null when nobody has it.</summary>
    public async Task<DhtItem?> GetAsync(ReadOnlyMemory<byte> publicKey, ReadOnlyMemory<byte> salt, CancellationToken cancellationToken)
    {
        DhtItem? best = null;
        await SearchAsync(
            (node, now) => node.GetMutable(publicKey, salt, now),
            happened => best = happened is DhtItemFound found && (best is null || found.Item.Sequence > best.Sequence) ? found.Item : best,
            cancellationToken);
        return best;
    }

    /// <summary>Stores an item; the report says how many nodes took it, and why the others did not.</summary>
    public Task<DhtSearchReport> PutAsync(DhtItem item, long? compareAndSwap, CancellationToken cancellationToken) =>
        SearchAsync((node, now) => node.Put(item, compareAndSwap, now), _ => { }, cancellationToken);

    /// <summary>Asks a node for some of the swarms that it knows; null when it does not answer, does not tell, or is of a family that we do not speak. Spec: BEP 51.</summary>
    public Task<DhtSamples?> SampleAsync(IPEndPoint node, CancellationToken cancellationToken)
    {
        NodeEndPoint asked = NodeEndPoint.From(node);
        return AskAsync<DhtSamples?>(
            (answered, now) =>
            {
                if (SideOf(asked.IsV6) is { } side)
                    side.Samples[side.Node.Sample(asked, now)] = answered;
                else
                    answered.TrySetResult(null);
            },
            cancellationToken);
    }

    /// <summary>The routing tables, one a family, as they are now.</summary>
    public Task<IReadOnlyList<DhtTable>> GetTablesAsync(CancellationToken cancellationToken) => AskAsync<IReadOnlyList<DhtTable>>(
        (answered, now) => answered.TrySetResult([.. _sides.Select(side => new DhtTable(side.IsV6, side.Node.Id, side.Node.Table(now)))]),
        cancellationToken);

    /// <summary>Ends it and keeps the nodes for next time. What waits for an answer is cancelled; nothing is done for what comes later.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
            _isEnded = true;
        _timers.Schedule(_timer, Instant.Never);
        await _scope.DisposeAsync();
        if (CacheToSave() is { } cache)
            cache.Save(_options.CachePath!);
    }

    private DhtSide? SideOf(bool isV6) => Array.Find(_sides, s => s.IsV6 == isV6);

    /// <summary>Has the intent run soon under the lock: here, or by whoever holds it. Never waits, so a caller may hold locks of his own.</summary>
    private void Post(Action<Instant> intent)
    {
        _intents.Enqueue(intent);
        RunIntents();
    }

    /// <summary>Called by whoever posted or has just left the lock, so that no intent stays.</summary>
    private void RunIntents()
    {
        // An intent of a callback is run when the pass that called back is over.
        while (!_intents.IsEmpty && !_gate.IsHeldByCurrentThread && _gate.TryEnter())
        {
            try
            {
                Instant now = MonotonicClock.Now;
                while (_intents.TryDequeue(out Action<Instant>? intent))
                {
                    if (!_isEnded)
                        intent(now);
                }
                Pass(now);
            }
            finally
            {
                _gate.Exit();
            }
        }
    }

    private async Task<T> AskAsync<T>(Action<TaskCompletionSource<T>, Instant> ask, CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(now => ask(answered, now));
        await using CancellationTokenRegistration ended = _scope.Token.Register(() => answered.TrySetCanceled(_scope.Token));
        return await answered.Task.WaitAsync(cancellationToken);
    }

    private static Action<DhtEvent> PeersTo(Action<IReadOnlyList<IPEndPoint>> found) => happened =>
    {
        if (happened is DhtPeersFound peers)
            found(peers.Peers);
    };

    private async Task<DhtSearchReport> SearchAsync(Func<DhtNode, Instant, int> begin, Action<DhtEvent> tell, CancellationToken cancellationToken)
    {
        var completed = new TaskCompletionSource<DhtSearchReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable search = Begin(begin, tell, report => completed.TrySetResult(report));
        await using CancellationTokenRegistration ended = _scope.Token.Register(() => completed.TrySetCanceled(_scope.Token));
        return await completed.Task.WaitAsync(cancellationToken);
    }

    private Search Begin(Func<DhtNode, Instant, int> begin, Action<DhtEvent> tell, Action<DhtSearchReport> ended)
    {
        var search = new CombinedSearch(tell, ended);
        Post(Start);
        return new Search(this, search);

        void Start(Instant now)
        {
            if (_ready.Task.IsCompleted)
                search.Begin(_sides.Where(s => s.Node.NodeCount > 0), node => begin(node, now));
            else
                _untilReady.Add(Start);
        }
    }

    /// <summary>What follows from datagrams, intents or time passed. Under the lock.</summary>
    private void Pass(Instant now)
    {
        _isPassDue = false;
        if (_isEnded)
            return;
        foreach (DhtSide side in _sides)
            side.Drive(_addressSeen, now);
        Status = Snapshot();
        if (Status.Nodes > 0 && _ready.TrySetResult())
        {
            _untilReady.ForEach(_intents.Enqueue);
            _untilReady.Clear();
        }
        if (now >= _nextSave)
        {
            _nextSave = now + SavePause;
            if (CacheToSave() is { } cache)
                _scope.TryRun(_ =>
                {
                    cache.Save(_options.CachePath!);
                    return Task.CompletedTask;
                });
        }
        WakeInTime();
    }

    /// <summary>The timer is set only to be earlier: mostly an answer comes before anything is due, and then it elapses once for many.</summary>
    private void WakeInTime()
    {
        Instant next = _nextSave;
        foreach (DhtSide side in _sides)
            next = Instant.Min(next, side.Node.NextDeadline);
        if (next >= _wakesAt)
            return;
        _wakesAt = next;
        _timers.Schedule(_timer, next);
    }

    /// <summary>The last snapshot while it is true.</summary>
    private DhtStatus Snapshot()
    {
        DhtNode? v4 = SideOf(false)?.Node;
        DhtNode? v6 = SideOf(true)?.Node;
        var status = new DhtStatus(
            v4?.NodeCount ?? 0, v6?.NodeCount ?? 0, v4?.ExternalAddress?.Address, v6?.ExternalAddress?.Address,
            Array.TrueForAll(_sides, s => s.Node.IsReadOnly), (v4?.StoredCount.Swarms ?? 0) + (v6?.StoredCount.Swarms ?? 0),
            (v4?.StoredCount.Items ?? 0) + (v6?.StoredCount.Items ?? 0), v4?.StrangersHeard ?? 0, v6?.StrangersHeard ?? 0);
        return status == Status ? Status : status;
    }

    private DhtCache? CacheToSave() => _options.CachePath is null || Status.Nodes == 0 ? null : new DhtCache
    {
        IdV4 = SideOf(false)?.Node.Id,
        IdV6 = SideOf(true)?.Node.Id,
        Nodes = [.. _sides.SelectMany(s => s.Node.Contacts()).Select(c => c.EndPoint)],
    };

    /// <summary>Names are looked up until somebody answered; each by itself, so that a dead one does not matter.</summary>
    private async Task ResolveEntriesAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!_ready.Task.IsCompleted)
            {
                NodeEndPoint[][] found = await Task.WhenAll(_options.Entries.Select(e => ResolveAsync(e, cancellationToken)));
                NodeEndPoint[] entries = [.. found.SelectMany(f => f).Distinct()];
                if (entries.Length > 0)
                {
                    Post(now =>
                    {
                        foreach (DhtSide side in _sides.Where(s => s.Node.NodeCount == 0 && entries.Any(e => e.IsV6 == s.IsV6)))
                            side.Node.Bootstrap(entries.Where(e => e.IsV6 == side.IsV6), now);
                    });
                }
                await Task.WhenAny(_ready.Task, Task.Delay(ResolvePause, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    private static async Task<NodeEndPoint[]> ResolveAsync(DnsEndPoint entry, CancellationToken cancellationToken)
    {
        try
        {
            IPAddress[] addresses = IPAddress.TryParse(entry.Host, out IPAddress? literal) ? [literal] : await Dns.GetHostAddressesAsync(entry.Host, cancellationToken);
            return [.. addresses.Select(a => NodeEndPoint.From(new IPEndPoint(a, entry.Port)))];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    /// <summary>A search as whoever began it sees it.</summary>
    private sealed class Search(DhtService service, CombinedSearch search) : IDisposable
    {
        public void Dispose() => service.Post(_ => search.Cancel());
    }
}
