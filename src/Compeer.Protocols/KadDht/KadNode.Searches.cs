using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

public sealed partial class KadNode
{
    private const int MaxCandidates = 200;
    private const int MaxDraws = 1 << 12;
    private const int MaxDrawnBits = 9;

    /// <summary>Looks for the peers nearest to a key. All these searches end with <see cref="KadSearchEnded"/>.</summary>
    /// <param name="key">A peer id, a record's key or a multihash; its SHA-256 is the place.</param>
    /// <param name="now">The time.</param>
    public long FindClosest(ReadOnlyMemory<byte> key, Instant now) =>
        Begin(new KadMessage(KadMessageType.FindNode) { Key = key }, Key256.HashOf(key.Span), KadPolicy.BucketSize, 1, now);

    /// <summary>Looks for a peer's addresses.</summary>
    public long FindPeer(PeerId peer, Instant now) =>
        Begin(new KadMessage(KadMessageType.FindNode) { Key = peer.Bytes.ToArray() }, KadContact.KeyOf(peer), _options.Resiliency, 1, now, peer: peer);

    /// <summary>Looks for the best value at a key; who has a worse one or none of those nearest is given it.</summary>
    /// <param name="key">Like "/ipns/" and a name.</param>
    /// <param name="quorum">Valid values after which it is over; 0 asks all who may have one.</param>
    /// <param name="now">The time.</param>
    public long GetValue(ReadOnlyMemory<byte> key, int quorum, Instant now)
    {
        KadSearch search = Prepare(new KadMessage(KadMessageType.GetValue) { Key = key }, Key256.HashOf(key.Span), KadPolicy.BucketSize, _options.DisjointPaths, wanted: quorum);
        if (_records.Find(key, now) is { } own)
            search.OnValue(_own, own.Value, _options.Rules);
        Advance(search, now);
        return search.Id;
    }

    /// <summary>Looks for peers that have what a multihash names; they are told as they are found.</summary>
    /// <param name="content">What.</param>
    /// <param name="count">Providers after which it is over; 0 for all.</param>
    /// <param name="now">The time.</param>
    public long GetProviders(Multihash content, int count, Instant now)
    {
        byte[] key = content.Bytes.ToArray();
        KadSearch search = Prepare(new KadMessage(KadMessageType.GetProviders) { Key = key }, Key256.HashOf(key), KadPolicy.BucketSize, _options.DisjointPaths, wanted: count);
        Tell(search, Providers(key, now));
        Advance(search, now);
        return search.Id;
    }

    /// <summary>Ends a search without a word.</summary>
    public void Cancel(long search)
    {
        if (_searches.Remove(search, out KadSearch? cancelled))
            cancelled.Lookup.Clear();
    }

    private long Begin(KadMessage question, Key256 target, int closest, int paths, Instant now, PeerId peer = default, KadMessage? store = null)
    {
        KadSearch search = Prepare(question, target, closest, paths, peer, store);
        Advance(search, now);
        return search.Id;
    }

    private KadSearch Prepare(KadMessage question, Key256 target, int closest, int paths, PeerId peer = default, KadMessage? store = null, int wanted = 0)
    {
        var options = new LookupOptions
        {
            Closest = closest, Parallel = Math.Max(1, _options.Parallel / paths), Paths = paths, MaxCandidates = MaxCandidates,
            ShortTimeout = _options.ShortTimeout, Patience = _options.Patience,
        };
        var lookup = new KademliaLookup<Key256, KadContact>(target, options, static _ => 0);
        var nearest = new RoutingEntry<Key256, KadContact>[KadPolicy.BucketSize * paths];
        int count = _table.Closest(target, nearest);
        foreach (RoutingEntry<Key256, KadContact> entry in nearest.AsSpan(0, count))
            lookup.Seed(entry.Key, entry.Contact);
        var search = new KadSearch(++_lastId, question, lookup) { Peer = peer, Store = store, Wanted = wanted };
        _searches[search.Id] = search;
        return search;
    }

    private void Advance(KadSearch search, Instant now)
    {
        while (!search.IsSatisfied && search.Lookup.TryNext(now, out Key256 key, out KadContact contact))
            Ask(search, key, contact, search.AddressesOf(contact.Peer), search.Question, now);
        if (search.IsSatisfied || search.Lookup.IsDone)
            Finish(search, now);
    }

