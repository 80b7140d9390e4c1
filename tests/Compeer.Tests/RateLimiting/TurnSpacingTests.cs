using Compeer.Protocols;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Tests.RateLimiting;

public sealed class TurnSpacingTests
{
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void Ten_thousand_that_come_at_once_are_spread_evenly()
    {
        var turns = new TurnSpacing();
        Instant[] taken = [.. Enumerable.Range(0, 10_000).Select(_ => turns.Take(At(7), Gap))];
        Assert.Equal(At(7), taken[0]);
        for (int i = 1; i < taken.Length; i++)
            Assert.Equal(Gap, taken[i] - taken[i - 1]);
    }

    [Fact]
    public void Who_comes_late_enough_does_not_wait_and_earns_nothing_by_it()
    {
        var turns = new TurnSpacing();
        turns.Take(At(0), Gap);
        Assert.Equal(At(60), turns.Take(At(60), Gap));
        Assert.Equal(At(60) + Gap, turns.Take(At(60), Gap));
    }

    private static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(seconds);
}
