using System.Diagnostics.CodeAnalysis;

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

    private const int MaxOnStack = 128;

    private readonly TPolicy _policy;
    private readonly List<RoutingBucket<TKey, TContact>> _buckets = [new()];
    private readonly HashMultiset _hosts = new();

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
        int left = Neighbours;
        int farthest = 0;
        for (int i = _buckets.Count - 1; i >= 0 && left > 0; i--)
        {
            int alive = 0;
            foreach (ref readonly RoutingEntry<TKey, TContact> entry in _buckets[i].Entries)
                alive += entry.Failures == 0 ? 1 : 0;
            if (alive > 0)
                farthest = i == _buckets.Count - 1 ? PrefixInLast(Math.Min(alive, left)) : i;
            left -= alive;
        }
        return farthest;
    }

    /// <summary>Contacts that share exactly so many leading bits with our own key.</summary>
    public int CountAt(int prefix)
    {
        int index = Math.Min(prefix, _buckets.Count - 1);
        if (index < _buckets.Count - 1)
            return _buckets[index].Count;
        int count = 0;
        foreach (ref readonly RoutingEntry<TKey, TContact> entry in _buckets[index].Entries)
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
    public ReadOnlySpan<RoutingEntry<TKey, TContact>> Entries(int bucket) => _buckets[bucket].Entries;

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
        RoutingBucket<TKey, TContact> bucket = _buckets[BucketOf(key)];
        int at = bucket.IndexOf(key);
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
        RoutingBucket<TKey, TContact> bucket = _buckets[BucketOf(key)];
        int at = IndexOf(bucket, key, contact);
        if (at < 0)
            return false;
        RoutingEntry<TKey, TContact> entry = bucket[at];
        entry.Failures = (byte)Math.Min(entry.Failures + 1, byte.MaxValue);
        if (entry.Failures < maxFailures)
        {
            bucket.Replace(at, entry);
            return false;
        }
        Remove(bucket, at);
        return true;
    }

    /// <summary>Notes that a contact is being asked whether it lives.</summary>
    public void OnProbe(in TKey key, Instant now)
    {
        RoutingBucket<TKey, TContact> bucket = _buckets[BucketOf(key)];
        int at = bucket.IndexOf(key);
        if (at >= 0)
            bucket.Replace(at, bucket[at] with { LastProbe = now });
    }

    /// <summary>Whether there is room for a key, so that asking an unknown contact is worth while.</summary>
    public bool WouldAdmit(in TKey key, in TContact contact)
    {
        int index = BucketOf(key);
        RoutingBucket<TKey, TContact> bucket = _buckets[index];
        return !key.Equals(Own)
            && (bucket.Count < _policy.Capacity(index) || index == _buckets.Count - 1 || bucket.HasFailing)
            && !HasHost(contact)
            && bucket.IndexOf(key) < 0;
    }

    /// <summary>Whether a contact is in the table under this key.</summary>
    public bool Contains(in TKey key, in TContact contact) => IndexOf(_buckets[BucketOf(key)], key, contact) >= 0;

    /// <summary>Whether a contact is in the table under some key.</summary>
    public bool Contains(in TContact contact) => TryFind(contact, static (_, a, b) => a.Equals(b), out _, out _);

    /// <summary>Writes the contacts nearest to <paramref name="target"/>, nearest first, those that failed last left out unless nothing else is there; gives their number.</summary>
    public int Closest(in TKey target, Span<RoutingEntry<TKey, TContact>> nearest)
    {
        int count = 0;
        for (int allowed = 0; allowed <= byte.MaxValue && count == 0 && Count > 0; allowed += byte.MaxValue)
            count = Closest(target, nearest, allowed);
        return count;
    }

    /// <summary>The last bucket holds all nearer keys: the leading bits that so many of them share with ours at least.</summary>
    private int PrefixInLast(int count)
    {
        for (int prefix = _buckets.Count; prefix <= TKey.BitLength; prefix++)
        {
            int nearer = 0;
            foreach (ref readonly RoutingEntry<TKey, TContact> entry in _buckets[^1].Entries)
                nearer += entry.Failures == 0 && Own.CommonPrefixLength(entry.Key) >= prefix ? 1 : 0;
            if (nearer < count)
                return prefix - 1;
        }
        return TKey.BitLength;
    }

    /// <summary>The target's own bucket is nearest to it, then all deeper ones together, then one farther one after the other.</summary>
    private int Closest(in TKey target, Span<RoutingEntry<TKey, TContact>> nearest, int maxFailures)
    {
        int own = BucketOf(target);
        int count = 0;
        Span<Near> near = nearest.Length <= MaxOnStack ? stackalloc Near[nearest.Length] : new Near[nearest.Length];
        InsertSorted(near, ref count, own, target, maxFailures);
        if (count < near.Length)
        {
            for (int i = own + 1; i < _buckets.Count; i++)
                InsertSorted(near, ref count, i, target, maxFailures);
        }
        for (int i = own - 1; i >= 0 && count < near.Length; i--)
            InsertSorted(near, ref count, i, target, maxFailures);
        for (int i = 0; i < count; i++)
            nearest[i] = Entry(near[i]);
        return count;
    }

    /// <summary>Compares the leading bits, which lie side by side; whole keys only where those are equal.</summary>
    private void InsertSorted(Span<Near> near, ref int count, int bucket, in TKey target, int maxFailures)
    {
        ReadOnlySpan<ulong> leading = _buckets[bucket].Leading;
        ulong wanted = target.LeadingBits;
        for (int i = 0; i < leading.Length; i++)
        {
            var added = new Near(leading[i] ^ wanted, bucket, i);
            if (count == near.Length && (count == 0 || !IsNearer(added, near[count - 1], target)))
                continue;
            if (Entry(added).Failures > maxFailures)
                continue;
            int at = count == near.Length ? count - 1 : count++;
            for (; at > 0 && IsNearer(added, near[at - 1], target); at--)
                near[at] = near[at - 1];
            near[at] = added;
        }
    }

    private bool IsNearer(in Near a, in Near b, in TKey target) =>
        a.Distance != b.Distance ? a.Distance < b.Distance : target.CompareDistance(Entry(a).Key, Entry(b).Key) < 0;

    private ref readonly RoutingEntry<TKey, TContact> Entry(in Near near) => ref _buckets[near.Bucket][near.Index];

    private Admission Refresh(RoutingBucket<TKey, TContact> bucket, int at, in TContact contact, TimeSpan roundTrip, Instant now)
    {
        RoutingEntry<TKey, TContact> entry = bucket[at];
        if (!entry.Contact.Equals(contact))
        {
            // Somebody else with this key: the one we know stays while it answers.
            if (entry.Failures == 0 || HasHost(contact))
                return Admission.Rejected;
            Overwrite(bucket, at, New(entry.Key, contact, roundTrip, now));
            return Admission.Known;
        }
        entry.Failures = 0;
        entry.LastReply = now;
        ushort sample = Milliseconds(roundTrip);
        entry.RoundTripMilliseconds = entry.RoundTripMilliseconds == 0 ? sample : (ushort)((entry.RoundTripMilliseconds * 2 + sample) / 3);
        bucket.Replace(at, entry);
        bucket.LastChange = now;
        return Admission.Known;
    }

    private Admission Insert(in TKey key, in TContact contact, TimeSpan roundTrip, Instant now, out RoutingEntry<TKey, TContact> probe)
    {
        RoutingEntry<TKey, TContact> entry = New(key, contact, roundTrip, now);
        probe = default;
        while (true)
        {
            int index = BucketOf(key);
            RoutingBucket<TKey, TContact> bucket = _buckets[index];
            if (CountOfNetwork(bucket, contact) >= _policy.MaxOfNetworkInBucket || IsNetworkFull(contact))
                return Admission.Rejected;
            if (bucket.Count < _policy.Capacity(index))
            {
                int hostHash = _policy.HostHash(contact);
                bucket.Add(entry, hostHash, _policy.NetworkHash(contact));
                bucket.LastChange = now;
                _hosts.Add(hostHash);
                Count++;
                return Admission.Admitted;
            }
            if (index != _buckets.Count - 1 || _buckets.Count >= TKey.BitLength)
                return Replace(bucket, entry, out probe);
            Split();
        }
    }

    private RoutingEntry<TKey, TContact> New(in TKey key, in TContact contact, TimeSpan roundTrip, Instant now) => new()
    {
        Key = key, Contact = contact, LastReply = now, LastProbe = now,
        RoundTripMilliseconds = Milliseconds(roundTrip), IsPreferred = _policy.IsPreferred(key, contact),
    };

    /// <summary>Worst first: failing, then without preference, then slow; else the newcomer waits outside.</summary>
    private Admission Replace(RoutingBucket<TKey, TContact> bucket, in RoutingEntry<TKey, TContact> entry, out RoutingEntry<TKey, TContact> probe)
    {
        probe = bucket[bucket.Silent];
        // Age is worth more than speed: who has answered long will answer longer. Only the clearly better comes in.
        if (!bucket.HasFailing && !(entry.IsPreferred && bucket.HasOrdinary))
            return Admission.Full;
        int worst = 0;
        for (int i = 1; i < bucket.Count; i++)
        {
            if (IsWorse(bucket[i], bucket[worst]))
                worst = i;
        }
        Overwrite(bucket, worst, entry);
        return Admission.Admitted;
    }

    private static bool IsWorse(in RoutingEntry<TKey, TContact> a, in RoutingEntry<TKey, TContact> b) =>
        a.Failures != b.Failures ? a.Failures > b.Failures
        : a.IsPreferred != b.IsPreferred ? !a.IsPreferred
        : a.RoundTripMilliseconds > b.RoundTripMilliseconds;

    private void Overwrite(RoutingBucket<TKey, TContact> bucket, int at, in RoutingEntry<TKey, TContact> entry)
    {
        int hostHash = _policy.HostHash(entry.Contact);
        _hosts.Remove(_policy.HostHash(bucket[at].Contact));
        _hosts.Add(hostHash);
        bucket.Set(at, entry, hostHash, _policy.NetworkHash(entry.Contact));
        bucket.LastChange = entry.LastReply;
    }

    private void Remove(RoutingBucket<TKey, TContact> bucket, int at)
    {
        _hosts.Remove(_policy.HostHash(bucket[at].Contact));
        bucket.RemoveAt(at);
        Count--;
    }

    private void Split()
    {
        int depth = _buckets.Count - 1;
        RoutingBucket<TKey, TContact> last = _buckets[depth];
        var nearer = new RoutingBucket<TKey, TContact> { LastChange = last.LastChange };
        for (int i = last.Count - 1; i >= 0; i--)
        {
            if (Own.CommonPrefixLength(last[i].Key) != depth)
                last.Move(i, nearer);
        }
        _buckets.Add(nearer);
    }

    /// <summary>A contact that answers under a new key has left its old place; to change keys at will is what attackers do.</summary>
    private void EvictOtherKeyOf(in TContact contact)
    {
        if (TryFind(contact, static (_, a, b) => a.Equals(b), out RoutingBucket<TKey, TContact>? bucket, out int at))
            Remove(bucket, at);
    }

    private bool HasHost(in TContact contact) => TryFind(contact, static (policy, a, b) => policy.IsSameHost(a, b), out _, out _);

    /// <summary>Hosts of a contact's network in a bucket that have not failed.</summary>
    private int CountOfNetwork(RoutingBucket<TKey, TContact> bucket, in TContact contact)
    {
        int count = 0, hash = _policy.NetworkHash(contact);
        for (int at = bucket.NextOfNetwork(hash, 0); at >= 0; at = bucket.NextOfNetwork(hash, at + 1))
            count += bucket[at].Failures == 0 && _policy.IsSameNetwork(bucket[at].Contact, contact) ? 1 : 0;
        return count;
    }

    private bool IsNetworkFull(in TContact contact)
    {
        if (_policy.MaxOfNetwork == int.MaxValue)
            return false;
        int count = 0;
        foreach (RoutingBucket<TKey, TContact> bucket in _buckets)
            count += CountOfNetwork(bucket, contact);
        return count >= _policy.MaxOfNetwork;
    }

    private bool TryFind(in TContact contact, Func<TPolicy, TContact, TContact, bool> fits, [NotNullWhen(true)] out RoutingBucket<TKey, TContact>? found, out int at)
    {
        int hash = _policy.HostHash(contact);
        (found, at) = (null, -1);
        if (!_hosts.Contains(hash))
            return false;
        foreach (RoutingBucket<TKey, TContact> bucket in _buckets)
        {
            for (at = bucket.NextOfHost(hash, 0); at >= 0; at = bucket.NextOfHost(hash, at + 1))
            {
                if (!fits(_policy, bucket[at].Contact, contact))
                    continue;
                found = bucket;
                return true;
            }
        }
        return false;
    }

    /// <summary>The contact with this key; -1 when there is none, or another has the key.</summary>
    private static int IndexOf(RoutingBucket<TKey, TContact> bucket, in TKey key, in TContact contact)
    {
        int at = bucket.IndexOf(key);
        return at >= 0 && bucket[at].Contact.Equals(contact) ? at : -1;
    }

    private static ushort Milliseconds(TimeSpan span) => (ushort)Math.Clamp(span.TotalMilliseconds, 1, ushort.MaxValue);

    /// <summary>Where a contact is in the table, and the leading bits of its distance from what is looked for.</summary>
    private readonly record struct Near(ulong Distance, int Bucket, int Index);
}
