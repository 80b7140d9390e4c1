using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Chord;

/// <summary>What a lookup is for.</summary>
internal enum ChordPurpose : byte
{
    Application,
    Join,
    Finger,
}

/// <summary>
/// One lookup: asks ever nearer nodes before the key, and then the owner itself. It remembers who else is on the way, so that a
/// dead node costs one question. Single-threaded.
/// </summary>
internal sealed class ChordLookup<TPeer>(uint id, RingKey key, int copies, ChordPurpose purpose, int bit)
    where TPeer : struct, IEquatable<TPeer>
{
    private const int MaxCandidates = 64;

    /// <summary>Not asked yet, those nearest before the key first.</summary>
    private readonly List<RingContact<TPeer>> _candidates = [];

    /// <summary>Asked who is nearer, or gone.</summary>
    private readonly List<TPeer> _asked = [];

    /// <summary>Asked whether they are the owner, or gone. A node on the way may be the owner itself.</summary>
    private readonly List<TPeer> _askedAsOwners = [];
    private readonly List<RingContact<TPeer>> _owners = [];

    /// <summary>How far before the key the last node was that answered.</summary>
    private UInt128 _nearest = UInt128.MaxValue;

    public uint Id { get; } = id;

    public RingKey Key { get; } = key;

    /// <summary>Owner and replicas wanted.</summary>
    public int Copies { get; } = copies;

    public ChordPurpose Purpose { get; } = purpose;

    /// <summary>The finger that is looked up.</summary>
    public int Bit { get; } = bit;

    /// <summary>Whom we wait for.</summary>
    public RingContact<TPeer>? Waiting { get; set; }

    public Instant Deadline { get; set; }

    /// <summary>The node asked is believed to be the owner.</summary>
    public bool IsAskingOwner { get; private set; }

    public int Hops { get; set; }

    public int Timeouts { get; set; }

    public int Questions { get; set; }

    /// <summary>Those believed to own the key, the owner first.</summary>
    public List<RingContact<TPeer>> Owners => _owners;

    /// <summary>A node before the key told whom it knows: those nearer to the key, and those that follow the key.</summary>
    public void OnAnswer(RingKey from, ReadOnlySpan<RingContact<TPeer>> contacts)
    {
        _nearest = from.ClockwiseTo(Key);
        _owners.Clear();
        foreach (ref readonly RingContact<TPeer> contact in contacts)
        {
            // Whoever joins may be known, as one that was here before and has started again; it looks for the one after itself.
            if (Purpose == ChordPurpose.Join && contact.Key == Key)
                continue;
            bool isOnTheWay = contact.Key != Key && contact.Key != from && contact.Key.IsWithin(from, Key);
            if ((isOnTheWay ? _asked : _askedAsOwners).Contains(contact.Peer))
                continue;
            if (isOnTheWay)
                AddCandidate(contact);
            else
                _owners.Add(contact);
        }
    }

    public void AddCandidate(in RingContact<TPeer> contact)
    {
        UInt128 distance = contact.Key.ClockwiseTo(Key);
        int at = _candidates.Count;
        while (at > 0 && _candidates[at - 1].Key.ClockwiseTo(Key) > distance)
            at--;
        if (at == MaxCandidates || (at > 0 && _candidates[at - 1].Key == contact.Key))
            return;
        _candidates.Insert(at, contact);
        if (_candidates.Count > MaxCandidates)
            _candidates.RemoveAt(MaxCandidates);
    }

    /// <summary>The node believed to be the owner names one between the key and itself.</summary>
    public bool TryAddNearerOwner(in RingContact<TPeer> named)
    {
        if (_askedAsOwners.Contains(named.Peer))
            return false;
        _owners.Insert(0, named);
        return true;
    }

    /// <summary>Whom to ask next: the nearest before the key, then those that follow it, then whoever is left; false for nobody.</summary>
    public bool TryNext(out RingContact<TPeer> next)
    {
        IsAskingOwner = _owners.Count > 0 && !(_candidates.Count > 0 && _candidates[0].Key.ClockwiseTo(Key) < _nearest);
        List<RingContact<TPeer>> from = IsAskingOwner ? _owners : _candidates;
        next = default;
        if (from.Count == 0)
            return false;
        next = from[0];
        if (!IsAskingOwner)
            from.RemoveAt(0);
        (IsAskingOwner ? _askedAsOwners : _asked).Add(next.Peer);
        Questions++;
        return true;
    }

    /// <summary>The node that we waited for is gone.</summary>
    public void DropWaiting()
    {
        if (IsAskingOwner && _owners.Count > 0)
            _owners.RemoveAt(0);
        if (Waiting is { } gone)
        {
            _asked.Add(gone.Peer);
            _askedAsOwners.Add(gone.Peer);
        }
        Timeouts++;
        Waiting = null;
    }
}
