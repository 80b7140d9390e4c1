using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Gossip;

/// <summary>
/// Spreads news as rumours: who hears one tells it on to random others, and loses interest by chance. Cheap and fast, but a
/// share of about e^-traffic never hears of it; anti-entropy finds those. A rumour is a number; where rumours have payloads, who
/// hears a new number asks the teller for what it stands for, so that a payload comes to each node once. Single-threaded; never
/// throws on what others send.
/// </summary>
/// <remarks>Spec: Demers et al., "Epidemic algorithms for replicated database maintenance" (1987), section 1.4; push, blind or with feedback, coin or counter.</remarks>
/// <param name="options">When a node stops.</param>
/// <param name="random">Tosses the coins.</param>
/// <param name="partner">Draws somebody to tell: uniform over all nodes, or a sample of them; null for nobody.</param>
public sealed class RumourNode<TPeer>(RumourOptions options, Random random, Func<TPeer?> partner) : IOverlayMachine<TPeer, RumourMessage>
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly Dictionary<ulong, ReadOnlyMemory<byte>> _known = [];
    private readonly Queue<ulong> _order = new();
    private readonly List<(ulong Rumour, int Count)> _hot = [];
    private readonly List<(ulong Rumour, TPeer From, Instant Until)> _asked = [];
    private readonly Queue<(TPeer To, RumourMessage Message)> _outbox = new();
    private readonly Queue<RumourNews> _news = new();

    /// <summary>Rumours that are still told on.</summary>
    public int HotCount => _hot.Count;

    public Instant NextDeadline { get; private set; } = Instant.Never;

    /// <summary>Whether a rumour was heard, with its payload where rumours have them.</summary>
    public bool Knows(ulong rumour) => _known.ContainsKey(rumour);

    /// <summary>Begins to tell a rumour that is only a number.</summary>
    /// <exception cref="InvalidOperationException">Rumours have payloads here.</exception>
    public void Tell(ulong rumour, Instant now)
    {
        if (options.HasPayloads)
            throw new InvalidOperationException("Rumours have payloads here; give the payload.");
        Hear(rumour, default, now);
    }

    /// <summary>Begins to tell a rumour with a payload.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="InvalidOperationException">Rumours have no payloads here.</exception>
    /// <exception cref="ArgumentException">It is empty, or longer than <see cref="RumourOptions.MaxPayloadBytes"/>.</exception>
    public ulong Tell(ReadOnlyMemory<byte> payload, Instant now)
    {
        if (!options.HasPayloads)
            throw new InvalidOperationException("Rumours have no payloads here.");
        if (payload.Length is 0 || payload.Length > options.MaxPayloadBytes)
            throw new ArgumentException($"A payload has from 1 to {options.MaxPayloadBytes} bytes, not {payload.Length}.", nameof(payload));
        ulong rumour = RumourMessage.NumberOf(payload.Span);
        Hear(rumour, payload, now);
        return rumour;
    }

    /// <summary>The next rumour that came with its payload; false when there is none.</summary>
    public bool TryTakeNews(out RumourNews news) => _news.TryDequeue(out news);

    public bool TryTransmit(out TPeer to, out RumourMessage message)
    {
        bool any = _outbox.TryDequeue(out (TPeer To, RumourMessage Message) next);
        (to, message) = next;
        return any;
    }

    public void Receive(TPeer from, in RumourMessage message, Instant now)
    {
        switch (message.Kind)
        {
            case RumourMessageKind.Known:
                LoseInterest(message.Rumour);
                break;
            case RumourMessageKind.Tell when options.HasPayloads && !Knows(message.Rumour):
                Ask(from, message.Rumour, now);
                break;
            case RumourMessageKind.Tell:
                if (!Hear(message.Rumour, default, now) && options.HasFeedback)
                    _outbox.Enqueue((from, new RumourMessage(message.Rumour, RumourMessageKind.Known)));
                break;
            case RumourMessageKind.Ask when options.HasPayloads && _known.TryGetValue(message.Rumour, out ReadOnlyMemory<byte> payload):
                _outbox.Enqueue((from, new RumourMessage(message.Rumour, RumourMessageKind.Payload, payload)));
                break;
            case RumourMessageKind.Payload:
                OnPayload(from, message, now);
                break;
        }
    }

    public void OnUndelivered(TPeer to, in RumourMessage message, Instant now)
    {
        // Who is gone needs no news, and the next round draws somebody else; whoever tells what we asked of him is asked then.
        _asked.RemoveAll(a => a.From.Equals(to));
    }

    public void OnDeadline(Instant now)
    {
        for (int i = _hot.Count - 1; i >= 0; i--)
        {
            ulong rumour = _hot[i].Rumour;
            if (partner() is { } other)
                _outbox.Enqueue((other, new RumourMessage(rumour, RumourMessageKind.Tell)));
            if (!options.HasFeedback)
                LoseInterest(rumour);
        }
        NextDeadline = _hot.Count > 0 ? now + options.TellEvery : Instant.Never;
    }

    /// <summary>One teller is asked at a time; when he does not answer, the next one who tells is asked.</summary>
    private void Ask(TPeer from, ulong rumour, Instant now)
    {
        _asked.RemoveAll(a => a.Until <= now);
        if (_asked.Exists(a => a.Rumour == rumour) || _asked.Count >= options.MaxAsked || _asked.Count(a => a.From.Equals(from)) >= options.MaxAskedOfOne)
            return;
        _asked.Add((rumour, from, now + options.AskPatience));
        _outbox.Enqueue((from, new RumourMessage(rumour, RumourMessageKind.Ask)));
    }

    private void OnPayload(TPeer from, in RumourMessage message, Instant now)
    {
        ulong rumour = message.Rumour;
        if (_asked.RemoveAll(a => a.Rumour == rumour && a.From.Equals(from)) == 0)
            return;
        if (message.Payload.IsEmpty || message.Payload.Length > options.MaxPayloadBytes || RumourMessage.NumberOf(message.Payload.Span) != rumour)
            return;
        if (Hear(rumour, message.Payload, now) && _news.Count < options.MaxRumours)
            _news.Enqueue(new RumourNews(rumour, message.Payload));
    }

    private bool Hear(ulong rumour, ReadOnlyMemory<byte> payload, Instant now)
    {
        if (!_known.TryAdd(rumour, payload))
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
