using Compeer.Protocols;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Tests.RateLimiting;

public sealed class GroupedTurnsTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    [Fact]
    public void Many_who_come_at_once_get_their_turns_in_groups()
    {
        var turns = new GroupedTurns(Period, 3);
        Instant now = At(11);
        Assert.Equal([now, now, now, At(12), At(12), At(12), At(14), At(14), At(14), At(16)], Enumerable.Range(0, 10).Select(_ => turns.Take(now)));
    }

    [Fact]
    public void A_later_group_counts_those_who_waited_for_it()
    {
        var turns = new GroupedTurns(Period, 2);
        for (int i = 0; i < 3; i++)
            turns.Take(At(10));
        Assert.Equal(At(12.5), turns.Take(At(12.5)));
        Assert.Equal(At(14), turns.Take(At(12.5)));
        Assert.Equal(At(100), turns.Take(At(100)));
    }

    [Fact]
    public void The_beginning_of_a_group_is_the_same_for_all_who_are_due_before_it()
    {
        var turns = new GroupedTurns(Period, 2);
        Assert.Equal([At(10), At(12), At(12), At(12)], new[] { At(10), At(10.01), At(11), At(12) }.Select(turns.BeginningAfter));
    }

    private static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(seconds);
}
