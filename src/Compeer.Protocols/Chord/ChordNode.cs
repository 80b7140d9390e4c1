using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Chord;

/// <summary>
/// A node of a Chord ring: it says who owns a key and which nodes after the owner replicate it, and tells when keys change
/// hands. Lookups are iterative: the asking node asks each hop itself, so that no node must be trusted with another's question.
/// A key is owned by the first node at or after it. Single-threaded; never throws on what others send.
/// </summary>
/// <remarks>Spec: Stoica et al., "Chord" (IEEE/ACM ToN 2003), sections IV and V; Zave, "How to make Chord correct" (2015) for a list of successors that is always in order.</remarks>
public sealed partial class ChordNode<TPeer> : IOverlayMachine<TPeer, ChordMessage<TPeer>>
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly ChordOptions _options;
    private readonly ChordTable<TPeer> _table;
    private readonly Queue<(TPeer To, ChordMessage<TPeer> Message)> _outbox = new();
    private readonly Queue<ChordEvent<TPeer>> _events = new();

    /// <param name="self">Our own place.</param>
    /// <param name="options">Bounds and times.</param>
    /// <param name="random">Spreads the first upkeep over its period; null to begin after a whole one.</param>
    /// <param name="now">The time.</param>
    public ChordNode(RingContact<TPeer> self, ChordOptions options, Random? random, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        Self = self;
        _options = options;
        _table = new ChordTable<TPeer>(self, options.Successors);
        _stabiliseAt = now + (options.StabiliseEvery * (random?.NextDouble() ?? 1));
        _fixAt = now + (options.FixFingerEvery * (random?.NextDouble() ?? 1));
    }

    /// <summary>Our own place.</summary>
    public RingContact<TPeer> Self { get; }

    /// <summary>Who comes before us; null while nobody told.</summary>
    public RingContact<TPeer>? Predecessor { get; private set; }

    /// <summary>Who follow us, nearest first; valid until the next call.</summary>
    public ReadOnlySpan<RingContact<TPeer>> Successors => _table.Successors;

    /// <summary>One node a doubling of the distance, nearest first; valid until the next call.</summary>
    public ReadOnlySpan<RingContact<TPeer>> Fingers => _table.Fingers;

    /// <summary>Nodes remembered from an earlier run; whoever is gone is found out.</summary>
    public void Learn(params ReadOnlySpan<RingContact<TPeer>> contacts)
    {
        foreach (ref readonly RingContact<TPeer> contact in contacts)
        {
            _table.Learn(contact);
            if (contact.Key != Self.Key && (Predecessor is not { } known || contact.Key.IsWithin(known.Key, Self.Key)))
                Predecessor = contact;
        }
    }

    /// <summary>Joins the ring that a node is on.</summary>
    public void Join(RingContact<TPeer> entry, Instant now)
    {
        var lookup = new ChordLookup<TPeer>(NextId(), Self.Key, 1, ChordPurpose.Join, 0);
        lookup.AddCandidate(entry);
        Begin(lookup, now);
    }

    /// <summary>Looks up the owner of a key and the nodes that replicate it; ends in <see cref="ChordEvent{TPeer}.LookupEnded"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="copies">Owner and replicas wanted, at most one more than there are successors.</param>
    /// <param name="now">The time.</param>
    /// <returns>The lookup's number.</returns>
    public uint OwnersOf(RingKey key, int copies, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(copies);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(copies, _options.Successors + 1);
        uint id = NextId();
        if (Owns(key))
            Raise(new ChordEvent<TPeer>.LookupEnded(id, key, [Self, .. Successors[..Math.Min(copies - 1, Successors.Length)]], 0, 0));
        else if (_lookups.Count >= _options.MaxLookups)
            Raise(new ChordEvent<TPeer>.LookupEnded(id, key, [], 0, 0));
        else
            BeginHere(new ChordLookup<TPeer>(id, key, copies, ChordPurpose.Application, 0), now);
        return id;
    }

    /// <summary>Says good-bye, so that nobody has to find out; nothing is to be asked of the node after it.</summary>
    public void Leave()
    {
        var goodBye = new ChordMessage<TPeer>(ChordMessageKind.Leave, 0, Self.Key, Predecessor, Successors.ToArray());
        if (Successors.Length > 0)
            _outbox.Enqueue((Successors[0].Peer, goodBye));
        if (Predecessor is { } predecessor)
            _outbox.Enqueue((predecessor.Peer, goodBye));
    }

    /// <summary>Whether a key is ours, as far as we know.</summary>
    public bool Owns(RingKey key) => Predecessor is { } predecessor ? key.IsWithin(predecessor.Key, Self.Key) : Successors.IsEmpty || key == Self.Key;

    /// <summary>What happened next; false when nothing did.</summary>
    public bool TryTakeEvent(out ChordEvent<TPeer> e) => _events.TryDequeue(out e!);

    public bool TryTransmit(out TPeer to, out ChordMessage<TPeer> message)
    {
        bool any = _outbox.TryDequeue(out (TPeer To, ChordMessage<TPeer> Message) next);
        (to, message) = next;
        return any;
    }

    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Min(Instant.Min(_stabiliseAt, _fixAt), Instant.Min(_successorCheck.Deadline, _predecessorCheck.Deadline));
            foreach (ChordLookup<TPeer> lookup in _lookups)
                next = Instant.Min(next, lookup.Deadline);
            return next;
        }
    }

    public void OnDeadline(Instant now)
    {
        for (int i = _lookups.Count - 1; i >= 0; i--)
        {
            if (i < _lookups.Count && _lookups[i].Deadline <= now && _lookups[i].Waiting is { } late)
                OnGone(late.Peer, now);
        }
        if (_successorCheck.Deadline <= now)
            OnGone(_successorCheck.Asked.Peer, now);
        if (_predecessorCheck.Deadline <= now)
            OnGone(_predecessorCheck.Peer, now);
        if (_stabiliseAt <= now)
            Stabilise(now);
        if (_fixAt <= now)
            FixFinger(now);
    }

    public void OnUndelivered(TPeer to, in ChordMessage<TPeer> message, Instant now) => OnGone(to, now);

    public void Receive(TPeer from, in ChordMessage<TPeer> message, Instant now)
    {
        switch (message.Kind)
        {
            case ChordMessageKind.FindOwner:
                Answer(from, message);
                break;
            case ChordMessageKind.AskNeighbours:
                _outbox.Enqueue((from, new ChordMessage<TPeer>(ChordMessageKind.Neighbours, message.Id, Self.Key, Predecessor, Successors.ToArray())));
                break;
            case ChordMessageKind.Nearer:
                OnStep(from, message, now);
                break;
            case ChordMessageKind.Neighbours:
                OnNeighbours(from, message, now);
                break;
            case ChordMessageKind.Notify when message.Predecessor is { } claimed && claimed.Peer.Equals(from):
                OnNotify(claimed, now);
                break;
            case ChordMessageKind.Leave:
                OnLeave(from, message, now);
                break;
        }
    }

    private void Answer(TPeer from, in ChordMessage<TPeer> question)
    {
        RingContact<TPeer>[] contacts = Owns(question.Key) ? [Self, .. Successors] : Nearer(question.Key);
        _outbox.Enqueue((from, new ChordMessage<TPeer>(ChordMessageKind.Nearer, question.Id, question.Key, null, contacts)));
    }

    private RingContact<TPeer>[] Nearer(RingKey key) => [.. _table.ClosestPreceding(key, _options.Alternatives), .. _table.Following(key)];

    private void Raise(ChordEvent<TPeer> e)
    {
        if (_events.Count == _options.MaxEvents)
            _events.Dequeue();
        _events.Enqueue(e);
    }
}
