using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Gossip;

/// <summary>
/// Spreads news as rumours: who hears one tells it on to random others, and loses interest by chance. Cheap and fast, but a
/// share of about e^-traffic never hears of it; anti-entropy finds those. Single-threaded.
/// </summary>
/// <remarks>Spec: Demers et al., "Epidemic algorithms for replicated database maintenance" (1987), section 1.4; push, blind or with feedback, coin or counter.</remarks>
/// <param name="options">When a node stops.</param>
/// <param name="random">Tosses the coins.</param>
/// <param name="partner">Draws somebody to tell: uniform over all nodes, or a sample of them; null for nobody.</param>
public sealed class RumourNode<TPeer>(RumourOptions options, Random random, Func<TPeer?> partner) : IOverlayMachine<TPeer, RumourMessage>
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly HashSet<ulong> _known = [];
    private readonly Queue<ulong> _order = new();
    private readonly List<(ulong Rumour, int Count)> _hot = [];
    private readonly Queue<(TPeer To, RumourMessage Message)> _outbox = new();

    /// <summary>Rumours that are still told on.</summary>
    public int HotCount => _hot.Count;

    public Instant NextDeadline { get; private set; } = Instant.Never;

    /// <summary>Whether a rumour was heard.</summary>
    public bool Knows(ulong rumour) => _known.Contains(rumour);

    /// <summary>Begins to tell a rumour.</summary>
    public void Tell(ulong rumour, Instant now) => Hear(rumour, now);

    public bool TryTransmit(out TPeer to, out RumourMessage message)
    {
        bool any = _outbox.TryDequeue(out (TPeer To, RumourMessage Message) next);
        (to, message) = next;
        return any;
    }

    public void Receive(TPeer from, in RumourMessage message, Instant now)
    {
        if (message.IsAnswer)
            LoseInterest(message.Rumour);
        else if (!Hear(message.Rumour, now) && options.HasFeedback)
            _outbox.Enqueue((from, message with { IsAnswer = true }));
    }

    public void OnUndelivered(TPeer to, in RumourMessage message, Instant now)
    {
        // Who is gone needs no news; the next round draws somebody else.
    }

    public void OnDeadline(Instant now)
    {
        for (int i = _hot.Count - 1; i >= 0; i--)
        {
            ulong rumour = _hot[i].Rumour;
            if (partner() is { } other)
                _outbox.Enqueue((other, new RumourMessage(rumour, false)));
            if (!options.HasFeedback)
                LoseInterest(rumour);
        }
        NextDeadline = _hot.Count > 0 ? now + options.TellEvery : Instant.Never;
    }

    private bool Hear(ulong rumour, Instant now)
    {
        if (!_known.Add(rumour))
            return false;
        _order.Enqueue(rumour);
        if (_order.Count > options.MaxRumours)
            _known.Remove(_order.Dequeue());
        if (_hot.Count == options.MaxRumours)
            _hot.RemoveAt(0);
        _hot.Add((rumour, 0));
        NextDeadline = Instant.Min(NextDeadline, now + options.TellEvery);
        return true;
    }

    private void LoseInterest(ulong rumour)
    {
        int at = _hot.FindIndex(h => h.Rumour == rumour);
        if (at < 0)
            return;
        _hot[at] = (rumour, _hot[at].Count + 1);
        if (options.Counts ? _hot[at].Count >= options.K : random.Next(options.K) == 0)
            _hot.RemoveAt(at);
    }
}
