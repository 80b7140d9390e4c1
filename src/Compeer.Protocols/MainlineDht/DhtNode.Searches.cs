using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

// What we ask of others.
public sealed partial class DhtNode
{
    private const int MaxEntries = 64;
    private const int RefreshClosest = 4;

    /// <summary>
    /// Looks our own id up, beginning at endpoints whose ids are not known; they do not come into the table by that. It is
    /// done again, after ever longer pauses, while the table is nearly empty. Gives the search's number.
    /// </summary>
    public int Bootstrap(IEnumerable<NodeEndPoint> entries, Instant now)
    {
        _entries = [.. entries.Where(e => e.IsPlausible && e.IsV6 == _isV6).Take(MaxEntries)];
        _retry = FirstRetry;
        _nextBootstrap = now + _retry;
        DhtSearch search = NewSearch(DhtSearchKind.Nodes, Id, 1, now);
        foreach (NodeEndPoint entry in _entries)
            Ask(search, null, entry, QueryPurpose.Entry, now);
        return Begin(search, now);
    }

    /// <summary>Asks an endpoint whether a node lives there, which then may come into the table.</summary>
    public void AddNode(NodeEndPoint endpoint, Instant now)
    {
        if (endpoint.IsPlausible && endpoint.IsV6 == _isV6 && _pingsUnderWay < MaxPings && !_table.Contains(endpoint))
            Ping(endpoint, null, now);
    }

    /// <summary>Searches the nodes nearest to a key.</summary>
    public int FindNodes(Key160 target, int paths, Instant now) => Begin(NewSearch(DhtSearchKind.Nodes, target, paths, now), now);

    /// <summary>Searches the peers of a swarm, and announces us to it when asked to.</summary>
    public int GetPeers(Key160 infoHash, GetPeersOptions options, Instant now) => Begin(
        new DhtSearch(++_lastSearch, DhtSearchKind.Peers, NewLookup(infoHash, options.Paths), now) { Peers = options }, now);

    /// <summary>Searches an immutable item.</summary>
    public int GetImmutable(Key160 target, Instant now) => Begin(NewSearch(DhtSearchKind.Item, target, 1, now), now);

    /// <summary>Searches the newest version of a mutable item.</summary>
    public int GetMutable(ReadOnlyMemory<byte> publicKey, ReadOnlyMemory<byte> salt, Instant now) => Begin(
        new DhtSearch(++_lastSearch, DhtSearchKind.Item, NewLookup(DhtItem.TargetOf(publicKey.Span, salt.Span), 1), now) { PublicKey = publicKey, Salt = salt }, now);

    /// <summary>Stores an item at the nodes nearest to its target.</summary>
    /// <param name="item">What is stored.</param>
    /// <param name="compareAndSwap">Only where this version is stored now; null always.</param>
    /// <param name="now">The time.</param>
    public int Put(DhtItem item, long? compareAndSwap, Instant now) => Begin(
        new DhtSearch(++_lastSearch, DhtSearchKind.Put, NewLookup(item.Target, 1), now)
        {
            Item = item, CompareAndSwap = compareAndSwap, PublicKey = item.PublicKey, Salt = item.Salt,
        },
        now);

    /// <summary>Ends a search without a word.</summary>
    public void Cancel(int search) => _searches.RemoveAll(s => s.Id == search);

    /// <summary>A lookup for the table's sake: far from us it need not be thorough.</summary>
    private void Refresh(Key160 target, Instant now)
    {
        LookupOptions lookup = target == Id ? _options.Lookup : _options.Lookup with { Closest = Math.Min(_options.Lookup.Closest, RefreshClosest) };
        Begin(new DhtSearch(++_lastSearch, DhtSearchKind.Nodes, NewLookup(target, 1, lookup), now) { IsRefresh = true }, now);
    }

    private DhtSearch NewSearch(DhtSearchKind kind, Key160 target, int paths, Instant now) => new(++_lastSearch, kind, NewLookup(target, paths), now);

    private KademliaLookup<Key160, NodeEndPoint> NewLookup(Key160 target, int paths) => NewLookup(target, paths, _options.Lookup);

