using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.NeighbourSearch;

/// <summary>
/// Searches among neighbours who know no more than each other: by flooding, by an expanding ring, or by random walkers.
/// Questions seen before are dropped, unless they may go farther now; hits go back the way that the question came, and tables of what neighbours share save
/// the last step. Single-threaded; never throws on what others send.
/// </summary>
/// <remarks>Spec: Gnutella 0.4 (flooding, duplicates, hits); Lv et al., "Search and replication in unstructured networks" (2002), section 4; Gnutella query routing.</remarks>
public sealed partial class SearchNode<TPeer> : IOverlayMachine<TPeer, SearchMessage<TPeer>>
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly SearchOptions _options;
    private readonly Random _random;
    private readonly List<(TPeer Peer, QueryRoutingTable? Table, bool IsLeaf)> _neighbours = [];
    private readonly HashSet<ulong> _shared = [];
    private readonly SeenQueries<TPeer> _seen;
    private readonly Queue<(SearchMessage<TPeer> Question, TPeer? Except, Instant Until)> _passedOn = new();
    private readonly PointerTable<TPeer> _pointers;
    private readonly List<OwnSearch<TPeer>> _searches = [];
    private readonly Queue<(TPeer To, SearchMessage<TPeer> Message)> _outbox = new();
    private readonly Queue<SearchHit<TPeer>> _hits = new();

    /// <param name="self">Our own name.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="random">Draws the numbers of questions and the steps of walkers.</param>
    public SearchNode(TPeer self, SearchOptions options, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        Self = self;
        _options = options;
        _random = random;
        _seen = new SeenQueries<TPeer>(options.MaxRemembered);
        _pointers = new PointerTable<TPeer>(options.MaxPointers);
    }

    /// <summary>Our own name.</summary>
    public TPeer Self { get; }

    /// <summary>Neighbours that we have.</summary>
    public int NeighbourCount => _neighbours.Count;

    /// <summary>Questions that came, those included that came a second time.</summary>
    public long Questions { get; private set; }

    /// <summary>Questions that came a second time.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Somebody became a neighbour, and is asked what others were asked a moment ago; false when there are too many.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="now">The time.</param>
    /// <param name="isLeaf">It passes nothing on, so only what its table may have is sent to it.</param>
    public bool AddNeighbour(TPeer peer, Instant now, bool isLeaf = false)
    {
        if (_neighbours.Count >= _options.MaxNeighbours || peer.Equals(Self) || IndexOf(peer) >= 0)
            return false;
        _neighbours.Add((peer, null, isLeaf));
        ForgetOldQuestions(now);
        foreach ((SearchMessage<TPeer> question, TPeer? except, _) in _passedOn)
        {
            if (!peer.Equals(except) && Find(question.Query) is not { IsFound: true })
                _outbox.Enqueue((peer, question));
        }
        return true;
    }

    /// <summary>A neighbour is gone.</summary>
    public void RemoveNeighbour(TPeer peer) => _neighbours.RemoveAll(n => n.Peer.Equals(peer));

    /// <summary>Shares an item.</summary>
    public void Share(ulong item) => _shared.Add(item);

    /// <summary>Whether a holder of an item is remembered.</summary>
    public bool HasPointer(ulong item) => _pointers.Knows(item);

    /// <summary>Remembers who has an item.</summary>
    public void Remember(ulong item, TPeer holder) => _pointers.Add(item, holder);

    /// <summary>Tells all neighbours what is shared here.</summary>
    /// <param name="bits">The table's length.</param>
    public void TellTable(int bits)
    {
        var table = new QueryRoutingTable(bits);
        foreach (ulong item in _shared)
            table.Add(item);
        foreach ((TPeer peer, _, _) in _neighbours)
            _outbox.Enqueue((peer, new SearchMessage<TPeer>(SearchMessageKind.Routing, 0, 0, 0, 0, Self, table)));
    }

    /// <summary>Asks everybody within so many steps.</summary>
    /// <returns>The search's number.</returns>
    public ulong Flood(ulong item, int timeToLive, Instant now) => Begin(item, timeToLive, timeToLive, now);

    /// <summary>Asks everybody near, then farther, until somebody answers.</summary>
    public ulong ExpandRing(ulong item, int first, int last, Instant now) => Begin(item, first, last, now);

    /// <summary>Who has what we look for; false when nobody further answered.</summary>
    public bool TryTakeHit(out SearchHit<TPeer> hit) => _hits.TryDequeue(out hit);

    public Instant NextDeadline => _searches.Count == 0 ? Instant.Never : _searches.Min(s => s.Deadline);

    public void OnDeadline(Instant now)
    {
        foreach (OwnSearch<TPeer> search in _searches.Where(s => s.Deadline <= now).ToArray())
        {
            if (search.Walkers > 0)
            {
                OnWalksDeadline(search, now);
                continue;
            }
            if (search.IsFound || search.TimeToLive >= search.LastTimeToLive)
            {
                search.Deadline = Instant.Never;
                continue;
            }
            // Under a new number, since those near have seen the old one and would stop it.
            search.TimeToLive++;
            search.Query = NewQuery();
            Ask(search, now);
        }
    }

    public bool TryTransmit(out TPeer to, out SearchMessage<TPeer> message)
    {
        bool any = _outbox.TryDequeue(out (TPeer To, SearchMessage<TPeer> Message) next);
        (to, message) = next;
        return any;
    }

    public void OnUndelivered(TPeer to, in SearchMessage<TPeer> message, Instant now)
    {
        RemoveNeighbour(to);
        _pointers.Forget(to);
        // A walker whose origin does not answer has nobody to walk for; one that met a dead neighbour takes another.
        if (message.Kind == SearchMessageKind.GoOn && Find(message.Query) is { IsFound: false } search && search.Walks.Remove(message.Query, out OwnSearch<TPeer>.Walker walker))
            Restart(search, walker with { At = null }, now);
        else if (message.Kind == SearchMessageKind.Walk && _neighbours.Count > 0)
            Step(message with { TimeToLive = message.TimeToLive + 1, Hops = message.Hops - 1 }, except: null);
    }

    public void Receive(TPeer from, in SearchMessage<TPeer> message, Instant now)
    {
        switch (message.Kind)
        {
            case SearchMessageKind.Flood:
                OnFlood(from, message, now);
                break;
            case SearchMessageKind.Walk:
                OnWalk(from, message);
                break;
            case SearchMessageKind.Hit:
                OnHit(message, now);
                break;
            case SearchMessageKind.MayGoOn:
                OnMayGoOn(from, message, now);
                break;
            case SearchMessageKind.GoOn:
                Step(message with { Kind = SearchMessageKind.Walk, Origin = from }, except: null);
                break;
            case SearchMessageKind.Pointer:
                _pointers.Add(message.Item, message.Origin);
                Step(message, from);
                break;
            case SearchMessageKind.Routing when IndexOf(from) is var at and >= 0:
                _neighbours[at] = _neighbours[at] with { Table = message.Table };
                break;
        }
    }

    private ulong Begin(ulong item, int first, int last, Instant now)
    {
        OwnSearch<TPeer> search = NewSearch(item, Math.Min(first, _options.MaxTimeToLive), Math.Min(last, _options.MaxTimeToLive));
        Ask(search, now);
        return search.Query;
    }

    private void Ask(OwnSearch<TPeer> search, Instant now)
    {
        search.Deadline = search.TimeToLive < search.LastTimeToLive ? now + _options.RingPatience : Instant.Never;
        _seen.TryAdd(search.Query, Self, int.MaxValue);
        PassOn(new SearchMessage<TPeer>(SearchMessageKind.Flood, search.Query, search.Item, search.TimeToLive, 0, Self), except: null, now);
    }

    private void OnFlood(TPeer from, in SearchMessage<TPeer> question, Instant now)
    {
        Questions++;
        int timeToLive = Math.Min(question.TimeToLive, _options.MaxTimeToLive);
        if (!_seen.TryAdd(question.Query, from, timeToLive))
        {
            Duplicates++;
            // The first copy is not always the one that came by the shortest way: if only that went on, nodes within reach would never be asked.
            if (!_seen.TryExtend(question.Query, timeToLive))
                return;
        }
        else if (TryFind(question.Item, out TPeer holder))
        {
            _outbox.Enqueue((from, question with { Kind = SearchMessageKind.Hit, Origin = holder, Hops = question.Hops }));
        }
        if (timeToLive > 1 && !_options.IsLeaf)
            PassOn(question with { TimeToLive = timeToLive - 1 }, from, now);
    }

    /// <summary>To all neighbours but one; at the last step only to those that may have it.</summary>
    private void PassOn(in SearchMessage<TPeer> question, TPeer? except, Instant now)
    {
        SearchMessage<TPeer> next = question with { Hops = question.Hops + 1 };
        ForgetOldQuestions(now);
        if (_passedOn.Count >= _options.MaxPassedOn)
            _passedOn.TryDequeue(out _);
        if (_options.MaxPassedOn > 0)
            _passedOn.Enqueue((next, except, now + _options.AsksLateNeighboursFor));
        foreach ((TPeer peer, QueryRoutingTable? table, bool isLeaf) in _neighbours)
        {
            if (except is { } came && came.Equals(peer))
                continue;
            bool isLastStep = isLeaf || question.TimeToLive == 1;
            if (_options.UsesTables && isLastStep && table is not null && !table.MayHave(question.Item))
                continue;
            _outbox.Enqueue((peer, next));
        }
    }

    private void ForgetOldQuestions(Instant now)
    {
        while (_passedOn.TryPeek(out (SearchMessage<TPeer> Question, TPeer? Except, Instant Until) oldest) && oldest.Until <= now)
            _passedOn.Dequeue();
    }

    private void OnWalk(TPeer from, in SearchMessage<TPeer> walker)
    {
        Questions++;
        // The answer goes to the origin itself, as Lv et al. have it: a walk's way back is long.
        if (TryFind(walker.Item, out TPeer holder))
            _outbox.Enqueue((walker.Origin, walker with { Kind = SearchMessageKind.Hit, Origin = holder }));
        else if (walker.TimeToLive <= 1)
            return;
        else if (walker.Hops % _options.CheckEvery == 0)
            _outbox.Enqueue((walker.Origin, walker with { Kind = SearchMessageKind.MayGoOn }));
        else
            Step(walker, from);
    }

    private void Step(in SearchMessage<TPeer> walker, TPeer? except)
    {
        if (_neighbours.Count == 0 || walker.TimeToLive <= 1)
            return;
        int at = _random.Next(_neighbours.Count);
        if (except is { } came && _neighbours[at].Peer.Equals(came))
            at = (at + 1) % _neighbours.Count;
        _outbox.Enqueue((_neighbours[at].Peer, walker with { TimeToLive = Math.Min(walker.TimeToLive, _options.MaxWalk) - 1, Hops = walker.Hops + 1 }));
    }

    private void OnHit(in SearchMessage<TPeer> hit, Instant now)
    {
        if (Find(hit.Query) is { } search)
        {
            search.IsFound = true;
            search.Walks.Remove(hit.Query);
            if (search.Walkers > 0 && _options.PointersPerStep > 0 && hit.Hops > 0)
                NoteHit(search, hit, now);
            if (_hits.Count < _options.MaxRemembered)
                _hits.Enqueue(new SearchHit<TPeer>(search.First, hit.Item, hit.Origin, hit.Hops));
        }
        else if (_seen.TryGet(hit.Query, out TPeer from) && !from.Equals(Self))
        {
            _outbox.Enqueue((from, hit));
        }
    }

    private bool TryFind(ulong item, out TPeer holder)
    {
        holder = Self;
        return _shared.Contains(item) || _pointers.TryGet(item, out holder);
    }

    private OwnSearch<TPeer> NewSearch(ulong item, int timeToLive, int last, int walkers = 0)
    {
        if (_searches.Count == _options.MaxSearches)
            _searches.RemoveAt(0);
        ulong query = NewQuery();
        var search = new OwnSearch<TPeer> { Walkers = walkers, First = query, Query = query, Item = item, TimeToLive = timeToLive, LastTimeToLive = last };
        _searches.Add(search);
        return search;
    }

    private OwnSearch<TPeer>? Find(ulong query) => _searches.Find(s => s.Query == query || s.Walks.ContainsKey(query));

    private ulong NewQuery() => (ulong)_random.NextInt64();

    private int IndexOf(TPeer peer) => _neighbours.FindIndex(n => n.Peer.Equals(peer));
}
