using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Compeer.Formats.Hashing;
using Compeer.Formats.Multiformats;
using Compeer.Network;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Network.Overlays;
using Compeer.Protocols.Chord;
using Compeer.Protocols.Gossip;
using Compeer.Protocols.HyParView;
using Compeer.Protocols.NeighbourSearch;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Plumtree;
using Compeer.Protocols.Scribe;
using Compeer.Protocols.SetReconciliation;

namespace Compeer.Cli.Commands;

/// <summary>One node of every overlay, and what may be done with it. Neighbours of searches are the neighbours of HyParView.</summary>
internal sealed class LabNode : IAsyncDisposable
{
    /// <summary>The set that nodes compare.</summary>
    private const string SetName = "items";

    private const int Successors = 8, Walkers = 4, WalkSteps = 64, TimeToLive = 7, MaxItems = 1_000_000, MaxSearches = 1024;
    private static readonly TimeSpan LookupPatience = TimeSpan.FromSeconds(30);

    private readonly PeerHost _host;
    private readonly TimeSpan _upkeep;
    private readonly Action<string, (string, JsonNode?)[]> _print;
    private readonly TaskScope _scope = new();
    private readonly ChordService _chord;
    private readonly ScribeService _scribe;
    private readonly BroadcastService _broadcast;
    private readonly SearchService _search;
    private readonly RumourService _rumours;
    private readonly ConcurrentDictionary<ReconciledItem, byte> _items = new();
    private readonly ConcurrentDictionary<ulong, (string Item, long Since)> _searches = new();

    public LabNode(PeerHost host, TimeSpan upkeep, Action<string, (string, JsonNode?)[]> print)
    {
        (_host, _upkeep, _print) = (host, upkeep, print);
        _chord = ChordService.Start(host, new ChordOptions { Successors = Successors, StabiliseEvery = upkeep, FixFingerEvery = upkeep });
        _scribe = ScribeService.Start(
            host, new PastryOptions { MaintainEvery = 2 * upkeep }, new ScribeOptions { RefreshEvery = 2 * upkeep, ChildPatience = 7 * upkeep, GatherEvery = upkeep, GatherPatience = upkeep / 2 });
        _broadcast = BroadcastService.Start(host, new HyParViewOptions { ShuffleEvery = upkeep });
        _search = SearchService.Start(host);
        _rumours = RumourService.Start(host, new RumourOptions { HasPayloads = true, HasFeedback = true, Counts = true, TellEvery = upkeep / 4 }, Partner);
        host.ServeReconciliation(name => name == SetName ? new SealedItemSet(_items.Keys) : null);
    }

    /// <summary>Joins through other nodes, and tells what happens from now on.</summary>
    public void Start(IReadOnlyList<Multiaddr> entries)
    {
        Run(token => TellAsync(_broadcast.News, news => _print("broadcast", [("text", Encoding.UTF8.GetString(news.Payload.Span)), ("steps", news.Round)]), token));
        Run(token => TellAsync(_scribe.News, news => _print("news", [("group", news.Group.ToString()), ("text", Encoding.UTF8.GetString(news.Payload.Span)), ("hops", news.Hops)]), token));
        Run(token => TellAsync(_scribe.Arrived, a => _print("arrived", [("number", a.Id), ("key", a.Key.ToString()), ("origin", a.Origin.Peer.ToString()), ("hops", a.Hops)]), token));
        Run(token => TellAsync(_rumours.News, news => _print("rumour", [("text", Encoding.UTF8.GetString(news.Payload.Span))]), token));
        Run(token => TellAsync(_search.Hits, OnHit, token));
        Run(token => TellAsync(_chord.Events, OnChord, token));
        Run(NeighboursAsync);
        if (entries.Count == 0)
            _scribe.BeginAlone();
        foreach (Multiaddr entry in entries)
            Join(entry);
    }

