namespace Compeer.Protocols.Kademlia;

/// <summary>How far a lookup is with a contact.</summary>
internal enum LookupState : byte
{
    New,
    Waiting,
    Late,
    Replied,
    Failed,
    Shunned,
}

/// <summary>A contact that a lookup has heard of.</summary>
internal struct LookupCandidate<TKey, TContact>
{
    public TKey Key;
    public TContact Contact;
    public Instant AskedAt;
    public TimeSpan ShortTimeout;
    public int Hops;
    public LookupState State;
    public bool IsTrusted;
}

/// <summary>
/// One path of a lookup: its candidates, nearest to the target first. They lie side by side, since thousands of lookups run at
/// once in a simulation and each answer goes through all of them. Single-threaded.
/// </summary>
internal sealed class LookupPath<TKey, TContact>(TKey target, LookupOptions options)
    where TKey : struct, IKademliaKey<TKey>
    where TContact : struct, IEquatable<TContact>
{
    private const int FirstCapacity = 64;

    private LookupCandidate<TKey, TContact>[] _items = [];
    private int[] _hashes = [];
    private ulong[] _networks = [];
    private int _networkCount;
    private int _count;

    /// <summary>The candidates, nearest first; valid until the next is added.</summary>
    public Span<LookupCandidate<TKey, TContact>> Candidates => _items.AsSpan(0, _count);

    /// <summary>Where a contact is; -1 when it is not here.</summary>
    /// <param name="contact">The contact.</param>
    /// <param name="hash">Its hash code, by which most others are told apart.</param>
    public int IndexOf(in TContact contact, int hash)
    {
        for (int at = 0; at < _count; at++)
        {
            int next = _hashes.AsSpan(at, _count - at).IndexOf(hash);
            if (next < 0)
                return -1;
            at += next;
            if (_items[at].Contact.Equals(contact))
                return at;
        }
        return -1;
    }

    /// <summary>Puts a candidate in its place; false when its key or network is here already, or all that are here are nearer and there is no room.</summary>
    /// <param name="added">The candidate.</param>
    /// <param name="hash">The hash code of its contact.</param>
    /// <param name="network">A number for its network; 0 for a contact whose network does not matter.</param>
    public bool TryAdd(in LookupCandidate<TKey, TContact> added, int hash, ulong network)
    {
        int at = PlaceOf(added.Key);
        if (at > 0 && _items[at - 1].Key.Equals(added.Key))
            return false;
        if (network != 0 && _networks.AsSpan(0, _networkCount).Contains(network))
            return false;
        if (_count >= options.MaxCandidates)
        {
            if (at == _count || !TryDropFarthest())
                return false;
            at = PlaceOf(added.Key);
        }
        if (network != 0)
            Note(network);
        if (_count == _items.Length)
            MakeRoom(ref _items, _count);
        if (_count == _hashes.Length)
            MakeRoom(ref _hashes, _count);
        _items.AsSpan(at, _count - at).CopyTo(_items.AsSpan(at + 1));
        _hashes.AsSpan(at, _count - at).CopyTo(_hashes.AsSpan(at + 1));
        _items[at] = added;
        _hashes[at] = hash;
        _count++;
        return true;
    }

    /// <summary>Whom to ask next: the nearest that was not asked, while few enough questions are under way; -1 for nobody.</summary>
    public int Next()
    {
        int free = options.Parallel;
        int next = -1;
        var quota = new LookupQuota(options.Closest);
        for (int i = 0; i < _count; i++)
        {
            ref readonly LookupCandidate<TKey, TContact> candidate = ref _items[i];
            if (candidate.State == LookupState.Waiting && --free == 0)
                return -1;
            if (quota.TryTake(candidate.IsTrusted, candidate.State is not (LookupState.Failed or LookupState.Late or LookupState.Shunned)) && candidate.State == LookupState.New && next < 0)
                next = i;
        }
        return next;
    }

    /// <summary>Nobody is left to be asked or waited for.</summary>
    public bool IsDone()
    {
        var quota = new LookupQuota(options.Closest);
        foreach (ref readonly LookupCandidate<TKey, TContact> candidate in Candidates)
        {
            bool matters = quota.TryTake(candidate.IsTrusted, candidate.State == LookupState.Replied);
            if (matters && candidate.State is LookupState.New or LookupState.Waiting or LookupState.Late)
                return false;
        }
        return true;
    }

    /// <summary>When somebody becomes late or has failed; <see cref="Instant.Never"/> when nobody is waited for.</summary>
    public Instant NextDeadline()
    {
        Instant next = Instant.Never;
        foreach (ref readonly LookupCandidate<TKey, TContact> candidate in Candidates)
        {
            if (candidate.State is LookupState.Waiting or LookupState.Late)
                next = Instant.Min(next, candidate.AskedAt + (candidate.State == LookupState.Waiting ? candidate.ShortTimeout : options.Patience));
        }
        return next;
    }

    /// <summary>Lets slow contacts no longer hold up the others.</summary>
    public void OnDeadline(Instant now)
    {
        foreach (ref LookupCandidate<TKey, TContact> candidate in Candidates)
        {
            if (candidate.State == LookupState.Waiting && now >= candidate.AskedAt + candidate.ShortTimeout)
                candidate.State = LookupState.Late;
            if (candidate.State == LookupState.Late && now >= candidate.AskedAt + options.Patience)
                candidate.State = LookupState.Failed;
        }
    }

    private int PlaceOf(in TKey key)
    {
        int at = _count;
        while (at > 0 && target.CompareDistance(key, _items[at - 1].Key) < 0)
            at--;
        return at;
    }

    /// <summary>Gives the memory back; nobody is known here any more.</summary>
    public void Clear()
    {
        _count = _networkCount = 0;
        PooledArrays.Return(ref _items);
        PooledArrays.Return(ref _hashes);
        PooledArrays.Return(ref _networks);
    }

    private static void MakeRoom<T>(ref T[] items, int count) => PooledArrays.Grow(ref items, 0, count, Math.Max(FirstCapacity, 2 * count));

    private void Note(ulong network)
    {
        if (_networkCount == _networks.Length)
            MakeRoom(ref _networks, _networkCount);
        _networks[_networkCount++] = network;
    }

    /// <summary>The farthest goes, but of those that are not trusted while they are more than half.</summary>
    private bool TryDropFarthest()
    {
        int others = 0;
        foreach (ref readonly LookupCandidate<TKey, TContact> candidate in Candidates)
            others += candidate.IsTrusted ? 0 : 1;
        bool mayBeTrusted = others * 2 <= _count;
        for (int i = _count - 1; i >= 0; i--)
        {
            if (_items[i].State is LookupState.Waiting or LookupState.Late || (!mayBeTrusted && _items[i].IsTrusted))
                continue;
            _count--;
            _items.AsSpan(i + 1, _count - i).CopyTo(_items.AsSpan(i));
            _hashes.AsSpan(i + 1, _count - i).CopyTo(_hashes.AsSpan(i));
            return true;
        }
        return false;
    }
}

/// <summary>Counts the nearest of either kind, from the nearest on. Of those that are not trusted only so many are asked, answer or not.</summary>
internal struct LookupQuota(int closest)
{
    private const int Patience = 3;

    private int _trusted;
    private int _others;
    private int _othersSeen;

    /// <summary>Whether a contact is among those that matter; it uses its place up when it counts.</summary>
    public bool TryTake(bool isTrusted, bool counts)
    {
        if (isTrusted)
        {
            if (_trusted >= closest)
                return false;
            _trusted += counts ? 1 : 0;
            return true;
        }
        if (_others >= closest || _othersSeen >= Patience * closest)
            return false;
        _othersSeen++;
        _others += counts ? 1 : 0;
        return true;
    }
}
