using System.Runtime.InteropServices;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Chord;

/// <summary>
/// Whom a Chord node knows: the nodes that follow it, and one finger for each doubling of the distance. Single-threaded; holds
/// at most the options' successors and 128 fingers, of which log2 N exist.
/// </summary>
internal sealed class ChordTable<TPeer>(RingKey own, int maxSuccessors)
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly List<RingContact<TPeer>> _successors = [];
    private readonly List<RingContact<TPeer>> _fingers = [];

    /// <summary>Nearest first.</summary>
    public ReadOnlySpan<RingContact<TPeer>> Successors => CollectionsMarshal.AsSpan(_successors);

    /// <summary>One a doubling of the distance, nearest first.</summary>
    public ReadOnlySpan<RingContact<TPeer>> Fingers => CollectionsMarshal.AsSpan(_fingers);

    /// <summary>Puts a node where it belongs; true when the successors changed.</summary>
    public bool Learn(in RingContact<TPeer> contact)
    {
        if (contact.Key == own)
            return false;
        int place = Place(_fingers, contact.Key);
        int bit = BitOf(contact.Key);
        if (place < _fingers.Count && BitOf(_fingers[place].Key) == bit)
            _fingers[place] = contact;
        else if (place == 0 || BitOf(_fingers[place - 1].Key) != bit)
            _fingers.Insert(place, contact);
        return LearnSuccessor(contact);
    }

    /// <summary>Puts a node among the successors if it is near enough; true when they changed.</summary>
    public bool LearnSuccessor(in RingContact<TPeer> contact)
    {
        int place = Place(_successors, contact.Key);
        if (contact.Key == own || place >= maxSuccessors || (place < _successors.Count && _successors[place].Key == contact.Key))
            return false;
        _successors.Insert(place, contact);
        if (_successors.Count > maxSuccessors)
            _successors.RemoveAt(maxSuccessors);
        return true;
    }

    /// <summary>The successor told who follow it: what it does not name between is gone. True when the successors changed.</summary>
    public bool Adopt(in RingContact<TPeer> successor, ReadOnlySpan<RingContact<TPeer>> following)
    {
        int nearer = Place(_successors, successor.Key);
        var adopted = new List<RingContact<TPeer>>(maxSuccessors);
        adopted.AddRange(Successors[..nearer]);
        adopted.Add(successor);
        foreach (ref readonly RingContact<TPeer> next in following)
        {
            // In order, and not past ourselves: a ring smaller than the list comes round.
            if (adopted.Count >= maxSuccessors || own.ClockwiseTo(next.Key) <= own.ClockwiseTo(adopted[^1].Key))
                break;
            adopted.Add(next);
        }
        if (adopted.Count > maxSuccessors)
            adopted.RemoveRange(maxSuccessors, adopted.Count - maxSuccessors);
        bool isSame = CollectionsMarshal.AsSpan(adopted).SequenceEqual(Successors);
        _successors.Clear();
        _successors.AddRange(adopted);
        return !isSame;
    }

    /// <summary>The finger of one doubling was looked up.</summary>
    public void SetFinger(int bit, in RingContact<TPeer> found)
    {
        _fingers.RemoveAll(f => BitOf(f.Key) == bit);
        if (found.Key != own && BitOf(found.Key) == bit)
            _fingers.Insert(Place(_fingers, found.Key), found);
    }

    /// <summary>A node is gone; true when it was a successor.</summary>
    public bool Remove(TPeer peer)
    {
        _fingers.RemoveAll(f => f.Peer.Equals(peer));
        return _successors.RemoveAll(s => s.Peer.Equals(peer)) > 0;
    }

    /// <summary>The successors at or after a key, nearest first; none when the key is beyond them all.</summary>
    public ReadOnlySpan<RingContact<TPeer>> Following(RingKey key) => Successors[(Before(_successors, own.ClockwiseTo(key)) + 1)..];

    /// <summary>The nodes we know that lie before a key, nearest to it first.</summary>
    public RingContact<TPeer>[] ClosestPreceding(RingKey key, int count)
    {
        UInt128 limit = own.ClockwiseTo(key);
        int finger = Before(_fingers, limit), successor = Before(_successors, limit);
        var nearest = new RingContact<TPeer>[Math.Min(count, finger + successor + 2)];
        int found = 0;
        while (found < nearest.Length && (finger >= 0 || successor >= 0))
        {
            bool isFinger = successor < 0 || (finger >= 0 && own.ClockwiseTo(_fingers[finger].Key) >= own.ClockwiseTo(_successors[successor].Key));
            RingContact<TPeer> next = isFinger ? _fingers[finger--] : _successors[successor--];
            if (found == 0 || nearest[found - 1].Key != next.Key)
                nearest[found++] = next;
        }
        return found == nearest.Length ? nearest : nearest[..found];
    }

    /// <summary>The doubling that a distance is in: key at least 2^bit away and less than twice that.</summary>
    private int BitOf(RingKey key) => 127 - (int)UInt128.LeadingZeroCount(own.ClockwiseTo(key));

    /// <summary>Where a key belongs in a list by distance.</summary>
    private int Place(List<RingContact<TPeer>> list, RingKey key)
    {
        UInt128 distance = own.ClockwiseTo(key);
        int low = 0, high = list.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (own.ClockwiseTo(list[middle].Key) < distance)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>The last of a list that is nearer than a distance; a distance of 0 is the whole ring.</summary>
    private int Before(List<RingContact<TPeer>> list, UInt128 limit) =>
        limit == 0 ? list.Count - 1 : Place(list, own.Plus(limit)) - 1;
}
