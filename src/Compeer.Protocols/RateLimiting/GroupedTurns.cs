namespace Compeer.Protocols.RateLimiting;

/// <summary>
/// Gives turns at a rate, several at a time with a pause between the groups: what is done together wakes a machine once.
/// Groups begin at whole multiples of the period. Single-threaded, no clock.
/// </summary>
/// <param name="period">From the beginning of one group to that of the next.</param>
/// <param name="together">Turns in a group.</param>
public sealed class GroupedTurns(TimeSpan period, int together)
{
    private long _group = -1;
    private int _taken;

    /// <summary>The next free turn, which is the caller's from now on: now while the present group has one, or the beginning of a later group.</summary>
    public Instant Take(Instant now)
    {
        long present = now.Ticks / period.Ticks;
        if (_group < present)
            (_group, _taken) = (present, 0);
        else if (_taken == together)
            (_group, _taken) = (_group + 1, 0);
        _taken++;
        var begins = new Instant(_group * period.Ticks);
        return begins > now ? begins : now;
    }

    /// <summary>The beginning of the first group that does not begin before <paramref name="due"/>: those who come then come together.</summary>
    public Instant BeginningAfter(Instant due)
    {
        long into = due.Ticks % period.Ticks;
        return into == 0 ? due : new Instant(due.Ticks - into + period.Ticks);
    }
}
