namespace Compeer.Protocols.Kademlia;

/// <summary>
/// The contacts a node knows, many near its own key and few far away. Bucket <c>i</c> holds keys that share exactly
/// <c>i</c> leading bits with ours; the last one holds all nearer keys and is split when it is full. It never asks anybody:
/// it is told who answered and who did not. Single-threaded.
/// </summary>
/// <remarks>Spec: Kademlia (2002), sections 2.2 and 2.4; BEP 5, "routing table". Memory: about 64 bytes a contact, at most the sum of the capacities.</remarks>
public sealed class RoutingTable<TKey, TContact, TPolicy>
    where TKey : struct, IKademliaKey<TKey>
    where TContact : struct, IEquatable<TContact>
    where TPolicy : struct, IRoutingPolicy<TKey, TContact>
{
    /// <summary>So many contacts at a distance are enough to lead a lookup on.</summary>
    public const int Neighbours = 8;

    private const int FirstCapacity = 4;

    private readonly TPolicy _policy;
    private readonly List<Bucket> _buckets = [new Bucket()];

    public RoutingTable(TKey own, TPolicy policy)
    {
        Own = own;
        _policy = policy;
    }

    /// <summary>Our own key.</summary>
    public TKey Own { get; }

    /// <summary>Contacts in the table.</summary>
    public int Count { get; private set; }

    /// <summary>Buckets; grows with the logarithm of the network's size.</summary>
    public int Depth => _buckets.Count;

    /// <summary>The bucket that a key belongs to.</summary>
    public int BucketOf(in TKey key) => Math.Min(Own.CommonPrefixLength(key), _buckets.Count - 1);

    /// <summary>Leading bits that the <see cref="Neighbours"/> nearest contacts share with our own key: beyond it we know everybody.</summary>
    public int NeighbourhoodPrefix()
    {
        Span<RoutingEntry<TKey, TContact>> nearest = new RoutingEntry<TKey, TContact>[Neighbours];
        int count = Closest(Own, nearest);
        return count == 0 ? 0 : Own.CommonPrefixLength(nearest[count - 1].Key);
    }

    /// <summary>Contacts that share exactly so many leading bits with our own key.</summary>
    public int CountAt(int prefix)
    {
        int index = Math.Min(prefix, _buckets.Count - 1);
        if (index < _buckets.Count - 1)
            return _buckets[index].Count;
        int count = 0;
        foreach (ref readonly RoutingEntry<TKey, TContact> entry in _buckets[index].Span)
        {
            if (Own.CommonPrefixLength(entry.Key) == prefix)
                count++;
        }
        return count;
    }

    /// <summary>When something in a bucket last changed, answered or was looked up.</summary>
    public Instant LastChange(int bucket) => _buckets[bucket].LastChange;

    /// <summary>A lookup into a bucket begins, whatever it will find.</summary>
    public void OnRefresh(int bucket, Instant now) => _buckets[bucket].LastChange = now;

    /// <summary>The contacts of a bucket, in no order; valid until the next call that changes the table.</summary>
    public ReadOnlySpan<RoutingEntry<TKey, TContact>> Entries(int bucket) => _buckets[bucket].Span;

    /// <summary>A contact answered us.</summary>
    /// <param name="key">The key it claims.</param>
    /// <param name="contact">Where the answer came from, which is where it was asked.</param>
    /// <param name="roundTrip">Time from question to answer.</param>
    /// <param name="now">The time.</param>
    /// <param name="probe">For <see cref="Admission.Full"/>: whom to ask whether it lives.</param>
    public Admission OnReply(in TKey key, in TContact contact, TimeSpan roundTrip, Instant now, out RoutingEntry<TKey, TContact> probe)
    {
        probe = default;
        if (key.Equals(Own))
            return Admission.Rejected;
        Bucket bucket = _buckets[BucketOf(key)];
        int at = IndexOf(bucket, key, contact);
        if (at < 0)
            at = bucket.IndexOf(key);
        if (at >= 0)
            return Refresh(bucket, at, contact, roundTrip, now);
        EvictOtherKeyOf(contact);
        if (HasHost(contact))
            return Admission.Rejected;
        return Insert(key, contact, roundTrip, now, out probe);
    }

    /// <summary>A contact did not answer; true when it was dropped for it.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="contact">Where it was asked.</param>
    /// <param name="maxFailures">Unanswered questions in a row after which it goes.</param>
    public bool OnFailure(in TKey key, in TContact contact, int maxFailures)
    {
        Bucket bucket = _buckets[BucketOf(key)];
        int at = IndexOf(bucket, key, contact);
        if (at < 0)
            return false;
        ref RoutingEntry<TKey, TContact> entry = ref bucket.Items[at];
        entry.Failures = (byte)Math.Min(entry.Failures + 1, byte.MaxValue);
        if (entry.Failures < maxFailures)
            return false;
        bucket.RemoveAt(at);
        Count--;
        return true;
    }

    /// <summary>Notes that a contact is being asked whether it lives.</summary>
    public void OnProbe(in TKey key, Instant now)
    {
        Bucket bucket = _buckets[BucketOf(key)];
        int at = bucket.IndexOf(key);
        if (at >= 0)
            bucket.Items[at].LastProbe = now;
    }

    /// <summary>Whether there is room for a key, so that asking an unknown contact is worth while.</summary>
    public bool WouldAdmit(in TKey key, in TContact contact)
    {
        int index = BucketOf(key);
        Bucket bucket = _buckets[index];
        return !key.Equals(Own)
            && (bucket.Count < _policy.Capacity(index) || index == _buckets.Count - 1 || bucket.HasFailing)
            && !HasHost(contact)
            && bucket.IndexOf(key) < 0;
    }

    /// <summary>Whether a contact is in the table under this key.</summary>
    public bool Contains(in TKey key, in TContact contact) => IndexOf(_buckets[BucketOf(key)], key, contact) >= 0;

    /// <summary>Whether a contact is in the table under some key.</summary>
    public bool Contains(in TContact contact)
    {
        int hash = _policy.HostHash(contact);
        foreach (Bucket bucket in _buckets)
        {
            for (int at = bucket.NextOfHost(hash, 0); at >= 0; at = bucket.NextOfHost(hash, at + 1))
            {
                if (bucket.Items[at].Contact.Equals(contact))
                    return true;
            }
        }
        return false;
    }

    /// <summary>Writes the contacts nearest to <paramref name="target"/>, nearest first, those that failed last left out unless nothing else is there; gives their number.</summary>
    public int Closest(in TKey target, Span<RoutingEntry<TKey, TContact>> nearest)
    {
        int count = 0;
        for (int allowed = 0; allowed <= byte.MaxValue && count == 0 && Count > 0; allowed += byte.MaxValue)
            count = Closest(target, nearest, allowed);
        return count;
    }

    /// <summary>The target's own bucket is nearest to it, then all deeper ones together, then one farther one after the other.</summary>
    private int Closest(in TKey target, Span<RoutingEntry<TKey, TContact>> nearest, int maxFailures)
    {
        int own = BucketOf(target);
        int count = 0;
        InsertSorted(nearest, ref count, _buckets[own], target, maxFailures);
        if (count == nearest.Length)
            return count;
        for (int i = own + 1; i < _buckets.Count; i++)
            InsertSorted(nearest, ref count, _buckets[i], target, maxFailures);
        for (int i = own - 1; i >= 0 && count < nearest.Length; i--)
            InsertSorted(nearest, ref count, _buckets[i], target, maxFailures);
        return count;
    }

    /// <summary>Compares the leading bits, which lie side by side; whole keys only where those are equal.</summary>
    private static void InsertSorted(Span<RoutingEntry<TKey, TContact>> nearest, ref int count, Bucket bucket, in TKey target, int maxFailures)
    {
        ReadOnlySpan<ulong> leading = bucket.Leading;
        ulong wanted = target.LeadingBits;
        for (int i = 0; i < leading.Length; i++)
        {
            if (count == nearest.Length && (count == 0 || (leading[i] ^ wanted) > (nearest[count - 1].Key.LeadingBits ^ wanted)))
                continue;
            ref readonly RoutingEntry<TKey, TContact> entry = ref bucket.Items[i];
            if (entry.Failures <= maxFailures)
                InsertSorted(nearest, ref count, entry, target);
        }
    }

    private static void InsertSorted(Span<RoutingEntry<TKey, TContact>> nearest, ref int count, in RoutingEntry<TKey, TContact> entry, in TKey target)
    {
        if (count == nearest.Length && target.CompareDistance(entry.Key, nearest[count - 1].Key) >= 0)
            return;
        int at = count == nearest.Length ? count - 1 : count++;
        for (; at > 0 && target.CompareDistance(entry.Key, nearest[at - 1].Key) < 0; at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = entry;
    }

    private Admission Refresh(Bucket bucket, int at, in TContact contact, TimeSpan roundTrip, Instant now)
    {
        ref RoutingEntry<TKey, TContact> entry = ref bucket.Items[at];
        if (!entry.Contact.Equals(contact))
        {
            // Somebody else with this key: the one we know stays while it answers.
            if (entry.Failures == 0 || HasHost(contact))
                return Admission.Rejected;
            entry.Contact = contact;
            bucket.Set(at, entry, _policy.HostHash(contact));
            entry.RoundTripMilliseconds = 0;
            entry.IsPreferred = _policy.IsPreferred(entry.Key, contact);
        }
        entry.Failures = 0;
        entry.LastReply = now;
        ushort sample = Milliseconds(roundTrip);
        entry.RoundTripMilliseconds = entry.RoundTripMilliseconds == 0 ? sample : (ushort)((entry.RoundTripMilliseconds * 2 + sample) / 3);
        bucket.LastChange = now;
        return Admission.Known;
    }

    private Admission Insert(in TKey key, in TContact contact, TimeSpan roundTrip, Instant now, out RoutingEntry<TKey, TContact> probe)
    {
        var entry = new RoutingEntry<TKey, TContact>
        {
            Key = key, Contact = contact, LastReply = now, LastProbe = now,
            RoundTripMilliseconds = Milliseconds(roundTrip), IsPreferred = _policy.IsPreferred(key, contact),
        };
        probe = default;
        while (true)
        {
            int index = BucketOf(key);
            Bucket bucket = _buckets[index];
            foreach (ref readonly RoutingEntry<TKey, TContact> other in bucket.Span)
            {
                if (other.Failures == 0 && _policy.IsSameNetwork(other.Contact, contact))
                    return Admission.Rejected;
            }
            if (bucket.Count < _policy.Capacity(index))
            {
                bucket.Add(entry, _policy.HostHash(contact));
                bucket.LastChange = now;
                Count++;
                return Admission.Admitted;
            }
            if (index != _buckets.Count - 1 || _buckets.Count >= TKey.BitLength)
                return Replace(bucket, entry, now, out probe);
            Split();
        }
    }

    /// <summary>Worst first: failing, then without preference, then slow; else the newcomer waits outside.</summary>
    private Admission Replace(Bucket bucket, in RoutingEntry<TKey, TContact> entry, Instant now, out RoutingEntry<TKey, TContact> probe)
    {
        int worst = 0;
        int silent = 0;
        for (int i = 1; i < bucket.Count; i++)
        {
            if (IsWorse(bucket.Items[i], bucket.Items[worst]))
                worst = i;
            if (bucket.Items[i].LastReply < bucket.Items[silent].LastReply)
                silent = i;
        }
        probe = bucket.Items[silent];
        ref RoutingEntry<TKey, TContact> loser = ref bucket.Items[worst];
        // Age is worth more than speed: who has answered long will answer longer. Only the clearly better comes in.
        if (loser.Failures == 0 && (loser.IsPreferred || !entry.IsPreferred))
            return Admission.Full;
        bucket.Set(worst, entry, _policy.HostHash(entry.Contact));
        bucket.LastChange = now;
        return Admission.Admitted;
    }

    private static bool IsWorse(in RoutingEntry<TKey, TContact> a, in RoutingEntry<TKey, TContact> b) =>
        a.Failures != b.Failures ? a.Failures > b.Failures
        : a.IsPreferred != b.IsPreferred ? !a.IsPreferred
        : a.RoundTripMilliseconds > b.RoundTripMilliseconds;

    private void Split()
    {
        int depth = _buckets.Count - 1;
        Bucket last = _buckets[depth];
        var nearer = new Bucket { LastChange = last.LastChange };
        for (int i = last.Count - 1; i >= 0; i--)
        {
            if (Own.CommonPrefixLength(last.Items[i].Key) == depth)
                continue;
            nearer.Add(last.Items[i], _policy.HostHash(last.Items[i].Contact));
            last.RemoveAt(i);
        }
        _buckets.Add(nearer);
    }

    /// <summary>A contact that answers under a new key has left its old place; to change keys at will is what attackers do.</summary>
    private void EvictOtherKeyOf(in TContact contact)
    {
        int hash = _policy.HostHash(contact);
        foreach (Bucket bucket in _buckets)
        {
            for (int at = bucket.NextOfHost(hash, 0); at >= 0; at = bucket.NextOfHost(hash, at + 1))
            {
                if (!bucket.Items[at].Contact.Equals(contact))
                    continue;
                bucket.RemoveAt(at);
                Count--;
                return;
            }
        }
    }

    private bool HasHost(in TContact contact)
    {
        int hash = _policy.HostHash(contact);
        foreach (Bucket bucket in _buckets)
        {
            for (int at = bucket.NextOfHost(hash, 0); at >= 0; at = bucket.NextOfHost(hash, at + 1))
            {
                if (_policy.IsSameHost(bucket.Items[at].Contact, contact))
                    return true;
            }
        }
        return false;
    }

    private int IndexOf(Bucket bucket, in TKey key, in TContact contact)
    {
        int hash = _policy.HostHash(contact);
        for (int at = bucket.NextOfHost(hash, 0); at >= 0; at = bucket.NextOfHost(hash, at + 1))
        {
            if (bucket.Items[at].Contact.Equals(contact) && bucket.Items[at].Key.Equals(key))
                return at;
        }
        return -1;
    }

    private static ushort Milliseconds(TimeSpan span) => (ushort)Math.Clamp(span.TotalMilliseconds, 1, ushort.MaxValue);

    private sealed class Bucket
    {
        private int[] _hosts = [];
        private ulong[] _leading = [];

        public RoutingEntry<TKey, TContact>[] Items { get; private set; } = [];

        public int Count { get; private set; }

        public Instant LastChange { get; set; }

        public ReadOnlySpan<RoutingEntry<TKey, TContact>> Span => Items.AsSpan(0, Count);

        /// <summary>The leading bits of each entry's key.</summary>
        public ReadOnlySpan<ulong> Leading => _leading.AsSpan(0, Count);

        public bool HasFailing
        {
            get
            {
                foreach (ref readonly RoutingEntry<TKey, TContact> entry in Span)
                {
                    if (entry.Failures > 0)
                        return true;
                }
                return false;
            }
        }

        public int IndexOf(in TKey key)
        {
            ulong wanted = key.LeadingBits;
            for (int at = 0; at < Count; at++)
            {
                int next = _leading.AsSpan(at, Count - at).IndexOf(wanted);
                if (next < 0)
                    return -1;
                at += next;
                if (Items[at].Key.Equals(key))
                    return at;
            }
            return -1;
        }

        /// <summary>The first entry from <paramref name="start"/> whose host has this hash; -1 for none. Scans numbers side by side: tables are asked for a host with every message.</summary>
        public int NextOfHost(int hash, int start)
        {
            int at = _hosts.AsSpan(start, Count - start).IndexOf(hash);
            return at < 0 ? -1 : start + at;
        }

        public void Set(int index, in RoutingEntry<TKey, TContact> entry, int hostHash)
        {
            Items[index] = entry;
            _hosts[index] = hostHash;
            _leading[index] = entry.Key.LeadingBits;
        }

        public void Add(in RoutingEntry<TKey, TContact> entry, int hostHash)
        {
            if (Count == Items.Length)
            {
                int capacity = Math.Max(FirstCapacity, Count * 2);
                var larger = new RoutingEntry<TKey, TContact>[capacity];
                Items.AsSpan(0, Count).CopyTo(larger);
                Items = larger;
                Array.Resize(ref _hosts, capacity);
                Array.Resize(ref _leading, capacity);
            }
            Set(Count++, entry, hostHash);
        }

        public void RemoveAt(int index)
        {
            Items[index] = Items[--Count];
            _hosts[index] = _hosts[Count];
            _leading[index] = _leading[Count];
            Items[Count] = default;
        }
    }
}
