using System.Collections.Immutable;
using System.Net;
using Compeer.Formats.Bencoding;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

// What we ask of others.
public sealed partial class DhtNode
{
    private const int MaxEntries = 64;
    private const int RefreshClosest = 4;
    private const int MaxNodesInReply = 2 * MainlinePolicy.BucketSize;

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
        foreach (RoutingEntry<Key160, NodeEndPoint> entry in nearest[..count])
            search.Lookup.Seed(entry.Key, entry.Contact);
        _searches.Add(search);
        Pump(now);
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

    private void OnReply(in PendingQuery query, in KrpcMessage reply, Instant now)
    {
        Key160 id = Key160.Read(reply.Id);
        TakeVote(query.To, reply.Ip, now);
        if (query.ExpectedId is { } expected && expected != id)
        {
            // Another node than the one we were told of: it is known by its own id now, but leads no search.
            _table.OnFailure(expected, query.To, 1);
            Admit(id, query.To, now - query.SentAt, now);
            query.Search?.Lookup.OnFailure(query.To);
            if (query.Purpose == QueryPurpose.Store)
                query.Search!.AsideUnderWay--;
            return;
        }
        if (query.Purpose == QueryPurpose.Sample)
            OnSampled(query, reply);
        if (query.Purpose != QueryPurpose.Entry)
            Admit(id, query.To, now - query.SentAt, now);
        if (query.Search is not { } search)
            return;
        switch (query.Purpose)
        {
            case QueryPurpose.Store:
                search.AsideUnderWay--;
                search.Stored++;
                break;
            case QueryPurpose.Entry:
                search.AsideUnderWay--;
                OnNodes(search, null, reply, now);
                break;
            default:
                OnStep(search, query.To, reply, now);
                break;
        }
    }

    private void OnErrorReply(in PendingQuery query, in KrpcMessage reply)
    {
        if (query.Purpose == QueryPurpose.Sample)
            Emit(new DhtSampled(query.Transaction, null));
        if (query.Search is not { } search)
            return;
        search.Lookup.OnFailure(query.To);
        if (query.Purpose is QueryPurpose.Store or QueryPurpose.Entry)
            search.AsideUnderWay--;
        if (query.Purpose == QueryPurpose.Store)
            search.OnStoreError((int)Math.Clamp(reply.ErrorCode, 0, 999));
    }

    private void Admit(Key160 id, NodeEndPoint contact, TimeSpan roundTrip, Instant now)
    {
        if (_table.OnReply(id, contact, roundTrip, now, out RoutingEntry<Key160, NodeEndPoint> silent) != Admission.Full)
            return;
        // The contact that was silent longest makes room, if it is gone.
        if (now - silent.LastReply < _options.RefreshInterval || now - silent.LastProbe < _options.QueryTimeout || _pingsUnderWay >= MaxPings)
            return;
        _table.OnProbe(silent.Key, now);
        Ping(silent.Contact, silent.Key, now);
    }

    private void OnStep(DhtSearch search, NodeEndPoint from, in KrpcMessage reply, Instant now)
    {
        if (!search.Lookup.OnReply(from))
            return;
        OnNodes(search, from, reply, now);
        if (search.WillStore && reply.Token.Length is > 0 and <= 64)
            search.Tokens[from] = reply.Token.ToArray();
        if (search.Kind == DhtSearchKind.Peers)
            OnPeers(search, reply);
        else if (search.Kind is DhtSearchKind.Item or DhtSearchKind.Put && !reply.Value.IsEmpty)
            OnItem(search, reply);
    }

    private void OnNodes(DhtSearch search, NodeEndPoint? from, in KrpcMessage reply, Instant now)
    {
        TakeNodes(_isV6 ? reply.Nodes6 : reply.Nodes, search, from);
        if (Sibling is { NodeCount: < 32 } sibling)
            sibling.Meet(_isV6 ? reply.Nodes : reply.Nodes6, now);
    }