    private static KademliaLookup<Key160, NodeEndPoint> NewLookup(Key160 target, int paths, LookupOptions options) =>
        new(target, options with { Paths = Math.Max(paths, options.Paths) }, MainlinePolicy.NetworkOf, DhtNodeId.IsValidFor);

    private int Begin(DhtSearch search, Instant now)
    {
        if (_searches.Count >= _options.MaxSearches)
            _waiting.Enqueue(search);
        else
            Launch(search, now);
        return search.Id;
    }

    private void Launch(DhtSearch search, Instant now)
    {
        Span<RoutingEntry<Key160, NodeEndPoint>> nearest = search.Lookup.PathCount == 1 ? _nearest : new RoutingEntry<Key160, NodeEndPoint>[MainlinePolicy.BucketSize * search.Lookup.PathCount];
        int count = _table.Closest(search.Lookup.Target, nearest);
        BeginWherePastEnded(search, now);
        foreach (RoutingEntry<Key160, NodeEndPoint> entry in nearest[..count])
            search.Lookup.Seed(entry.Key, entry.Contact);
        _searches.Add(search);
        Pump(now);
    }

    /// <summary>Several paths are for those who trust nobody, so they begin anew each time.</summary>
    private static bool IsRemembered(DhtSearch search) => search is { Kind: DhtSearchKind.Peers, WillStore: true, Lookup.PathCount: 1 };

    private void BeginWherePastEnded(DhtSearch search, Instant now)
    {
        if (!IsRemembered(search) || (search.Past = _past.Find(search.Lookup.Target, now)) is not { } past || !search.IsShortcut)
            return;
        foreach (DhtContact silent in past.Silent)
            search.Lookup.Shun(silent.Id, silent.EndPoint);
        foreach (PastContact near in past.Contacts)
            search.Lookup.Seed(near.Contact.Id, near.Contact.EndPoint);
    }

    /// <summary>Asks whom the lookups name, and ends those that have nobody left.</summary>
    private void Pump(Instant now)
    {
        for (int i = _searches.Count - 1; i >= 0; i--)
        {
            DhtSearch search = _searches[i];
            while (!search.IsStoring && search.Lookup.TryNext(now, out Key160 id, out NodeEndPoint contact))
                Ask(search, id, contact, QueryPurpose.Step, now);
            if (search.AsideUnderWay > 0 || !search.Lookup.IsDone)
                continue;
            if (!search.IsStoring && TryStore(search, now))
                continue;
            _searches.RemoveAt(i);
            if (!search.IsRefresh)
                Emit(new DhtSearchEnded(search.Id, search.Report(now)));
            if (IsRemembered(search))
                _past.Keep(search.Lookup.Target, search.Outcome(now), now);
            search.Lookup.Clear();
        }
        while (_searches.Count < _options.MaxSearches && _waiting.TryDequeue(out DhtSearch? next))
            Launch(next, now);
    }

    private bool TryStore(DhtSearch search, Instant now)
    {
        search.IsStoring = true;
        if (!search.WillStore)
            return false;
        // Nodes that chose their ids may sit around the key to hide it: those that could not choose get it all the same.
        int left = MainlinePolicy.BucketSize;
        int leftOfOthers = MainlinePolicy.BucketSize;
        foreach ((Key160 id, NodeEndPoint contact) in search.Lookup.ClosestReplied(int.MaxValue))
        {
            if (left == 0)
                break;
            if (!search.Tokens.TryGetValue(contact, out byte[]? token))
                continue;
            ref int room = ref DhtNodeId.IsValidFor(id, contact) ? ref left : ref leftOfOthers;
            if (room == 0)
                continue;
            room--;
            if (search.Past?.StoredAt(contact, search.Peers) is { } since && now - since < _options.RenewAfter)
                search.OnStored(contact, since);
            else
                AskToStore(search, id, contact, token, now);
        }
        return search.AsideUnderWay > 0;
    }

    private void Ping(NodeEndPoint to, Key160? expected, Instant now)
    {
        var writer = new KrpcWriter(Scratch());
        BeginQuery(ref writer);
        writer.Identity("id"u8, Id);
        EndQuery(ref writer, "ping"u8, new PendingQuery(NewTransaction(), to, expected, now, QueryPurpose.Ping, null));
    }