    /// <summary>Does what is wanted, or begins to; what comes of it is printed.</summary>
    /// <exception cref="FormatException">The order is not understood.</exception>
    public void Do(LabOrder order)
    {
        switch (order.Name)
        {
            case "join":
                Join(Multiaddr.Parse(order.Text("address")));
                break;
            case "owners":
                (string name, int copies) = (order.Text("name"), order.Number("copies", 3, Successors + 1));
                Run(token => OwnersAsync(name, copies, token));
                break;
            case "route":
                _print("routed", [("number", _scribe.Route(RingKey.OfName(order.Text("name")))), ("name", order.Text("name"))]);
                break;
            case "subscribe":
                _print("subscribed", [("group", RingKey.OfName(order.Text("group")).ToString()), ("done", _scribe.TrySubscribe(RingKey.OfName(order.Text("group"))))]);
                break;
            case "publish":
                _scribe.Publish(RingKey.OfName(order.Text("group")), Encoding.UTF8.GetBytes(order.Text("text")));
                break;
            case "contribute":
                bool isTaken = _scribe.TryContribute(RingKey.OfName(order.Text("group")), order.Value("value", ScribeAggregate.MaxMagnitude));
                _print("contributed", [("group", RingKey.OfName(order.Text("group")).ToString()), ("done", isTaken)]);
                break;
            case "total":
                PrintTotal(order.Text("group"));
                break;
            case "broadcast":
                _broadcast.Broadcast(Encoding.UTF8.GetBytes(order.Text("text")));
                break;
            case "share":
                _search.Share(SearchService.ItemOf(order.Text("item")));
                break;
            case "search":
                Search(order.Text("item"), order.Text("by", "ring"));
                break;
            case "rumour":
                _rumours.Tell(Encoding.UTF8.GetBytes(order.Text("text", 1024)));
                break;
            case "knows":
                _print("knows", [("text", order.Text("text")), ("knows", _rumours.Knows(RumourMessage.NumberOf(Encoding.UTF8.GetBytes(order.Text("text")))))]);
                break;
            case "put":
                if (_items.Count < MaxItems)
                    _items.TryAdd(new ReconciledItem((ulong)order.Number("time", 1, int.MaxValue), Sha256Hash.Of(Encoding.UTF8.GetBytes(order.Text("text")))), 0);
                break;
            case "reconcile":
                PeerId peer = order.Peer("peer");
                Run(token => ReconcileAsync(peer, token));
                break;
            case "state":
                PrintState();
                break;
            default:
                throw new FormatException($"There is nothing to do by the name of \"{order.Name}\".");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        await _rumours.DisposeAsync();
        await _search.DisposeAsync();
        await _broadcast.DisposeAsync();
        await _scribe.DisposeAsync();
        await _chord.DisposeAsync();
    }

    /// <summary>A list for what is printed.</summary>
    public static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);

    private static async Task TellAsync<T>(ChannelReader<T> from, Action<T> tell, CancellationToken cancellationToken)
    {
        await foreach (T next in from.ReadAllAsync(cancellationToken))
            tell(next);
    }

    private void Run(Func<CancellationToken, Task> work) => _scope.TryRun(async token =>
    {
        try
        {
            await work(token);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or TimeoutException)
        {
            _print("error", [("message", e.Message)]);
        }
        catch (OperationCanceledException)
        {
            // The node ends, or somebody else did not answer, of which it is told where that matters.
        }
    });

    private void Join(Multiaddr entry)
    {
        PeerId peer = entry.PeerId ?? throw new FormatException($"{entry} does not say who is there.");
        _host.AddAddresses(peer, [entry]);
        Run(async token =>
        {
            await _scribe.JoinAsync(peer, token);
            _print("joined", [("overlay", "scribe")]);
        });
        Run(token => _chord.JoinAsync(peer, token));
        Run(async token =>
        {
            for (_broadcast.Join(peer); _broadcast.Neighbours().Length == 0; _broadcast.Join(peer))
                await Task.Delay(_upkeep, token);
            _print("joined", [("overlay", "plumtree")]);
        });
    }

