using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Chord;

public sealed partial class ChordNode<TPeer>
{
    private const uint SuccessorCheckId = 1;
    private const uint PredecessorCheckId = 2;

    private Instant _stabiliseAt;
    private Instant _fixAt;
    private (RingContact<TPeer> Asked, Instant Deadline) _successorCheck = (default, Instant.Never);
    private (TPeer Peer, Instant Deadline) _predecessorCheck = (default, Instant.Never);
    private int _nextBit = RingKey.BitLength - 1;

    /// <summary>Where our keys began when the node before us was lost.</summary>
    private RingKey? _lostAfter;

    /// <summary>Asks the successor who is before it, and the predecessor whether it lives.</summary>
    private void Stabilise(Instant now)
    {
        _stabiliseAt = now + _options.StabiliseEvery;
        if (Successors.Length > 0)
            AskSuccessor(now);
        if (Predecessor is { } predecessor && _predecessorCheck.Deadline == Instant.Never)
        {
            _predecessorCheck = (predecessor.Peer, now + _options.AnswerTimeout);
            AskNeighbours(predecessor.Peer, PredecessorCheckId);
        }
    }

    private void AskSuccessor(Instant now)
    {
        _successorCheck = (Successors[0], now + _options.AnswerTimeout);
        AskNeighbours(Successors[0].Peer, SuccessorCheckId);
    }

    private void AskNeighbours(TPeer peer, uint id) =>
        _outbox.Enqueue((peer, new ChordMessage<TPeer>(ChordMessageKind.AskNeighbours, id, Self.Key, null, [])));

    /// <summary>Looks one finger up anew, the farthest first; those nearer than the successor are the successor.</summary>
    private void FixFinger(Instant now)
    {
        _fixAt = now + _options.FixFingerEvery;
        if (Successors.Length == 0)
            return;
        if (_nextBit < 0 || UInt128.One << _nextBit <= Self.Key.ClockwiseTo(Successors[0].Key))
            _nextBit = RingKey.BitLength - 1;
        int bit = _nextBit--;
        if (_lookups.Count < _options.MaxLookups)
            BeginHere(new ChordLookup<TPeer>(NextId(), Self.Key.Plus(UInt128.One << bit), 1, ChordPurpose.Finger, bit), now);
    }

    private void OnNeighbours(TPeer from, in ChordMessage<TPeer> answer, Instant now)
    {
        if (answer.Id == PredecessorCheckId && _predecessorCheck.Peer.Equals(from))
        {
            _predecessorCheck = (default, Instant.Never);
        }
        else if (answer.Id == SuccessorCheckId && _successorCheck.Deadline != Instant.Never && _successorCheck.Asked.Peer.Equals(from))
        {
            RingContact<TPeer> successor = _successorCheck.Asked;
            _successorCheck = (default, Instant.Never);
            OnSuccessorAnswers(successor, answer, now);
        }
        else if (Waiting(from, answer.Id) is { IsAskingOwner: true } lookup)
        {
            OnOwnerAnswers(lookup, answer, now);
        }
    }

    private void OnSuccessorAnswers(RingContact<TPeer> successor, in ChordMessage<TPeer> answer, Instant now)
    {
        bool moved = _table.Adopt(successor, answer.Contacts);
        if (answer.Predecessor is { } between && between.Key != successor.Key && between.Key.IsWithin(Self.Key, successor.Key) && _table.Learn(between))
        {
            // Somebody came between: it is asked at once, so that many who join at one place find each other in few rounds.
            moved = true;
            AskSuccessor(now);
        }
        if (Successors.IsEmpty)
            return;
        _outbox.Enqueue((Successors[0].Peer, new ChordMessage<TPeer>(ChordMessageKind.Notify, 0, Self.Key, Self, [])));
        if (moved)
            Raise(new ChordEvent<TPeer>.SuccessorsMoved(Successors.ToArray()));
    }

    private void OnJoined(ChordLookup<TPeer> lookup, Instant now)
    {
        foreach (RingContact<TPeer> owner in lookup.Owners)
            _table.Learn(owner);
        if (Successors.IsEmpty)
            return;
        Raise(new ChordEvent<TPeer>.Joined());
        AskSuccessor(now);
    }

    /// <summary>Somebody believes it is before us: it is, when nobody else is between.</summary>
    private void OnNotify(in RingContact<TPeer> claimed, Instant now)
    {
        if (claimed.Key == Self.Key || claimed.Peer.Equals(Self.Peer) || (Predecessor is { } known && !claimed.Key.IsWithin(known.Key, Self.Key)))
            return;
        if (Predecessor is { } same && same.Key == claimed.Key)
            return;
        if (Predecessor is { } before)
            Raise(new ChordEvent<TPeer>.RangeLost(before.Key, claimed.Key, claimed));
        else if (_lostAfter is { } lost && claimed.Key.IsWithin(lost, Self.Key))
            Raise(new ChordEvent<TPeer>.RangeLost(lost, claimed.Key, claimed));
        else if (_lostAfter is { } gone)
            Raise(new ChordEvent<TPeer>.RangeGained(claimed.Key, gone));
        _lostAfter = null;
        Predecessor = claimed;
        // The first node of a ring learns of the second by this.
        if (_table.Learn(claimed) && Successors.Length == 1)
            AskSuccessor(now);
    }

    private void OnLeave(TPeer from, in ChordMessage<TPeer> message, Instant now)
    {
        RingContact<TPeer>? before = message.Predecessor;
        bool wasPredecessor = Predecessor is { } known && known.Peer.Equals(from);
        bool wasSuccessor = Successors.Length > 0 && Successors[0].Peer.Equals(from);
        OnGone(from, now);
        if (wasSuccessor)
        {
            foreach (RingContact<TPeer> next in message.Contacts)
                _table.LearnSuccessor(next);
        }
        if (wasPredecessor && before is { } taken && taken.Key != Self.Key)
            OnNotify(taken, now);
    }

    private void OnGone(TPeer peer, Instant now)
    {
        bool moved = _table.Remove(peer);
        if (Predecessor is { } predecessor && predecessor.Peer.Equals(peer))
        {
            _lostAfter ??= predecessor.Key;
            Predecessor = null;
        }
        if (_predecessorCheck.Peer.Equals(peer))
            _predecessorCheck = (default, Instant.Never);
        if (_successorCheck.Deadline != Instant.Never && _successorCheck.Asked.Peer.Equals(peer))
        {
            _successorCheck = (default, Instant.Never);
            if (Successors.Length > 0)
                AskSuccessor(now);
        }
        for (int i = _lookups.Count - 1; i >= 0; i--)
        {
            if (i >= _lookups.Count || _lookups[i].Waiting is not { } waiting || !waiting.Peer.Equals(peer))
                continue;
            ChordLookup<TPeer> lookup = _lookups[i];
            lookup.DropWaiting();
            Advance(lookup, now);
        }
        if (moved)
            Raise(new ChordEvent<TPeer>.SuccessorsMoved(Successors.ToArray()));
    }
}
