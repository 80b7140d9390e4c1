using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.HyParView;

/// <summary>
/// Keeps a few neighbours that both sides hold for such (the active view), and many nodes in reserve (the passive view), so
/// that the graph of all nodes stays connected though most of them fail at once. Single-threaded; never throws on what others send.
/// </summary>
/// <remarks>Spec: Leitão, Pereira, Rodrigues, "HyParView: a membership protocol for reliable gossip-based broadcast" (DSN 2007), algorithm 1 and section 4.</remarks>
public sealed class HyParViewNode<TPeer> : IOverlayMachine<TPeer, HyParViewMessage<TPeer>>
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly HyParViewOptions _options;
    private readonly Random _random;
    private readonly List<TPeer> _active = [];
    private readonly List<TPeer> _passive = [];
    private readonly List<TPeer> _asked = [];
    private readonly List<(TPeer Peer, Instant At)> _lost = [];
    private readonly Queue<(TPeer To, HyParViewMessage<TPeer> Message)> _outbox = new();
    private readonly Queue<(TPeer Peer, bool IsUp)> _changes = new();
    private Instant _shuffleAt;
    private Instant _promoteAt = Instant.Never;
    private Instant _retryAt = Instant.Never;

    /// <param name="self">Our own name.</param>
    /// <param name="options">Sizes and times.</param>
    /// <param name="random">Draws whom to choose and whom to drop.</param>
    /// <param name="now">The time.</param>
    public HyParViewNode(TPeer self, HyParViewOptions options, Random random, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        (Self, _options, _random) = (self, options, random);
        _shuffleAt = now + (options.ShuffleEvery * random.NextDouble());
    }

    /// <summary>Our own name.</summary>
    public TPeer Self { get; }

    /// <summary>Our neighbours.</summary>
    public IReadOnlyList<TPeer> Active => _active;

    /// <summary>Nodes in reserve.</summary>
    public IReadOnlyList<TPeer> Passive => _passive;

    public Instant NextDeadline => Instant.Min(_shuffleAt, Instant.Min(_promoteAt, _retryAt));

    /// <summary>Joins through a node that is there.</summary>
    public void Join(TPeer entry)
    {
        if (entry.Equals(Self))
            return;
        AddActive(entry);
        Send(entry, HyParViewMessageKind.Join, Self);
    }

    /// <summary>The connection to a neighbour broke.</summary>
    public void OnLinkDown(TPeer peer, Instant now)
    {
        _passive.Remove(peer);
        _asked.Remove(peer);
        if (!_active.Remove(peer))
            return;
        _changes.Enqueue((peer, false));
        Remember(peer, now);
        Promote(now);
    }

    /// <summary>A neighbour came or went; false when there is no more news.</summary>
    public bool TryTakeChange(out TPeer peer, out bool isUp)
    {
        bool any = _changes.TryDequeue(out (TPeer Peer, bool IsUp) change);
        (peer, isUp) = change;
        return any;
    }

    public bool TryTransmit(out TPeer to, out HyParViewMessage<TPeer> message)
    {
        bool any = _outbox.TryDequeue(out (TPeer To, HyParViewMessage<TPeer> Message) next);
        (to, message) = next;
        return any;
    }

    public void OnUndelivered(TPeer to, in HyParViewMessage<TPeer> message, Instant now)
    {
        bool wasAsked = _asked.Contains(to);
        OnLinkDown(to, now);
        if (wasAsked)
            Promote(now);
    }

    public void OnDeadline(Instant now)
    {
        if (_promoteAt <= now)
        {
            // Who was asked and has not answered is not waited for any longer.
            _asked.Clear();
            Promote(now);
        }
        if (_retryAt <= now)
            RetryLost(now);
        if (_shuffleAt > now)
            return;
        _shuffleAt = now + _options.ShuffleEvery;
        if (_active.Count == 0)
            return;
        TPeer first = _active[_random.Next(_active.Count)];
        TPeer[] given = [Self, .. Sample(_active, _options.ShuffleActive, first), .. Sample(_passive, _options.ShufflePassive, first)];
        _outbox.Enqueue((first, new HyParViewMessage<TPeer>(HyParViewMessageKind.Shuffle, Self, _options.ActiveWalk, false, given)));
    }

    public void Receive(TPeer from, in HyParViewMessage<TPeer> message, Instant now)
    {
        switch (message.Kind)
        {
            case HyParViewMessageKind.Join:
                AddActive(from);
                foreach (TPeer neighbour in _active)
                {
                    if (!neighbour.Equals(from))
                        Send(neighbour, HyParViewMessageKind.ForwardJoin, from, _options.ActiveWalk);
                }
                break;
            case HyParViewMessageKind.ForwardJoin:
                OnForwardJoin(from, message);
                break;
            case HyParViewMessageKind.Neighbour:
                OnNeighbour(from, message.HasPriority);
                break;
            case HyParViewMessageKind.Accepted:
                _asked.Remove(from);
                _passive.Remove(from);
                AddActive(from);
                Promote(now);
                break;
            case HyParViewMessageKind.Refused:
                _asked.Remove(from);
                Promote(now, except: from);
                break;
            case HyParViewMessageKind.Disconnect:
                OnDisconnect(from, now);
                break;
            case HyParViewMessageKind.Shuffle:
                OnShuffle(from, message);
                break;
            case HyParViewMessageKind.ShuffleReply:
                AddPassive(message.Peers, []);
                break;
        }
    }

    private void OnForwardJoin(TPeer from, in HyParViewMessage<TPeer> message)
    {
        TPeer joined = message.Subject;
        if (joined.Equals(Self))
            return;
        int left = Math.Min(message.TimeToLive, _options.ActiveWalk);
        if (left <= 0 || _active.Count <= 1)
        {
            if (!_active.Contains(joined))
                Send(joined, HyParViewMessageKind.Neighbour, Self, hasPriority: true);
            return;
        }
        if (left == _options.PassiveWalk)
            AddPassive([joined], []);
        if (TryChoose(_active, from, joined, out TPeer next))
            Send(next, HyParViewMessageKind.ForwardJoin, joined, left - 1);
    }

    private void OnNeighbour(TPeer from, bool hasPriority)
    {
        bool isWelcome = hasPriority || _active.Contains(from) || _active.Count < _options.ActiveView;
        if (isWelcome)
            AddActive(from);
        Send(from, isWelcome ? HyParViewMessageKind.Accepted : HyParViewMessageKind.Refused, Self);
    }

    private void OnDisconnect(TPeer from, Instant now)
    {
        if (!_active.Remove(from))
            return;
        _changes.Enqueue((from, false));
        // Not at once: where many want a place at few, each would push out the next one.
        _promoteAt = Instant.Min(_promoteAt, now + _options.PromoteEvery);
        AddPassive([from], []);
    }

    private void OnShuffle(TPeer from, in HyParViewMessage<TPeer> message)
    {
        int left = Math.Min(message.TimeToLive, _options.ActiveWalk) - 1;
        if (left > 0 && _active.Count > 1 && TryChoose(_active, from, message.Subject, out TPeer next))
        {
            _outbox.Enqueue((next, message with { TimeToLive = left }));
            return;
        }
        if (message.Subject.Equals(Self))
            return;
        TPeer[] given = Sample(_passive, Math.Min(message.Peers.Length, _options.ShuffleActive + _options.ShufflePassive + 1), message.Subject);
        _outbox.Enqueue((message.Subject, new HyParViewMessage<TPeer>(HyParViewMessageKind.ShuffleReply, Self, 0, false, given)));
        AddPassive(message.Peers, given);
    }

    /// <summary>Asks one in reserve to be a neighbour while there are too few, again after a while until there are enough.</summary>
    private void Promote(Instant now, TPeer? except = null)
    {
        _promoteAt = Instant.Never;
        if (_active.Count + _asked.Count >= _options.ActiveView)
            return;
        _promoteAt = now + _options.PromoteEvery;
        TPeer[] free = [.. _passive.Where(p => !_asked.Contains(p) && !(except is { } not && not.Equals(p)))];
        if (free.Length == 0)
            return;
        TPeer chosen = free[_random.Next(free.Length)];
        _asked.Add(chosen);
        Send(chosen, HyParViewMessageKind.Neighbour, Self, hasPriority: _active.Count == 0);
    }

    // DEVIATION: the paper forgets whoever fails. Then two parts that a partition made never find each other again, for both
    // have filled their views with their own by the time it ends.
    private void Remember(TPeer peer, Instant now)
    {
        if (_lost.Count >= _options.MaxLost)
            _lost.Remove(_lost.MinBy(l => l.At));
        _lost.Add((peer, now));
        _retryAt = Instant.Min(_retryAt, now + RetryEvery);
    }

    /// <summary>Asks the neighbour whose turn it is to be one again.</summary>
    private void RetryLost(Instant now)
    {
        _lost.RemoveAll(l => now - l.At > _options.ForgetLostAfter);
        _retryAt = _lost.Count > 0 ? now + RetryEvery : Instant.Never;
        if (_lost.Count == 0)
            return;
        (TPeer Peer, Instant At) next = _lost[0];
        _lost.RemoveAt(0);
        _lost.Add(next);
        // With priority, for a neighbour that is full too would refuse, and the two parts would stay apart.
        Send(next.Peer, HyParViewMessageKind.Neighbour, Self, hasPriority: true);
    }

    private TimeSpan RetryEvery => _active.Count > 0 ? _options.RetryLostEvery : _options.ShuffleEvery;

    private void AddActive(TPeer peer)
    {
        if (peer.Equals(Self) || _active.Contains(peer))
            return;
        _lost.RemoveAll(l => l.Peer.Equals(peer));
        _passive.Remove(peer);
        if (_active.Count >= _options.ActiveView)
        {
            TPeer dropped = _active[_random.Next(_active.Count)];
            _active.Remove(dropped);
            _changes.Enqueue((dropped, false));
            Send(dropped, HyParViewMessageKind.Disconnect, Self);
            AddPassive([dropped], []);
        }
        _active.Add(peer);
        _changes.Enqueue((peer, true));
    }

    /// <summary>Keeps nodes in reserve; for room, those go first that the other side was just given.</summary>
    private void AddPassive(ReadOnlySpan<TPeer> peers, TPeer[] given)
    {
        foreach (TPeer peer in peers[..Math.Min(peers.Length, _options.PassiveView)])
        {
            if (peer.Equals(Self) || _active.Contains(peer) || _passive.Contains(peer))
                continue;
            if (_passive.Count >= _options.PassiveView)
            {
                int at = _passive.FindIndex(p => Array.IndexOf(given, p) >= 0);
                _passive.RemoveAt(at >= 0 ? at : _random.Next(_passive.Count));
            }
            _passive.Add(peer);
        }
    }

    private TPeer[] Sample(List<TPeer> from, int count, TPeer except)
    {
        TPeer[] all = [.. from.Where(p => !p.Equals(except))];
        _random.Shuffle(all);
        return all.Length <= count ? all : all[..count];
    }

    private bool TryChoose(List<TPeer> from, TPeer except, TPeer alsoExcept, out TPeer chosen)
    {
        TPeer[] free = [.. from.Where(p => !p.Equals(except) && !p.Equals(alsoExcept))];
        chosen = free.Length == 0 ? default : free[_random.Next(free.Length)];
        return free.Length > 0;
    }

    private void Send(TPeer to, HyParViewMessageKind kind, TPeer subject, int timeToLive = 0, bool hasPriority = false) =>
        _outbox.Enqueue((to, new HyParViewMessage<TPeer>(kind, subject, timeToLive, hasPriority, [])));
}