    private async Task NeighboursAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _search.SetNeighbours(_broadcast.Neighbours());
            await Task.Delay(_upkeep / 4, cancellationToken);
        }
    }

    private PeerId? Partner() => _broadcast.Sample() is { Length: > 0 } known ? known[SecureRandom.Instance.Next(known.Length)] : null;

    private void Search(string item, string by)
    {
        ulong number = SearchService.ItemOf(item);
        if (_searches.Count >= MaxSearches)
            _searches.Clear();
        _searches[number] = (item, Stopwatch.GetTimestamp());
        ulong search = by switch
        {
            "flood" => _search.Flood(number, TimeToLive),
            "ring" => _search.ExpandRing(number, 1, TimeToLive),
            "walk" => _search.Walk(number, Walkers, WalkSteps),
            _ => throw new FormatException($"\"{by}\" is no way to search; those are flood, ring and walk."),
        };
        _print("searching", [("item", item), ("search", search)]);
    }

    private void OnHit(SearchHit<PeerId> hit)
    {
        if (_searches.TryGetValue(hit.Item, out (string Item, long Since) begun))
            _print("hit", [("search", hit.Query), ("item", begun.Item), ("holder", hit.Holder.ToString()), ("hops", hit.Hops), ("seconds", Stopwatch.GetElapsedTime(begun.Since).TotalSeconds)]);
    }

    private void OnChord(ChordEvent<PeerId> e)
    {
        switch (e)
        {
            case ChordEvent<PeerId>.Joined:
                _print("joined", [("overlay", "chord")]);
                break;
            case ChordEvent<PeerId>.RangeGained gained:
                _print("gained", [("after", gained.After.ToString()), ("upTo", gained.UpTo.ToString())]);
                break;
            case ChordEvent<PeerId>.RangeLost lost:
                _print("lost", [("after", lost.After.ToString()), ("upTo", lost.UpTo.ToString()), ("owner", lost.NewOwner.Peer.ToString())]);
                break;
        }
    }

    private async Task OwnersAsync(string name, int copies, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(LookupPatience);
        long since = Stopwatch.GetTimestamp();
        ChordEvent<PeerId>.LookupEnded ended = await _chord.OwnersOfAsync(RingKey.OfName(name), copies, deadline.Token);
        _print("owners",
        [
            ("name", name), ("key", ended.Key.ToString()), ("owners", Texts(ended.Owners.Select(o => o.Peer.ToString()))),
            ("hops", ended.Hops), ("timeouts", ended.Timeouts), ("seconds", Stopwatch.GetElapsedTime(since).TotalSeconds),
        ]);
    }

    private async Task ReconcileAsync(PeerId peer, CancellationToken cancellationToken)
    {
        ReconciledDifference found = await _host.ReconcileAsync(peer, SetName, new SealedItemSet(_items.Keys), cancellationToken);
        _print("reconciled", [("peer", peer.ToString()), ("had", Texts(found.Had.Select(h => h.ToString()))), ("needed", Texts(found.Needed.Select(n => n.ToString()))), ("bytes", found.Bytes), ("rounds", found.Rounds)]);
    }

    private void PrintTotal(string group)
    {
        if (_scribe.TotalOf(RingKey.OfName(group)) is (ScribeAggregate total, TimeSpan age))
            _print("total", [("group", group), ("count", total.Count), ("sum", total.Sum), ("min", total.Min), ("max", total.Max), ("missing", total.Missing), ("seconds", age.TotalSeconds)]);
        else
            _print("total", [("group", group), ("count", null)]);
    }

    private void PrintState()
    {
        (RingContact<PeerId>? predecessor, RingContact<PeerId>[] successors) = _chord.Neighbours();
        _print("state",
        [
            ("key", _chord.Self.Key.ToString()), ("predecessor", predecessor?.Peer.ToString()), ("successors", Texts(successors.Select(s => s.Peer.ToString()))),
            ("leaves", Texts(_scribe.Leaves().Select(l => l.Peer.ToString()))), ("neighbours", Texts(_broadcast.Neighbours().Select(n => n.ToString()))),
            ("questions", _search.Questions), ("connections", _host.Connections.Count),
        ]);
    }
}
