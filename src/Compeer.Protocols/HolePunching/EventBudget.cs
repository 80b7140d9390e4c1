namespace Compeer.Protocols.HolePunching;

/// <summary>Allows a burst of events and then one an interval.</summary>
internal sealed class EventBudget(int burst, TimeSpan interval)
{
    // The instant at which the budget was, or will be, full again.
    private Instant _full;

    /// <summary>Takes one; false when none is left.</summary>
    public bool TryTake(Instant now)
    {
        Instant from = _full < now ? now : _full;
        if (from - now > interval * (burst - 1))
            return false;
        _full = from + interval;
        return true;
    }
}
