namespace Compeer.Protocols.Gossipsub;

/// <summary>What is known of the messages of the last minutes: their verdict, and who gave copies of them before there was one.</summary>
internal sealed class SeenMessages<TPeer>(TimeSpan keptFor, int max)
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly Dictionary<MessageId, SeenMessage<TPeer>> _seen = [];
    private readonly Queue<(MessageId Id, Instant At)> _order = new();
    private readonly Queue<(SeenMessage<TPeer> Seen, Instant Until)> _counting = new();

    /// <summary>What is known of a message; null when it was not seen.</summary>
    public SeenMessage<TPeer>? Find(MessageId id) => _seen.GetValueOrDefault(id);

    /// <summary>Messages without a verdict.</summary>
    public int Unjudged { get; private set; }

    /// <summary>Notes a message that was not seen and waits for its verdict.</summary>
    public SeenMessage<TPeer> Add(MessageId id, PubsubMessage message, Instant now)
    {
        while (_order.Count >= max)
            ForgetOldest();
        _order.Enqueue((id, now));
        Unjudged++;
        return _seen[id] = new SeenMessage<TPeer> { Waiting = message };
    }

    /// <summary>Who gives copies of an accepted message counts until then.</summary>
    public void CountCopies(SeenMessage<TPeer> seen, Instant until) => _counting.Enqueue((seen, until));

    /// <summary>Forgets what is past.</summary>
    public void Forget(Instant now)
    {
        while (_counting.TryPeek(out (SeenMessage<TPeer> Seen, Instant Until) counted) && counted.Until < now)
            _counting.Dequeue().Seen.Givers = null;
        while (_order.TryPeek(out (MessageId Id, Instant At) oldest) && now - oldest.At > keptFor)
            ForgetOldest();
    }

    /// <summary>Notes the verdict.</summary>
    public void Judge(SeenMessage<TPeer> seen, Verdict verdict, Instant now)
    {
        (seen.Verdict, seen.JudgedAt, seen.Waiting) = (verdict, now, null);
        Unjudged--;
    }

    private void ForgetOldest()
    {
        if (_seen.Remove(_order.Dequeue().Id, out SeenMessage<TPeer>? forgotten) && forgotten.Verdict is null)
            Unjudged--;
    }
}

/// <summary>A message that was seen.</summary>
internal sealed class SeenMessage<TPeer>
    where TPeer : struct, IEquatable<TPeer>
{
    /// <summary>The application's; null until it is known.</summary>
    public Verdict? Verdict { get; set; }

    public Instant JudgedAt { get; set; }

    /// <summary>Who gave it, the first first; null where nobody needs to know.</summary>
    public List<TPeer>? Givers { get; set; }

    /// <summary>What waits for the verdict.</summary>
    public PubsubMessage? Waiting { get; set; }
}

/// <summary>What the application thinks of a message.</summary>
public enum Verdict
{
    /// <summary>It is valid: pass it on.</summary>
    Accept,

    /// <summary>It is invalid, and whoever passed it on should have seen that.</summary>
    Reject,

    /// <summary>It is not passed on, and nobody is blamed.</summary>
    Ignore,
}
