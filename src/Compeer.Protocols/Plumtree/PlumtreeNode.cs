using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Plumtree;

/// <summary>
/// Broadcasts over the neighbours of a membership protocol: payloads go along a tree (eager push), and all other links only
/// tell what is there (lazy push), by which the tree is mended when a branch breaks. Single-threaded; never throws on what others send.
/// </summary>
/// <remarks>Spec: Leitão, Pereira, Rodrigues, "Epidemic broadcast trees" (SRDS 2007), algorithms 1 to 3 and section 3.8.</remarks>
public sealed class PlumtreeNode<TPeer>(PlumtreeOptions options) : IOverlayMachine<TPeer, PlumtreeMessage>
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly Dictionary<TPeer, bool> _isEager = [];
    private readonly Dictionary<ulong, PlumtreeMessage> _received = [];
    private readonly Queue<ulong> _order = new();
    private readonly List<Missing> _missing = [];
    private readonly Queue<(TPeer To, PlumtreeMessage Message)> _outbox = new();
    private readonly Queue<PlumtreeMessage> _deliveries = new();

    /// <summary>Neighbours that payloads are pushed to.</summary>
    public int EagerCount => _isEager.Values.Count(eager => eager);

    public Instant NextDeadline => _missing.Count == 0 ? Instant.Never : _missing.Min(m => m.Deadline);

    /// <summary>Whether a broadcast has come.</summary>
    public bool Has(ulong broadcast) => _received.ContainsKey(broadcast);

    /// <summary>A neighbour came: its link is tried as a branch of the tree.</summary>
    public void OnNeighbourUp(TPeer peer) => _isEager[peer] = true;

    /// <summary>A neighbour went.</summary>
    public void OnNeighbourDown(TPeer peer)
    {
        _isEager.Remove(peer);
        foreach (Missing missing in _missing)
            missing.Holders.RemoveAll(h => h.Peer.Equals(peer));
    }

    /// <summary>Sends to everybody.</summary>
    public void Broadcast(ulong broadcast, ReadOnlyMemory<byte> payload)
    {
        var message = new PlumtreeMessage(PlumtreeMessageKind.Gossip, broadcast, 0, payload);
        if (Remember(message))
            Push(message, except: null);
    }

    /// <summary>A broadcast that has come, once each, in no order; false when there is no further.</summary>
    public bool TryTakeDelivery(out PlumtreeMessage delivery) => _deliveries.TryDequeue(out delivery);

    public bool TryTransmit(out TPeer to, out PlumtreeMessage message)
    {
        bool any = _outbox.TryDequeue(out (TPeer To, PlumtreeMessage Message) next);
        (to, message) = next;
        return any;
    }

    public void OnUndelivered(TPeer to, in PlumtreeMessage message, Instant now) => OnNeighbourDown(to);

    public void Receive(TPeer from, in PlumtreeMessage message, Instant now)
    {
        switch (message.Kind)
        {
            case PlumtreeMessageKind.Gossip:
                OnGossip(from, message);
                break;
            case PlumtreeMessageKind.IHave:
                OnHave(from, message, now);
                break;
            case PlumtreeMessageKind.Graft:
                SetEager(from, true);
                if (_received.TryGetValue(message.Broadcast, out PlumtreeMessage asked))
                    _outbox.Enqueue((from, asked with { Round = asked.Round + 1 }));
                break;
            case PlumtreeMessageKind.Prune:
                SetEager(from, false);
                break;
        }
    }

    public void OnDeadline(Instant now)
    {
        for (int i = _missing.Count - 1; i >= 0; i--)
        {
            Missing missing = _missing[i];
            if (missing.Deadline > now)
                continue;
            if (missing.Holders.Count == 0)
            {
                _missing.RemoveAt(i);
                continue;
            }
            (TPeer peer, int round) = missing.Holders[0];
            missing.Holders.RemoveAt(0);
            missing.Deadline = now + options.GraftPatience;
            SetEager(peer, true);
            _outbox.Enqueue((peer, new PlumtreeMessage(PlumtreeMessageKind.Graft, missing.Broadcast, round, default)));
        }
    }

    private void OnGossip(TPeer from, in PlumtreeMessage message)
    {
        if (message.Payload.Length > options.MaxPayloadBytes || message.Round < 0 || message.Round == int.MaxValue)
            return;
        if (!Remember(message))
        {
            SetEager(from, false);
            _outbox.Enqueue((from, new PlumtreeMessage(PlumtreeMessageKind.Prune, message.Broadcast, 0, default)));
            return;
        }
        SetEager(from, true);
        Optimise(from, message);
        _missing.RemoveAll(Is(message.Broadcast));
        _deliveries.Enqueue(message);
        Push(message, from);
    }

    /// <summary>A neighbour on a lazy link had it much nearer to the origin: it becomes our parent instead.</summary>
    private void Optimise(TPeer from, in PlumtreeMessage message)
    {
        if (_missing.Find(Is(message.Broadcast)) is not { Holders: [var nearest, ..] } || nearest.Peer.Equals(from))
            return;
        if (message.Round - nearest.Round < options.OptimisationThreshold)
            return;
        SetEager(nearest.Peer, true);
        _outbox.Enqueue((nearest.Peer, new PlumtreeMessage(PlumtreeMessageKind.Graft, 0, nearest.Round, default)));
        SetEager(from, false);
        _outbox.Enqueue((from, new PlumtreeMessage(PlumtreeMessageKind.Prune, message.Broadcast, 0, default)));
    }

    private void OnHave(TPeer from, in PlumtreeMessage message, Instant now)
    {
        if (_received.ContainsKey(message.Broadcast) || !_isEager.ContainsKey(from))
            return;
        if (_missing.Find(Is(message.Broadcast)) is not { } missing)
        {
            if (_missing.Count == options.MaxRemembered)
                return;
            missing = new Missing(message.Broadcast) { Deadline = now + options.MissingPatience };
            _missing.Add(missing);
        }
        if (!missing.Holders.Exists(h => h.Peer.Equals(from)))
            missing.Holders.Add((from, message.Round));
    }

    private void Push(in PlumtreeMessage message, TPeer? except)
    {
        PlumtreeMessage payload = message with { Round = message.Round + 1 };
        var have = new PlumtreeMessage(PlumtreeMessageKind.IHave, message.Broadcast, payload.Round, default);
        foreach ((TPeer peer, bool isEager) in _isEager)
        {
            if (!(except is { } came && came.Equals(peer)))
                _outbox.Enqueue((peer, isEager ? payload : have));
        }
    }

    private bool Remember(in PlumtreeMessage message)
    {
        if (!_received.TryAdd(message.Broadcast, message))
            return false;
        _order.Enqueue(message.Broadcast);
        if (_order.Count > options.MaxRemembered)
            _received.Remove(_order.Dequeue());
        return true;
    }

    /// <summary>Only of neighbours: whoever else sends has no link that could be a branch.</summary>
    private void SetEager(TPeer peer, bool isEager)
    {
        if (_isEager.ContainsKey(peer))
            _isEager[peer] = isEager;
    }

    private static Predicate<Missing> Is(ulong broadcast) => m => m.Broadcast == broadcast;

    private sealed class Missing(ulong broadcast)
    {
        public ulong Broadcast { get; } = broadcast;

        /// <summary>Neighbours that have it, the first to say so first.</summary>
        public List<(TPeer Peer, int Round)> Holders { get; } = [];

        public Instant Deadline { get; set; }
    }
}
