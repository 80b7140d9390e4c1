using System.Runtime.InteropServices;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Pastry;

/// <summary>The nodes nearest to our own key, as many on either side. Single-threaded.</summary>
/// <remarks>Spec: Pastry (2001), section 2.1, "leaf set".</remarks>
internal sealed class LeafSet<TPeer>(RingKey own, int size)
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly List<RingContact<TPeer>> _clockwise = [];
    private readonly List<RingContact<TPeer>> _back = [];

    /// <summary>Those after us, nearest first.</summary>
    public ReadOnlySpan<RingContact<TPeer>> Clockwise => CollectionsMarshal.AsSpan(_clockwise);

    /// <summary>Those before us, nearest first.</summary>
    public ReadOnlySpan<RingContact<TPeer>> Back => CollectionsMarshal.AsSpan(_back);

    /// <summary>Whether there are so few nodes that both sides meet: then we know everybody. A side with a gap after a death does not mean that.</summary>
    private bool IsWholeRing =>
        _clockwise.Count == 0 || _back.Count == 0 || own.ClockwiseTo(_clockwise[^1].Key) >= own.ClockwiseTo(_back[^1].Key);

    /// <summary>Puts a node in its place; true when it is near enough and was not here.</summary>
    public bool Learn(in RingContact<TPeer> contact)
    {
        if (contact.Key == own)
            return false;
        bool isNew = Insert(_clockwise, contact, own.ClockwiseTo(contact.Key), static (own, key) => own.ClockwiseTo(key));
        return Insert(_back, contact, contact.Key.ClockwiseTo(own), static (own, key) => key.ClockwiseTo(own)) || isNew;
    }

    /// <summary>A node is gone; true when it was here.</summary>
    public bool Remove(TPeer peer) => _clockwise.RemoveAll(c => c.Peer.Equals(peer)) + _back.RemoveAll(c => c.Peer.Equals(peer)) > 0;

    /// <summary>Whether a key lies between the farthest on both sides, so that the nearest node to it is here.</summary>
    public bool Covers(RingKey key)
    {
        if (IsWholeRing)
            return true;
        UInt128 after = own.ClockwiseTo(key), before = key.ClockwiseTo(own);
        return after <= own.ClockwiseTo(_clockwise[^1].Key) || before <= _back[^1].Key.ClockwiseTo(own);
    }

    /// <summary>The contact nearest to a key, <paramref name="except"/> left out; null when we are.</summary>
    public RingContact<TPeer>? Nearest(RingKey key, TPeer? except)
    {
        RingContact<TPeer>? nearest = null;
        RingKey best = own;
        foreach (ref readonly RingContact<TPeer> contact in Clockwise)
            Consider(contact, key, except, ref best, ref nearest);
        foreach (ref readonly RingContact<TPeer> contact in Back)
            Consider(contact, key, except, ref best, ref nearest);
        return nearest;
    }

    /// <summary>Both sides.</summary>
    public RingContact<TPeer>[] ToArray() => [.. Clockwise, .. Back];

    /// <summary>Whether a key is nearer to the target than another; of two as far, the lower.</summary>
    public static bool IsNearer(RingKey a, RingKey b, RingKey target)
    {
        UInt128 distanceA = a.DistanceTo(target), distanceB = b.DistanceTo(target);
        return distanceA < distanceB || (distanceA == distanceB && a < b);
    }

    private static void Consider(in RingContact<TPeer> contact, RingKey key, TPeer? except, ref RingKey best, ref RingContact<TPeer>? nearest)
    {
        if (IsNearer(contact.Key, best, key) && !contact.Peer.Equals(except))
            (best, nearest) = (contact.Key, contact);
    }

    private bool Insert(List<RingContact<TPeer>> side, in RingContact<TPeer> contact, UInt128 distance, Func<RingKey, RingKey, UInt128> measure)
    {
        int at = side.Count;
        while (at > 0 && measure(own, side[at - 1].Key) >= distance)
            at--;
        if (at == size / 2 || (at < side.Count && side[at].Key == contact.Key))
            return false;
        side.Insert(at, contact);
        if (side.Count > size / 2)
            side.RemoveAt(size / 2);
        return true;
    }
}
