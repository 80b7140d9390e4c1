using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Compeer.Formats.Hashing;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Network.MainlineDht;

/// <summary>
/// The Mainline DHT over a shared UDP port: one node for IPv4 and one for IPv6, one loop that owns both. Thread-safe.
/// Failures are values: a search that reaches nobody ends with a report that says so.
/// </summary>
/// <remarks>Spec: BEP 5, 32, 33, 42, 43, 44, 51.</remarks>
public sealed class DhtService : IDatagramReceiver, IAsyncDisposable
{
    private const int MaxWaiting = 2048;
    private const int MaxTogether = 64;
    private static readonly TimeSpan FirstSave = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SavePause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ResolvePause = TimeSpan.FromSeconds(30);

    private readonly UdpEndpoint _endpoint;
    private readonly DhtServiceOptions _options;
    private readonly Channel<Input> _inputs = Channel.CreateBounded<Input>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<Action<Instant>> _intents = Channel.CreateUnbounded<Action<Instant>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskScope _scope = new();
    private readonly Timer _timer;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ArrayBufferWriter<byte> _scratch = new(2048);
    private readonly OutgoingDatagram[] _outgoing = new OutgoingDatagram[MaxTogether];
    private readonly Side[] _sides;
    private Instant _nextSave;

    private DhtService(UdpEndpoint endpoint, DhtServiceOptions options)
    {
        _endpoint = endpoint;
        _options = options;
        Instant now = MonotonicClock.Now;
        DhtCache cache = options.CachePath is { } path ? DhtCache.Load(path, options.Note) : new DhtCache();
        bool isV6 = endpoint.LocalEndPoint.AddressFamily == AddressFamily.InterNetworkV6;
        bool isBoth = endpoint.LocalEndPoint.Address.Equals(IPAddress.IPv6Any);
        _sides = isBoth ? [NewSide(false, cache, now), NewSide(true, cache, now)] : [NewSide(isV6, cache, now)];
        if (_sides.Length == 2)
            (_sides[0].Node.Sibling, _sides[1].Node.Sibling) = (_sides[1].Node, _sides[0].Node);
        foreach (NodeEndPoint known in cache.Nodes)
            SideOf(known.IsV6)?.Node.AddNode(known, now);
        foreach (Side side in _sides)
            side.Node.Bootstrap(cache.Nodes.Where(n => n.IsV6 == side.IsV6), now);
        _nextSave = now + FirstSave;
        _timer = new Timer(_ => _intents.Writer.TryWrite(static _ => { }));
        Status = Snapshot();
    }

    /// <summary>The newest snapshot.</summary>
    public DhtStatus Status { get; private set; }

