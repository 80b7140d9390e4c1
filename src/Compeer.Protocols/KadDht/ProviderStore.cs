using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>
/// Who has what, as the peers said themselves. Bounds in <see cref="KadOptions"/>: of a key that has too many providers one of the network gives
/// way that has most of them, of a provider that has too many keys the oldest, and of too many entries those of the key that is farthest from ours. Single-threaded.
/// </summary>
internal sealed class ProviderStore(Key256 own, KadOptions options)
{
    /// <summary>Who says the same again within this time is not written down again.</summary>
    private static readonly TimeSpan ArchiveStep = TimeSpan.FromHours(1);

    private readonly SortedDictionary<Key256, Dictionary<PeerId, Entry>> _keys = new(new FarthestFirst(own));
    private readonly Dictionary<PeerId, LinkedList<Key256>> _ofPeer = [];

    /// <summary>Entries in all.</summary>
    public int Count { get; private set; }

    /// <summary>Notes that a peer provides what a key names.</summary>
    public void Add(ReadOnlySpan<byte> multihash, KadContact provider, IReadOnlyList<Multiaddr> addresses, Instant now)
    {
        Key256 key = Key256.HashOf(multihash);
        Instant archived = _keys.GetValueOrDefault(key)?.GetValueOrDefault(provider.Peer) is { } old
            && now < old.Archived + ArchiveStep && old.Addresses.SequenceEqual(addresses) ? old.Archived : now;
        Put(key, provider, addresses, now, archived);
        if (archived == now && _keys.GetValueOrDefault(key)?.ContainsKey(provider.Peer) == true)
            options.Archive?.Keep(new KadKept.Provider(key, provider.Peer, provider.Network, addresses, options.Clock()));
    }

    /// <summary>Takes an entry from the archive; false when it is too old.</summary>
    public bool TryRestore(KadKept.Provider kept, Instant now)
    {
        TimeSpan age = options.Clock() - kept.Since;
        if (age >= options.ProviderLifetime)
            return false;
        // A clock that was set back makes nothing younger than new.
        Instant since = age > TimeSpan.Zero ? now - age : now;
        Put(kept.Place, new KadContact(kept.Peer, kept.Network), kept.Addresses, since, since);
        return true;
    }

    private void Put(in Key256 key, in KadContact provider, IReadOnlyList<Multiaddr> addresses, Instant since, Instant archived)
    {
        Forget(key, provider.Peer);
        if (!_ofPeer.TryGetValue(provider.Peer, out LinkedList<Key256>? keys))
            _ofPeer[provider.Peer] = keys = new LinkedList<Key256>();
        if (keys.Count >= options.MaxKeysOfProvider)
            Remove(keys.First!.Value, provider.Peer);
        if (!_keys.TryGetValue(key, out Dictionary<PeerId, Entry>? providers))
            _keys[key] = providers = [];
        _ofPeer.TryAdd(provider.Peer, keys);
        providers[provider.Peer] = new Entry(provider.Network, addresses, since, archived, keys.AddLast(key));
        Count++;
        if (providers.Count > options.MaxProvidersOfKey)
            Remove(key, MostCommon(providers));
        while (Count > options.MaxProvided)
        {
            (Key256 farthest, Dictionary<PeerId, Entry> there) = _keys.First();
            Remove(farthest, there.First().Key);
        }
    }

    /// <summary>The providers of what a key names, those whose addresses are fresh with these.</summary>
    public IReadOnlyList<KadPeer> Find(ReadOnlySpan<byte> multihash, Instant now) =>
        _keys.TryGetValue(Key256.HashOf(multihash), out Dictionary<PeerId, Entry>? providers)
            ? [.. providers.Where(p => now < p.Value.Since + options.ProviderLifetime)
                .Select(p => new KadPeer(p.Key, now < p.Value.Since + options.ProviderAddressLifetime ? p.Value.Addresses : []))]
            : [];

    /// <summary>Drops what is too old.</summary>
    public void Expire(Instant now)
    {
        var old = new List<(Key256 Key, PeerId Peer)>();
        foreach ((Key256 key, Dictionary<PeerId, Entry> providers) in _keys)
            old.AddRange(providers.Where(p => p.Value.Since + options.ProviderLifetime <= now).Select(p => (key, p.Key)));
        foreach ((Key256 key, PeerId peer) in old)
            Remove(key, peer);
    }

    /// <summary>The oldest entry of the network that has most of them; peers whose network does not matter count as one.</summary>
    private static PeerId MostCommon(Dictionary<PeerId, Entry> providers) =>
        providers.GroupBy(p => p.Value.Network).MaxBy(g => g.Count())!.MinBy(p => p.Value.Since).Key;

    private void Remove(in Key256 key, PeerId peer)
    {
        Forget(key, peer);
        options.Archive?.Drop(KadKept.Provider.NameOf(key, peer));
    }

    private void Forget(in Key256 key, PeerId peer)
    {
        if (!_keys.TryGetValue(key, out Dictionary<PeerId, Entry>? providers) || !providers.Remove(peer, out Entry? entry))
            return;
        Count--;
        if (providers.Count == 0)
            _keys.Remove(key);
        LinkedList<Key256> keys = entry.Place.List!;
        keys.Remove(entry.Place);
        if (keys.Count == 0)
            _ofPeer.Remove(peer);
    }

    private sealed record Entry(ulong Network, IReadOnlyList<Multiaddr> Addresses, Instant Since, Instant Archived, LinkedListNode<Key256> Place);
}
