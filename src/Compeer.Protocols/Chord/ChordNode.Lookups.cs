using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Chord;

public sealed partial class ChordNode<TPeer>
{
    /// <summary>Lower numbers are those of upkeep.</summary>
    private const uint FirstLookup = 16;

    private readonly List<ChordLookup<TPeer>> _lookups = [];
    private uint _lastId = FirstLookup;

    private uint NextId() => _lastId = Math.Max(FirstLookup, unchecked(_lastId + 1));

    /// <summary>The first step of a lookup is our own table.</summary>
    private void BeginHere(ChordLookup<TPeer> lookup, Instant now)
    {
        lookup.OnAnswer(Self.Key, Nearer(lookup.Key));
        Begin(lookup, now);
    }

    private void Begin(ChordLookup<TPeer> lookup, Instant now)
    {
        _lookups.Add(lookup);
        Advance(lookup, now);
    }

    private void Advance(ChordLookup<TPeer> lookup, Instant now)
    {
        if (lookup.Questions >= _options.MaxQuestions || !lookup.TryNext(out RingContact<TPeer> next))
        {
            lookup.Owners.Clear();
            End(lookup, now);
            return;
        }
        // A finger is believed to whoever names it; a wrong one costs a hop, not a wrong owner.
        if (lookup.Purpose == ChordPurpose.Finger && lookup.IsAskingOwner)
        {
            End(lookup, now);
            return;
        }
        if (next.Peer.Equals(Self.Peer))
        {
            OnReachedOurselves(lookup, now);
            return;
        }
        lookup.Waiting = next;
        lookup.Deadline = now + _options.AnswerTimeout;
        ChordMessageKind kind = lookup.IsAskingOwner ? ChordMessageKind.AskNeighbours : ChordMessageKind.FindOwner;
        _outbox.Enqueue((next.Peer, new ChordMessage<TPeer>(kind, lookup.Id, lookup.Key, null, [])));
    }

    private void OnStep(TPeer from, in ChordMessage<TPeer> answer, Instant now)
    {
        if (Waiting(from, answer.Id) is not { IsAskingOwner: false } lookup)
            return;
        lookup.Hops++;
        lookup.OnAnswer(lookup.Waiting!.Value.Key, answer.Contacts);
        Advance(lookup, now);
    }

    /// <summary>The owner answered: unless a nearer one is before it, it is the owner.</summary>
    private void OnOwnerAnswers(ChordLookup<TPeer> lookup, in ChordMessage<TPeer> answer, Instant now)
    {
        lookup.Hops++;
        RingContact<TPeer> owner = lookup.Waiting!.Value;
        if (answer.Predecessor is { } before && IsNearerOwner(before.Key, lookup.Key, owner.Key) && lookup.TryAddNearerOwner(before))
        {
            Advance(lookup, now);
            return;
        }
        lookup.Owners.Clear();
        lookup.Owners.Add(owner);
        foreach (RingContact<TPeer> next in answer.Contacts)
        {
            if (lookup.Owners.Count > _options.Successors || next.Key == owner.Key)
                break;
            lookup.Owners.Add(next);
        }
        End(lookup, now);
    }

    private bool IsNearerOwner(RingKey named, RingKey key, RingKey owner) =>
        owner != key && named != owner && named != Self.Key && (named == key || named.IsWithin(key, owner));

    /// <summary>Others believe that we own the key, or are on the way to it; nobody asks himself.</summary>
    private void OnReachedOurselves(ChordLookup<TPeer> lookup, Instant now)
    {
        if (!lookup.IsAskingOwner)
        {
            Advance(lookup, now);
            return;
        }
        lookup.Owners.Clear();
        lookup.Owners.Add(Self);
        lookup.Owners.AddRange(Successors);
        End(lookup, now);
    }

    private void End(ChordLookup<TPeer> lookup, Instant now)
    {
        _lookups.Remove(lookup);
        switch (lookup.Purpose)
        {
            case ChordPurpose.Application:
                RingContact<TPeer>[] owners = [.. lookup.Owners.Take(lookup.Copies)];
                Raise(new ChordEvent<TPeer>.LookupEnded(lookup.Id, lookup.Key, owners, lookup.Hops, lookup.Timeouts));
                break;
            case ChordPurpose.Finger when lookup.Owners.Count > 0:
                _table.SetFinger(lookup.Bit, lookup.Owners[0]);
                break;
            case ChordPurpose.Join when lookup.Owners.Count > 0:
                OnJoined(lookup, now);
                break;
        }
    }

    private ChordLookup<TPeer>? Waiting(TPeer from, uint id)
    {
        foreach (ChordLookup<TPeer> lookup in _lookups)
        {
            if (lookup.Id == id && lookup.Waiting is { } waiting && waiting.Peer.Equals(from))
                return lookup;
        }
        return null;
    }
}
