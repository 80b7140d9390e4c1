using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Pastry;

/// <summary>
/// A Pastry node: passes messages on to the node nearest to a key, one digit a step, over nodes that are near in the network.
/// Single-threaded; never throws on what others send.
/// </summary>
/// <remarks>
/// Spec: Rowstron and Druschel, "Pastry" (Middleware 2001), sections 2.2 to 2.5; b = 4. DEVIATION: no neighbourhood set, as in
/// Castro et al. (2003); a newcomer tells others of itself, not of its whole table.
/// </remarks>
public sealed class PastryNode<TPeer> : IOverlayMachine<TPeer, PastryMessage<TPeer>>
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly PastryOptions _options;
    private readonly Random _random;
    private readonly LeafSet<TPeer> _leaves;
    private readonly PrefixTable<TPeer> _table;
    private readonly Queue<TPeer> _gone = new();
    private readonly Queue<(TPeer To, PastryMessage<TPeer> Message)> _outbox = new();
    private readonly Queue<PastryDelivery<TPeer>> _deliveries = new();
    private Instant _maintainAt;
    private Instant _joinAgainAt = Instant.Never;
    private RingContact<TPeer> _entry;

    /// <param name="self">Our own place.</param>
    /// <param name="options">Bounds and times.</param>
    /// <param name="random">Spreads upkeep and draws whom to ask.</param>
    /// <param name="now">The time.</param>
    /// <param name="proximity">How far a peer is in the network, in any unit; null when that does not matter.</param>
    public PastryNode(RingContact<TPeer> self, PastryOptions options, Random random, Instant now, Func<TPeer, long>? proximity = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        (Self, _options, _random) = (self, options, random);
        _leaves = new LeafSet<TPeer>(self.Key, options.LeafSet);
        _table = new PrefixTable<TPeer>(self.Key, proximity);
        _maintainAt = now + (options.MaintainEvery * random.NextDouble());
    }

    /// <summary>Our own place.</summary>
    public RingContact<TPeer> Self { get; }

    /// <summary>Whether the way to our own place was found.</summary>
    public bool IsJoined { get; private set; }

    /// <summary>The nodes nearest to our key.</summary>
    public IReadOnlyList<RingContact<TPeer>> Leaves => _leaves.ToArray();

    public Instant NextDeadline => Instant.Min(_maintainAt, _joinAgainAt);

    /// <summary>The first node of all has nobody to ask.</summary>
    public void BeginAlone() => IsJoined = true;

    /// <summary>Joins through a node that is there, best one that is near in the network; asks again until it is welcome.</summary>
    public void Join(RingContact<TPeer> entry, Instant now)
    {
        _entry = entry;
        _joinAgainAt = now + _options.JoinPatience;
        _outbox.Enqueue((entry.Peer, new PastryMessage<TPeer>(PastryMessageKind.Join, Self.Key, 0, 0, Self, [])));
    }

    /// <summary>Sends a message to the node nearest to a key, where it becomes a delivery.</summary>
    public void Route(RingKey key, ulong id) => PassOn(new PastryMessage<TPeer>(PastryMessageKind.Route, key, id, 0, Self, []));

    /// <summary>Whom to give a message for a key to; null when we are nearest ourselves.</summary>
    public RingContact<TPeer>? NextHop(RingKey key) => NextHop(key, except: null);

    /// <summary>A node is gone: it is forgotten, and its place filled.</summary>
    public void Forget(RingContact<TPeer> gone)
    {
        if (!_gone.Contains(gone.Peer))
        {
            _gone.Enqueue(gone.Peer);
            if (_gone.Count > _options.MaxGone)
                _gone.Dequeue();
        }
        bool wasLeaf = _leaves.Remove(gone.Peer);
        int row = _table.Remove(gone);
        if (!_options.RepairsAtOnce || !IsJoined)
            return;
        if (wasLeaf)
            AskLeaves();
        if (row >= 0)
            AskRow(row);
    }

    /// <summary>The next message that ends here; false when there is none.</summary>
    public bool TryTakeDelivery(out PastryDelivery<TPeer> delivery) => _deliveries.TryDequeue(out delivery);

    public bool TryTransmit(out TPeer to, out PastryMessage<TPeer> message)
    {
        bool any = _outbox.TryDequeue(out (TPeer To, PastryMessage<TPeer> Message) next);
        (to, message) = next;
        return any;
    }

    public void OnDeadline(Instant now)
    {
        if (_joinAgainAt <= now)
            Join(_entry, now);
        if (_maintainAt > now)
            return;
        _maintainAt = now + _options.MaintainEvery;
        // Who was gone then may be back by now.
        _gone.TryDequeue(out _);
        // Nobody is to take us for a member before we are one.
        if (!IsJoined)
            return;
        AskLeaves();
        for (int row = 0; row < _table.Rows; row++)
            AskRow(row);
    }

    public void OnUndelivered(TPeer to, in PastryMessage<TPeer> message, Instant now)
    {
        foreach (RingContact<TPeer> contact in Known(to))
            Forget(contact);
        if (message.Kind is PastryMessageKind.Route or PastryMessageKind.Join && !(message.Origin.Peer.Equals(Self.Peer) && message.Kind == PastryMessageKind.Join))
            PassOn(message with { Hops = message.Hops - 1 });
    }

    public void Receive(TPeer from, in PastryMessage<TPeer> message, Instant now)
    {
        switch (message.Kind)
        {
            // A newcomer knows too few to tell who is nearest; who asked it asks again.
            case PastryMessageKind.Route when IsJoined:
                PassOn(message);
                break;
            case PastryMessageKind.Join when IsJoined:
                OnJoin(message);
                break;
            case PastryMessageKind.Join when !message.Origin.Peer.Equals(Self.Peer):
                _outbox.Enqueue((from, message with { Kind = PastryMessageKind.NotJoined }));
                break;
            case PastryMessageKind.NotJoined when IsJoined:
                OnUndelivered(from, message with { Kind = PastryMessageKind.Join }, now);
                break;
            case PastryMessageKind.Contacts:
                Learn(message.Contacts);
                break;
            case PastryMessageKind.Welcome:
                OnWelcome(message);
                break;
            case PastryMessageKind.Arrived:
                _leaves.Learn(message.Origin);
                _table.Learn(message.Origin);
                break;
            case PastryMessageKind.AskLeaves:
                Tell(from, PastryMessageKind.Contacts, _leaves.ToArray());
                Learn(message.Origin);
                break;
            case PastryMessageKind.AskRow:
                Tell(from, PastryMessageKind.Contacts, _table.Row(message.Hops));
                break;
        }
    }

    private RingContact<TPeer>? NextHop(RingKey key, TPeer? except)
    {
        if (_leaves.Covers(key))
            return _leaves.Nearest(key, except);
        if (_table.Next(key) is { } next && !next.Peer.Equals(except))
            return next;
        // Rare: anybody who shares as many digits and is nearer than we are.
        RingContact<TPeer>? nearest = _leaves.Nearest(key, except);
        int shared = Self.Key.SharedDigits(key);
        for (int row = shared; row < _table.Rows; row++)
        {
            foreach (RingContact<TPeer> known in _table.Row(row))
            {
                if (LeafSet<TPeer>.IsNearer(known.Key, nearest?.Key ?? Self.Key, key) && !known.Peer.Equals(except))
                    nearest = known;
            }
        }
        return nearest;
    }

    private void PassOn(in PastryMessage<TPeer> message)
    {
        if (message.Hops >= _options.MaxHops)
            return;
        // Whoever joins may be known already, as one that was here before and has started again: nobody is to welcome himself.
        if (NextHop(message.Key, message.Kind == PastryMessageKind.Join ? message.Origin.Peer : null) is { } next)
            _outbox.Enqueue((next.Peer, message with { Hops = message.Hops + 1 }));
        else if (message.Kind == PastryMessageKind.Route)
            Deliver(new PastryDelivery<TPeer>(message.Id, message.Key, message.Origin, message.Hops));
        else if (message.Kind == PastryMessageKind.Join && !message.Origin.Peer.Equals(Self.Peer))
            Tell(message.Origin.Peer, PastryMessageKind.Welcome, [Self, .. _leaves.ToArray()]);
    }

    /// <summary>Each node on the newcomer's way gives the rows that fit it.</summary>
    private void OnJoin(in PastryMessage<TPeer> message)
    {
        if (message.Hops >= _options.MaxHops || message.Origin.Key == Self.Key)
            return;
        var rows = new List<RingContact<TPeer>> { Self };
        int shared = Self.Key.SharedDigits(message.Key);
        for (int row = Math.Min(message.Hops, shared); row <= shared; row++)
            rows.AddRange(_table.Row(row));
        Tell(message.Origin.Peer, PastryMessageKind.Contacts, [.. rows]);
        PassOn(message);
    }

    private void OnWelcome(in PastryMessage<TPeer> message)
    {
        Learn(message.Contacts);
        if (IsJoined)
            return;
        IsJoined = true;
        _joinAgainAt = Instant.Never;
        AskLeaves();
        var told = new HashSet<TPeer>();
        foreach (RingContact<TPeer> leaf in _leaves.ToArray())
            Announce(leaf, told);
        for (int row = 0; row < _table.Rows; row++)
        {
            foreach (RingContact<TPeer> contact in _table.Row(row))
                Announce(contact, told);
        }
    }

    private void Announce(in RingContact<TPeer> to, HashSet<TPeer> told)
    {
        if (told.Add(to.Peer))
            Tell(to.Peer, PastryMessageKind.Arrived, []);
    }

    private void Learn(params ReadOnlySpan<RingContact<TPeer>> contacts)
    {
        foreach (ref readonly RingContact<TPeer> contact in contacts)
        {
            if (contact.Key == Self.Key || _gone.Contains(contact.Peer))
                continue;
            // It may be gone, which sending finds out; and of two who joined at one place at once, one tells the other.
            if (_table.Learn(contact) | _leaves.Learn(contact) && IsJoined)
                Tell(contact.Peer, PastryMessageKind.Arrived, []);
        }
    }

    /// <summary>The nearest on each side tell whom they have; the farthest ones too, for they know whom we lost beyond.</summary>
    private void AskLeaves()
    {
        AskEnds(_leaves.Clockwise);
        AskEnds(_leaves.Back);
    }

    private void AskEnds(ReadOnlySpan<RingContact<TPeer>> side)
    {
        if (side.Length > 0)
            Tell(side[0].Peer, PastryMessageKind.AskLeaves, []);
        if (side.Length > 1)
            Tell(side[^1].Peer, PastryMessageKind.AskLeaves, []);
    }

    private void AskRow(int row)
    {
        RingContact<TPeer>[] known = _table.Row(row);
        if (known.Length > 0)
            _outbox.Enqueue((known[_random.Next(known.Length)].Peer, new PastryMessage<TPeer>(PastryMessageKind.AskRow, Self.Key, 0, row, Self, [])));
    }

    private void Tell(TPeer to, PastryMessageKind kind, RingContact<TPeer>[] contacts) =>
        _outbox.Enqueue((to, new PastryMessage<TPeer>(kind, Self.Key, 0, 0, Self, contacts)));

    private IEnumerable<RingContact<TPeer>> Known(TPeer peer)
    {
        IEnumerable<RingContact<TPeer>> all = _leaves.ToArray();
        for (int row = 0; row < _table.Rows; row++)
            all = all.Concat(_table.Row(row));
        return all.Where(c => c.Peer.Equals(peer)).Distinct().ToArray();
    }

    private void Deliver(PastryDelivery<TPeer> delivery)
    {
        if (_deliveries.Count == _options.MaxDeliveries)
            _deliveries.Dequeue();
        _deliveries.Enqueue(delivery);
    }
}
