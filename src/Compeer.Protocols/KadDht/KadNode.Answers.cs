using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

public sealed partial class KadNode
{
    /// <summary>Answers a question; false when it is malformed or refused, and the stream should be reset.</summary>
    /// <param name="from">Who asks.</param>
    /// <param name="network">Of its address, as <see cref="KadContact.NetworkOf"/> says.</param>
    /// <param name="question">What it asks.</param>
    /// <param name="now">The time.</param>
    /// <param name="answer">What to send; null where nothing is to be sent.</param>
    public bool TryAnswer(PeerId from, ulong network, KadMessage question, Instant now, out KadMessage? answer)
    {
        answer = null;
        if (question.Type == KadMessageType.Ping)
        {
            answer = new KadMessage(KadMessageType.Ping);
            return true;
        }
        if (question.Key.IsEmpty)
            return false;
        switch (question.Type)
        {
            case KadMessageType.FindNode:
                answer = new KadMessage(KadMessageType.FindNode) { Key = question.Key, CloserPeers = Closest(question.Key, from, withTarget: true) };
                return true;
            case KadMessageType.GetValue:
                answer = new KadMessage(KadMessageType.GetValue) { Key = question.Key, Record = _records.Find(question.Key, now), CloserPeers = Closest(question.Key, from) };
                return true;
            case KadMessageType.PutValue:
                if (question.Record is not { } record || !record.Key.Span.SequenceEqual(question.Key.Span) || !_records.TryPut(from, record, now))
                    return false;
                answer = question;
                return true;
            case KadMessageType.GetProviders:
                answer = new KadMessage(KadMessageType.GetProviders) { Key = question.Key, ProviderPeers = Providers(question.Key, now), CloserPeers = Closest(question.Key, from) };
                return true;
            case KadMessageType.AddProvider:
                return TryAddProvider(from, network, question, now);
            default:
                return false;
        }
    }

    /// <summary>A peer may only say of itself that it has something.</summary>
    private bool TryAddProvider(PeerId from, ulong network, KadMessage question, Instant now)
    {
        if (!Multihash.TryDecode(question.Key.Span, out _) || question.ProviderPeers.FirstOrDefault(p => p.Id == from) is not { } itself)
            return false;
        _providers.Add(question.Key.Span, new KadContact(from, network), itself.Addresses, now);
        return true;
    }

    private List<KadPeer> Providers(ReadOnlyMemory<byte> key, Instant now)
    {
        List<KadPeer> told = [.. _providers.Find(key.Span, now)];
        if (Multihash.TryDecode(key.Span, out Multihash? content) && _provided.ContainsKey(content))
            told.Insert(0, new KadPeer(_own, _options.AddressesOf(_own), KadConnection.Connected));
        // Twenty fill an answer together with the nearest peers; which ones is left to chance, so that asking several holders finds more.
        if (told.Count > KadPolicy.BucketSize)
            _random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(told));
        return [.. told.Take(KadPolicy.BucketSize).Select(p => p.Addresses.Count > 0 ? p : p with { Addresses = _options.AddressesOf(p.Id) })];
    }

    private List<KadPeer> Closest(ReadOnlyMemory<byte> key, PeerId asking, bool withTarget = false)
    {
        var told = new List<KadPeer>();
        // Whoever is asked for is told of also when it does not serve the DHT, and is in no table.
        if (withTarget && PeerId.TryDecode(key.Span, out PeerId target) && target != asking)
            AddTold(told, target, KadContact.KeyOf(target));
        var nearest = new RoutingEntry<Key256, KadContact>[KadPolicy.BucketSize + 1];
        int count = _table.Closest(Key256.HashOf(key.Span), nearest);
        for (int i = 0; i < count && told.Count < KadPolicy.BucketSize; i++)
        {
            PeerId peer = nearest[i].Contact.Peer;
            if (peer != asking && (told.Count == 0 || told[0].Id != peer))
                AddTold(told, peer, nearest[i].Key);
        }
        return told;
    }

    private void AddTold(List<KadPeer> told, PeerId peer, Key256 key)
    {
        if (_options.AddressesOf(peer) is { Count: > 0 } addresses)
            told.Add(new KadPeer(peer, addresses, KadConnection.CanConnect) { Key = key });
    }
}