    /// <summary>Completes when at least one node answered.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Starts on an endpoint, to which the caller adds the service as a receiver.</summary>
    public static DhtService Start(UdpEndpoint endpoint, DhtServiceOptions options)
    {
        var service = new DhtService(endpoint, options);
        service._scope.TryRun(service.RunAsync);
        service._scope.TryRun(service.ResolveEntriesAsync);
        return service;
    }

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        if (datagram.Length < 2 || datagram[0] != (byte)'d' || datagram[^1] != (byte)'e')
            return false;
        _inputs.Writer.TryWrite(new Input(datagram.ToArray(), NodeEndPoint.From(from)));
        return true;
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
    /// <param name="found">Called with new peers as they are found, on the loop: it only posts.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async Task<DhtSearchReport> FindPeersAsync(
        Sha1Hash infoHash, GetPeersOptions options, Action<IReadOnlyList<IPEndPoint>> found, CancellationToken cancellationToken)
    {
        await _ready.Task.WaitAsync(cancellationToken);
        return await SearchAsync(
            (node, now) => node.GetPeers(Key160.Of(infoHash), options, now),
            happened =>
            {
                if (happened is DhtPeersFound peers)
                    found(peers.Peers);
            },
            cancellationToken);
    }

    /// <summary>Searches an immutable item; null when nobody has it.</summary>
    public async Task<DhtItem?> GetAsync(Key160 target, CancellationToken cancellationToken)
    {
        await _ready.Task.WaitAsync(cancellationToken);
        DhtItem? best = null;
        await SearchAsync((node, now) => node.GetImmutable(target, now), happened => best = (happened as DhtItemFound)?.Item ?? best, cancellationToken);
        return best;
    }

    /// <summary>Searches the newest version of a mutable item; null when nobody has it.</summary>
    public async Task<DhtItem?> GetAsync(ReadOnlyMemory<byte> publicKey, ReadOnlyMemory<byte> salt, CancellationToken cancellationToken)
    {
        await _ready.Task.WaitAsync(cancellationToken);
        DhtItem? best = null;
        await SearchAsync(
            (node, now) => node.GetMutable(publicKey, salt, now),
            happened => best = happened is DhtItemFound found && (best is null || found.Item.Sequence > best.Sequence) ? found.Item : best,
            cancellationToken);
        return best;
    }

    /// <summary>Stores an item; the report says how many nodes took it, and why the others did not.</summary>
    public async Task<DhtSearchReport> PutAsync(DhtItem item, long? compareAndSwap, CancellationToken cancellationToken)
    {
        await _ready.Task.WaitAsync(cancellationToken);
        return await SearchAsync((node, now) => node.Put(item, compareAndSwap, now), _ => { }, cancellationToken);
    }

    /// <summary>Asks a node for some of the swarms that it knows; null when it does not answer, does not tell, or is of a family that we do not speak. Spec: BEP 51.</summary>
    public Task<DhtSamples?> SampleAsync(IPEndPoint node, CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource<DhtSamples?>(TaskCreationOptions.RunContinuationsAsynchronously);
        NodeEndPoint asked = NodeEndPoint.From(node);
        Post(now =>
        {
            if (SideOf(asked.IsV6) is { } side)
                side.Samples[side.Node.Sample(asked, now)] = answered;
            else
                answered.TrySetResult(null);
        });
        return answered.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The routing tables, one a family, as they are now.</summary>
    public Task<IReadOnlyList<DhtTable>> GetTablesAsync(CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource<IReadOnlyList<DhtTable>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(now => answered.TrySetResult([.. _sides.Select(side => new DhtTable(side.IsV6, side.Node.Id, side.Node.Table(now)))]));
        return answered.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Ends the loop and keeps the nodes for next time.</summary>
    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        await _timer.DisposeAsync();
        Save();
    }

    private static Side NewSide(bool isV6, Key160? id, DhtOptions options, Instant now) => new(
        isV6, new DhtNode(id ?? Key160.NewRandom(SecureRandom.Instance), isV6, options, OpenSslEd25519.Instance, SecureRandom.Instance, now));

    private Side NewSide(bool isV6, DhtCache cache, Instant now) => NewSide(isV6, isV6 ? cache.IdV6 : cache.IdV4, _options.Node, now);

    private Side? SideOf(bool isV6) => _sides.FirstOrDefault(s => s.IsV6 == isV6);

    private void Post(Action<Instant> intent) => _intents.Writer.TryWrite(intent);

    private async Task<DhtSearchReport> SearchAsync(Func<DhtNode, Instant, int> begin, Action<DhtEvent> tell, CancellationToken cancellationToken)
    {
        var search = new CombinedSearch(tell);
        Post(now =>
        {
            foreach (Side side in _sides.Where(s => s.Node.NodeCount > 0))
                search.Add(side, begin(side.Node, now));
            search.CompleteIfEmpty();
        });
        await using CancellationTokenRegistration cancelled = cancellationToken.Register(() => Post(_ => search.Cancel(cancellationToken)));
        await using CancellationTokenRegistration ended = _scope.Token.Register(() => search.Abandon(_scope.Token));
        return await search.Completed;
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                Instant now = MonotonicClock.Now;
                for (int i = 0; i < MaxWaiting && _intents.Reader.TryRead(out Action<Instant>? intent); i++)
                    intent(now);
                for (int i = 0; i < MaxTogether && _inputs.Reader.TryRead(out Input input); i++)
                    SideOf(input.From.IsV6)?.Node.Receive(input.Datagram, input.From, now);
                foreach (Side side in _sides)
                    Drive(side, now);
                Status = Snapshot();
                if (Status.Nodes > 0)
                    _ready.TrySetResult();
                if (now >= _nextSave)
                {
                    _nextSave = now + SavePause;
                    Save();
                }
                await WaitAsync(now, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    private async Task WaitAsync(Instant now, CancellationToken cancellationToken)
    {
        if (_inputs.Reader.TryPeek(out _) || _intents.Reader.TryPeek(out _))
            return;
        Instant next = _sides.Aggregate(_nextSave, (earliest, side) => Instant.Min(earliest, side.Node.NextDeadline));
        TimeSpan wait = next - now;
        if (wait <= TimeSpan.Zero)
            return;
        _timer.Change(wait + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        Task<bool> input = _inputs.Reader.WaitToReadAsync(cancellationToken).AsTask();
        Task<bool> intent = _intents.Reader.WaitToReadAsync(cancellationToken).AsTask();
        await await Task.WhenAny(input, intent);
    }

    private void Drive(Side side, Instant now)
    {
        if (now >= side.Node.NextDeadline)
            side.Node.OnDeadline(now);
        while (TransmitSome(side.Node))
        {
        }
        while (side.Node.TryTakeEvent(out DhtEvent? happened))
        {
            if (happened is DhtAddressSeen seen)
                _options.AddressSeen?.Invoke(seen.Voter.ToIPEndPoint(), seen.Ours.ToIPEndPoint());
            else
                side.Dispatch(happened);
        }
    }

    /// <summary>Sends as much as goes together; false when nothing more waits.</summary>
    private bool TransmitSome(DhtNode node)
    {
        int count = 0;
        for (int before = 0; count < _outgoing.Length && node.TryTransmit(out NodeEndPoint to, _scratch); before = _scratch.WrittenCount)
            _outgoing[count++] = new OutgoingDatagram(_scratch.WrittenCount - before, to.ToIPEndPoint(), DontFragment: false);
        if (count > 0)
            _endpoint.Send(_scratch.WrittenSpan, _outgoing.AsSpan(0, count));
        _scratch.ResetWrittenCount();
        return count == _outgoing.Length;
    }

    private DhtStatus Snapshot()
    {
        Side? v4 = SideOf(false);
        Side? v6 = SideOf(true);
        return new DhtStatus(
            v4?.Node.NodeCount ?? 0, v6?.Node.NodeCount ?? 0, v4?.Node.ExternalAddress?.Address, v6?.Node.ExternalAddress?.Address,
            _sides.All(s => s.Node.IsReadOnly), _sides.Sum(s => s.Node.StoredCount.Swarms), _sides.Sum(s => s.Node.StoredCount.Items),
            v4?.Node.StrangersHeard ?? 0, v6?.Node.StrangersHeard ?? 0);
    }

    private void Save()
    {
        if (_options.CachePath is not { } path || Status.Nodes == 0)
            return;
        new DhtCache
        {
            IdV4 = SideOf(false)?.Node.Id,
            IdV6 = SideOf(true)?.Node.Id,
            Nodes = [.. _sides.SelectMany(s => s.Node.Contacts()).Select(c => c.EndPoint)],
        }.Save(path);
    }

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
                        foreach (Side side in _sides.Where(s => s.Node.NodeCount == 0 && entries.Any(e => e.IsV6 == s.IsV6)))
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

    private readonly record struct Input(byte[] Datagram, NodeEndPoint From);

    /// <summary>A node and the searches that wait on it.</summary>
    private sealed class Side(bool isV6, DhtNode node)
    {
        public Dictionary<int, CombinedSearch> Searches { get; } = [];

        public Dictionary<uint, TaskCompletionSource<DhtSamples?>> Samples { get; } = [];

        public bool IsV6 { get; } = isV6;

        public DhtNode Node { get; } = node;

        public void Dispatch(DhtEvent happened)
        {
            if (happened is DhtSampled sampled && Samples.Remove(sampled.Question, out TaskCompletionSource<DhtSamples?>? asked))
                asked.TrySetResult(sampled.Samples);
            (int id, DhtSearchReport? report) = happened switch
            {
                DhtPeersFound found => (found.Search, null),
                DhtItemFound found => (found.Search, null),
                DhtSearchEnded ended => (ended.Search, ended.Report),
                _ => (0, (DhtSearchReport?)null),
            };
            if (!Searches.TryGetValue(id, out CombinedSearch? search))
                return;
            search.Tell(happened);
            if (report is null)
                return;
            Searches.Remove(id);
            search.OnEnded(report);
        }
    }

    /// <summary>One search on one or two nodes.</summary>
    private sealed class CombinedSearch(Action<DhtEvent> tell)
    {
        private readonly TaskCompletionSource<DhtSearchReport> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<(Side Side, int Id)> _running = [];
        private DhtSearchReport? _report;
        private int _left;

        public Task<DhtSearchReport> Completed => _completed.Task;

        public void Add(Side side, int id)
        {
            side.Searches[id] = this;
            _running.Add((side, id));
            _left++;
        }

        public void CompleteIfEmpty()
        {
            if (_left == 0)
                _completed.TrySetResult(new DhtSearchReport { Asked = 0, Replied = 0, Hops = 0, Duration = default, Closest = [], Stored = 0, Peers = 0 });
        }

        public void Tell(DhtEvent happened) => tell(happened);

        public void OnEnded(DhtSearchReport report)
        {
            _report = _report is null ? report : _report.JoinedWith(report);
            if (--_left == 0)
                _completed.TrySetResult(_report);
        }

        public void Cancel(CancellationToken cancellationToken)
        {
            foreach ((Side side, int id) in _running)
            {
                side.Searches.Remove(id);
                side.Node.Cancel(id);
            }
            Abandon(cancellationToken);
        }

        public void Abandon(CancellationToken cancellationToken) => _completed.TrySetCanceled(cancellationToken);
    }
}
