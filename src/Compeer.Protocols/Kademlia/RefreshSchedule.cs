namespace Compeer.Protocols.Kademlia;

/// <summary>
/// When which part of a routing table is to be looked up: first our own key, then keys at every distance, down to our
/// neighbours', of which few are known, without which a newcomer knows his neighbours only and leads others astray; then our own key now and then, and
/// one quiet bucket at a time.
/// </summary>
/// <remarks>Spec: Kademlia (2002), section 2.3, "refresh"; BEP 5, "routing table" (15 minutes).</remarks>
public sealed class RefreshSchedule(TimeSpan interval, TimeSpan pause)
{
    // With nothing to do it looks again after so many pauses.
    private const int IdlePauses = 3;
    private static readonly TimeSpan OwnInterval = TimeSpan.FromMinutes(10);

    private Instant _nextOwn;
    private Instant _next;
    private int _toFill;

    /// <summary>When to ask <see cref="TryNext"/> again.</summary>
    public Instant NextDeadline => _next;

    /// <summary>Looks our own key up at once.</summary>
    public void Restart(Instant now)
    {
        _nextOwn = now;
        _next = now;
        _toFill = 0;
    }

    /// <summary>A key whose neighbourhood should be looked up now.</summary>
    public bool TryNext<TKey, TContact, TPolicy>(RoutingTable<TKey, TContact, TPolicy> table, Random random, Instant now, out TKey target)
        where TKey : struct, IKademliaKey<TKey>
        where TContact : struct, IEquatable<TContact>
        where TPolicy : struct, IRoutingPolicy<TKey, TContact>
    {
        target = default;
        if (now < _next)
            return false;
        _next = now + pause;
        if (now >= _nextOwn)
        {
            _nextOwn = now + OwnInterval;
            target = table.Own;
            return true;
        }
        // Not by bucket: far buckets are large, so a young table has one for all distances.
        for (int prefix = table.NeighbourhoodPrefix(); _toFill < prefix; _toFill++)
        {
            if (table.CountAt(_toFill) >= RoutingTable<TKey, TContact, TPolicy>.Neighbours)
                continue;
            target = table.Own.RandomInBucket(_toFill++, random);
            return true;
        }
        int quietest = 0;
        for (int i = 1; i < table.Depth; i++)
        {
            if (table.LastChange(i) < table.LastChange(quietest))
                quietest = i;
        }
        if (now < table.LastChange(quietest) + interval)
        {
            _next = now + IdlePauses * pause;
            return false;
        }
        table.OnRefresh(quietest, now);
        target = table.Own.RandomInBucket(quietest, random);
        return true;
    }
}