    private void Ask(DhtSearch search, Key160? id, NodeEndPoint to, QueryPurpose purpose, Instant now)
    {
        if (purpose == QueryPurpose.Entry)
            search.AsideUnderWay++;
        bool isPeers = search.Kind == DhtSearchKind.Peers;
        var writer = new KrpcWriter(Scratch());
        BeginQuery(ref writer);
        writer.Identity("id"u8, Id);
        if (isPeers)
            writer.Identity("info_hash"u8, search.Lookup.Target);
        if (isPeers && search.Peers is { AnnouncePort: not null, IsSeed: true })
            writer.Integer("noseed"u8, 1);
        if (isPeers && search.Peers.Scrape)
            writer.Integer("scrape"u8, 1);
        if (!isPeers)
            writer.Identity("target"u8, search.Lookup.Target);
        if (Sibling is { NodeCount: < 32 })
            WriteWantBoth(ref writer);
        ReadOnlySpan<byte> method = search.Kind switch { DhtSearchKind.Nodes => "find_node"u8, DhtSearchKind.Peers => "get_peers"u8, _ => "get"u8 };
        EndQuery(ref writer, method, new PendingQuery(NewTransaction(), to, id, now, purpose, search));
    }

    private void AskToStore(DhtSearch search, Key160 id, NodeEndPoint to, byte[] token, Instant now)
    {
        search.AsideUnderWay++;
        var writer = new KrpcWriter(Scratch());
        BeginQuery(ref writer);
        if (search.Item is { } item)
            WritePut(ref writer, item, search.CompareAndSwap, token);
        else
            WriteAnnounce(ref writer, search, token);
        EndQuery(ref writer, search.Item is null ? "announce_peer"u8 : "put"u8, new PendingQuery(NewTransaction(), to, id, now, QueryPurpose.Store, search));
    }

    private void WriteAnnounce(ref KrpcWriter writer, DhtSearch search, byte[] token)
    {
        writer.Identity("id"u8, Id);
        writer.Integer("implied_port"u8, search.Peers.ImpliedPort ? 1 : 0);
        writer.Identity("info_hash"u8, search.Lookup.Target);
        writer.Integer("port"u8, search.Peers.AnnouncePort!.Value);
        if (search.Peers.IsSeed)
            writer.Integer("seed"u8, 1);
        writer.String("token"u8, token);
    }

    private void WritePut(ref KrpcWriter writer, DhtItem item, long? compareAndSwap, byte[] token)
    {
        if (item.IsMutable && compareAndSwap is { } expected)
            writer.Integer("cas"u8, expected);
        writer.Identity("id"u8, Id);
        if (item.IsMutable)
        {
            writer.String("k"u8, item.PublicKey.Span);
            if (!item.Salt.IsEmpty)
                writer.String("salt"u8, item.Salt.Span);
            writer.Integer("seq"u8, item.Sequence);
            writer.String("sig"u8, item.Signature.Span);
        }
        writer.String("token"u8, token);
        writer.Key("v"u8);
        writer.Raw(item.Value.Span);
    }

    private static void WriteWantBoth(ref KrpcWriter writer)
    {
        writer.Key("want"u8);
        writer.BeginList();
        writer.String("n4"u8);
        writer.String("n6"u8);
        writer.End();
    }

    private static void BeginQuery(ref KrpcWriter writer)
    {
        writer.BeginDictionary();
        writer.Key("a"u8);
        writer.BeginDictionary();
    }

    private void EndQuery(ref KrpcWriter writer, ReadOnlySpan<byte> method, in PendingQuery query)
    {
        writer.End();
        writer.String("q"u8, method);
        if (IsReadOnly || _options.IsReadOnly)
            writer.Integer("ro"u8, 1);
        Span<byte> transaction = stackalloc byte[sizeof(uint)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(transaction, query.Transaction);
        writer.String("t"u8, transaction);
        writer.String("v"u8, Version);
        writer.String("y"u8, "q"u8);
        writer.End();
        Track(query);
        if (_outgoing.Count < MaxOutgoing)
            _outgoing.Enqueue(query.To, writer.Written);
    }

    private uint NewTransaction() => (uint)_random.NextInt64(1L << 32);
}