    /// <summary>What an answer says: of peers no more than an honest one may name, of values the valid ones.</summary>
    private void Take(KadSearch search, in KadContact from, KadMessage answer)
    {
        foreach (KadPeer peer in answer.CloserPeers.Take(KadPolicy.BucketSize + 1))
        {
            if (peer.Id == _own || peer.Addresses.Count == 0)
                continue;
            search.Note(peer);
            search.Lookup.Add(from, peer.Key, new KadContact(peer.Id, 0));
        }
        if (search.Question.Type == KadMessageType.GetValue && answer.Record is { } record
            && record.Key.Span.SequenceEqual(search.Question.Key.Span) && _options.Rules.IsValid(record.Key.Span, record.Value.Span, _options.Clock()))
            search.OnValue(from.Peer, record.Value, _options.Rules);
        if (search.Question.Type == KadMessageType.GetProviders)
            Tell(search, answer.ProviderPeers);
    }

    private void Tell(KadSearch search, IEnumerable<KadPeer> providers)
    {
        IReadOnlyList<KadPeer> added = search.OnProviders(providers.Where(p => p.Id != _own));
        if (added.Count > 0)
            _events.Enqueue(new KadProvidersFound(search.Id, added));
    }

    private void Finish(KadSearch search, Instant now)
    {
        IReadOnlyList<(Key256 Key, KadContact Contact)> closest = search.Lookup.ClosestReplied(KadPolicy.BucketSize);
        if (search.IsReplication && closest.Count == KadPolicy.BucketSize)
        {
            // Together with us they are as many as hold a value; or all of them are nearer, and have it from now on.
            search.IsHandedOver = search.Lookup.Target.CompareDistance(closest[^1].Key, _table.Own) < 0;
            closest = search.IsHandedOver ? closest : [.. closest.Take(KadPolicy.BucketSize - 1)];
        }
        if (search.Store is { } store && closest.Count > 0)
        {
            search.IsStoring = true;
            search.Outstanding = closest.Count;
            foreach ((Key256 key, KadContact contact) in closest)
                Ask(search, key, contact, [], store, now);
            return;
        }
        if (search.Best is { } best)
        {
            foreach (PeerId lacking in search.Lacking(closest.Select(c => c.Contact.Peer)).Where(p => p != _own))
                Ask(null, KadContact.KeyOf(lacking), new KadContact(lacking, 0), [], PutMessage(new KadRecord(search.Question.Key, best)), now);
        }
        End(search, closest, now);
    }

    private void OnStored(KadSearch search, bool succeeded, Instant now)
    {
        search.Stored += succeeded ? 1 : 0;
        if (--search.Outstanding == 0)
            End(search, search.Lookup.ClosestReplied(KadPolicy.BucketSize), now);
    }

    private void End(KadSearch search, IReadOnlyList<(Key256 Key, KadContact Contact)> closest, Instant now)
    {
        _searches.Remove(search.Id);
        _republishing.Remove(search.Id);
        if (search.IsHandedOver && search.Stored >= KadPolicy.BucketSize / 2)
            _records.Rest(search.Question.Key);
        IReadOnlyList<Multiaddr> told = search.Peer.IsEmpty ? [] : search.AddressesOf(search.Peer);
        _events.Enqueue(new KadSearchEnded(
            search.Id, [.. closest.Select(c => c.Contact.Peer)], told.Count > 0 ? new KadPeer(search.Peer, told) : null,
            search.Best is { } best ? new KadRecord(search.Question.Key, best) : null,
            search.Stored, search.Lookup.Asked, search.Lookup.Replied, search.Lookup.Hops));
        search.Lookup.Clear();
    }

    /// <summary>
    /// A question names no place but something whose hash is the place, so one is drawn until its hash shares as many bits with ours as the place
    /// does; for places so near that it would take long, our own id does, since everybody there is our neighbour's neighbour.
    /// </summary>
    private byte[] PreimageOf(Key256 place)
    {
        int wanted = _table.Own.CommonPrefixLength(place);
        byte[] drawn = new byte[2 + Key256.LengthBytes];
        (drawn[0], drawn[1]) = ((byte)Multicodec.Sha256, Key256.LengthBytes);
        for (int i = 0; i < MaxDraws && wanted <= MaxDrawnBits; i++)
        {
            _random.NextBytes(drawn.AsSpan(2));
            if (_table.Own.CommonPrefixLength(Key256.HashOf(drawn)) == wanted)
                return drawn;
        }
        return _own.Bytes.ToArray();
    }
}
