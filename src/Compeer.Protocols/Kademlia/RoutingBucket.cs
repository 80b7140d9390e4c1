namespace Compeer.Protocols.Kademlia;

/// <summary>
/// The contacts of one bucket, in no order. What is searched with every message, leading bits of keys and hashes of hosts and
/// networks, lies side by side in arrays of its own. Single-threaded.
/// </summary>
internal sealed class RoutingBucket<TKey, TContact>
    where TKey : struct, IKademliaKey<TKey>
{
    private const int FirstCapacity = 8;

    private RoutingEntry<TKey, TContact>[] _items = [];
    private ulong[] _leading = [];
    private int[] _hosts = [];
    private int[] _networks = [];
    private int _failing;
    private int _preferred;
    private int _silent = -1;

    public int Count { get; private set; }

    public Instant LastChange { get; set; }

    /// <summary>Some contact did not answer when it was asked last.</summary>
    public bool HasFailing => _failing > 0;

    /// <summary>Some contact is not preferred.</summary>
    public bool HasOrdinary => _preferred < Count;

    /// <summary>The entry that was silent longest; -1 in an empty bucket.</summary>
    public int Silent => _silent >= 0 ? _silent : _silent = FindSilent();

    public ReadOnlySpan<RoutingEntry<TKey, TContact>> Entries => _items.AsSpan(0, Count);

    /// <summary>The leading bits of each entry's key.</summary>
    public ReadOnlySpan<ulong> Leading => _leading.AsSpan(0, Count);

    public ref readonly RoutingEntry<TKey, TContact> this[int index] => ref _items[index];

    /// <summary>The entry with a key; -1 for none.</summary>
    public int IndexOf(in TKey key)
    {
        ulong wanted = key.LeadingBits;
        for (int at = Next(Leading, wanted, 0); at >= 0; at = Next(Leading, wanted, at + 1))
        {
            if (_items[at].Key.Equals(key))
                return at;
        }
        return -1;
    }

    /// <summary>The first entry from <paramref name="start"/> on whose host has this hash; -1 for none.</summary>
    public int NextOfHost(int hash, int start) => Next(_hosts.AsSpan(0, Count), hash, start);

    /// <summary>The first entry from <paramref name="start"/> on whose network has this hash; -1 for none.</summary>
    public int NextOfNetwork(int hash, int start) => Next(_networks.AsSpan(0, Count), hash, start);

    public void Add(in RoutingEntry<TKey, TContact> entry, int hostHash, int networkHash)
    {
        if (Count == _items.Length)
        {
            int capacity = Math.Max(FirstCapacity, 2 * Count);
            Array.Resize(ref _items, capacity);
            Array.Resize(ref _leading, capacity);
            Array.Resize(ref _hosts, capacity);
            Array.Resize(ref _networks, capacity);
        }
        _items[Count] = default;
        Count++;
        Set(Count - 1, entry, hostHash, networkHash);
    }

    /// <summary>Puts an entry in another's place, or changes one.</summary>
    public void Set(int index, in RoutingEntry<TKey, TContact> entry, int hostHash, int networkHash)
    {
        Replace(index, entry);
        _leading[index] = entry.Key.LeadingBits;
        _hosts[index] = hostHash;
        _networks[index] = networkHash;
    }

    /// <summary>Changes what is known of a contact, but not who it is.</summary>
    public void Replace(int index, in RoutingEntry<TKey, TContact> entry)
    {
        ref RoutingEntry<TKey, TContact> old = ref _items[index];
        _failing += (entry.Failures > 0 ? 1 : 0) - (old.Failures > 0 ? 1 : 0);
        _preferred += (entry.IsPreferred ? 1 : 0) - (old.IsPreferred ? 1 : 0);
        // Replies only become later: who was silent longest stays so until he answers, or somebody comes who was silent even longer.
        if (index == _silent || (_silent >= 0 && entry.LastReply < _items[_silent].LastReply))
            _silent = -1;
        old = entry;
    }

    /// <summary>Moves an entry into another bucket.</summary>
    public void Move(int index, RoutingBucket<TKey, TContact> target)
    {
        target.Add(_items[index], _hosts[index], _networks[index]);
        RemoveAt(index);
    }

    public void RemoveAt(int index)
    {
        int last = Count - 1;
        if (index != last)
            Set(index, _items[last], _hosts[last], _networks[last]);
        Replace(last, default);
        Count = last;
        _silent = -1;
    }

    private int FindSilent()
    {
        int silent = Count - 1;
        for (int i = 0; i < Count; i++)
        {
            if (_items[i].LastReply < _items[silent].LastReply)
                silent = i;
        }
        return silent;
    }

    private static int Next<T>(ReadOnlySpan<T> numbers, T wanted, int start)
        where T : struct, IEquatable<T>
    {
        int at = numbers[start..].IndexOf(wanted);
        return at < 0 ? -1 : start + at;
    }
}
