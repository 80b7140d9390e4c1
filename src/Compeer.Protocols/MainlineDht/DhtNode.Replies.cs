using System.Collections.Immutable;
using System.Net;
using Compeer.Formats.Bencoding;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

// What others reply.
public sealed partial class DhtNode
{
    private const int MaxNodesInReply = 2 * MainlinePolicy.BucketSize;

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
                search.OnStored(query.To, now);
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
        // What was announced names the old address.
        _past.Clear();
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
