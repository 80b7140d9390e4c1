namespace Compeer.Protocols.RateLimiting;

/// <summary>Gives turns to many who want the same at once, so that they come one after the other. Single-threaded, no clock.</summary>
public sealed class TurnSpacing
{
    private Instant _next = Instant.Zero;

    /// <summary>The next free turn, which is the caller's from now on: now, or <paramref name="gap"/> after the last one given.</summary>
    public Instant Take(Instant now, TimeSpan gap)
    {
        Instant turn = _next > now ? _next : now;
        _next = turn + gap;
        return turn;
    }
}