    private void TakeNodes(ReadOnlySpan<byte> nodes, DhtSearch search, NodeEndPoint? from)
    {
        int each = Key160.LengthBytes + (_isV6 ? NodeEndPoint.V6LengthBytes : NodeEndPoint.V4LengthBytes);
        for (int i = 0; i < MaxNodesInReply && nodes.Length >= each; i++, nodes = nodes[each..])
        {
            Key160 id = Key160.Read(nodes[..Key160.LengthBytes]);
            NodeEndPoint contact = NodeEndPoint.Read(nodes[Key160.LengthBytes..each]);
            // A node out there that sends us into our own network is up to something.
            if (!contact.IsPlausible || id == Id || (contact.IsLocal && from is { IsLocal: false }))
                continue;
            if (from is { } source)
                search.Lookup.Add(source, id, contact);
            else
                search.Lookup.Seed(id, contact);
        }
    }

    private void Meet(ReadOnlySpan<byte> nodes, Instant now)
    {
        int each = Key160.LengthBytes + (_isV6 ? NodeEndPoint.V6LengthBytes : NodeEndPoint.V4LengthBytes);
        for (; nodes.Length >= each; nodes = nodes[each..])
            AddNode(NodeEndPoint.Read(nodes[Key160.LengthBytes..each]), now);
    }

    private void OnPeers(DhtSearch search, in KrpcMessage reply)
    {
        if (!reply.SeedFilter.IsEmpty || !reply.PeerFilter.IsEmpty)
        {
            search.Seeds.TryUnite(reply.SeedFilter);
            search.Others.TryUnite(reply.PeerFilter);
        }
        var reader = new BencodeReader(reply.Values);
        if (!reader.TryBeginList())
            return;
        ImmutableArray<IPEndPoint>.Builder found = ImmutableArray.CreateBuilder<IPEndPoint>();
        while (reader.TryReadString(out ReadOnlySpan<byte> compact))
        {
            if (compact.Length is not (NodeEndPoint.V4LengthBytes or NodeEndPoint.V6LengthBytes))
                continue;
            NodeEndPoint peer = NodeEndPoint.Read(compact);
            if (peer.IsPlausible && search.AddPeer(peer))
                found.Add(peer.ToIPEndPoint());
        }
        if (found.Count > 0)
            Emit(new DhtPeersFound(search.Id, found.ToImmutable()));
    }

    private void OnItem(DhtSearch search, in KrpcMessage reply)
    {
        DhtItem? item = null;
        if (search.PublicKey.IsEmpty)
        {
            if (reply.Value.Length <= DhtItem.MaxValueBytes && DhtItem.TargetOf(reply.Value) == search.Lookup.Target)
                item = DhtItem.Immutable(reply.Value);
        }
        else if (_ed25519 is not null && reply.Sequence is { } sequence && reply.PublicKey.SequenceEqual(search.PublicKey.Span)
            && (search.Found is null || sequence > search.Found.Sequence))
        {
            item = DhtItem.Verified(reply.Value, search.Salt.Span, sequence, reply.PublicKey, reply.Signature, _ed25519);
        }
        if (item is null || (search.Found is not null && !item.IsMutable))
            return;
        search.Found = item;
        Emit(new DhtItemFound(search.Id, item));
    }

    /// <summary>When enough nodes see us elsewhere, our id must follow; what is stored and known stays.</summary>
    private void TakeVote(NodeEndPoint voter, ReadOnlySpan<byte> ip, Instant now)
    {
        if (ip.Length is not (NodeEndPoint.V4LengthBytes or NodeEndPoint.V6LengthBytes))
            return;
        NodeEndPoint seen = NodeEndPoint.Read(ip);
        if (_votes.IsRepetition(seen))
            return;
        Emit(new DhtAddressSeen(voter, seen));
        if (!_votes.Vote(voter, seen))
            return;
        NodeEndPoint address = _votes.Winner!.Value;
        Emit(new DhtAddressLearnt(address.Address));
        if (DhtNodeId.IsValidFor(Id, address))
            return;
        RoutingTable<Key160, NodeEndPoint, MainlinePolicy> old = _table;
        Key160 id = DhtNodeId.Create(address, _random);
        _table = new RoutingTable<Key160, NodeEndPoint, MainlinePolicy>(id, default);
        for (int i = 0; i < old.Depth; i++)
        {
            foreach (RoutingEntry<Key160, NodeEndPoint> entry in old.Entries(i))
                _table.OnReply(entry.Key, entry.Contact, TimeSpan.FromMilliseconds(entry.RoundTripMilliseconds), entry.LastReply, out _);
        }
        _refresh.Restart(now);
    }
}
