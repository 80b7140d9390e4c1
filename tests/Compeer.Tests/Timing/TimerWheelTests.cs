using Compeer.Protocols;
using Compeer.Protocols.Timing;

namespace Compeer.Tests.Timing;

/// <summary>The wheel against a plain list of deadlines.</summary>
public sealed class TimerWheelTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData(1, 500)]           // within the first wheel
    [InlineData(2, 60_000)]        // over two wheels
    [InlineData(3, 10_000_000)]    // over all of them
    [InlineData(4, 1_000_000_000)] // beyond all of them
    public void Expires_what_a_sorted_list_does(int seed, int longestMilliseconds)
    {
        var random = new Random(seed);
        Instant now = At(random.Next());
        var wheel = new TimerWheel(Tick, now);
        Probe[] timers = [.. Enumerable.Range(0, 200).Select(_ => new Probe())];
        for (int step = 0; step < 4000; step++)
        {
            Probe timer = timers[random.Next(timers.Length)];
            if (random.Next(4) == 0)
            {
                wheel.Cancel(timer);
                timer.Due = Instant.Never;
            }
            else
            {
                timer.AskedBefore = now;
                timer.Due = now + TimeSpan.FromTicks(random.NextInt64(-TimeSpan.TicksPerSecond, longestMilliseconds * TimeSpan.TicksPerMillisecond));
                wheel.Schedule(timer, timer.Due);
            }
            if (random.Next(3) == 0)
                now = AdvanceTo(wheel, timers, now + TimeSpan.FromTicks(random.NextInt64(longestMilliseconds * TimeSpan.TicksPerMillisecond / 100)));
        }
        AdvanceTo(wheel, timers, now + TimeSpan.FromMilliseconds(longestMilliseconds) + Tick);
        Assert.Equal(0, wheel.Count);
        Assert.Equal(Instant.Never, wheel.NextDeadline);
    }

    [Fact]
    public void Following_its_deadlines_misses_no_timer_and_asks_seldom()
    {
        var random = new Random(5);
        var wheel = new TimerWheel(Tick, Instant.Zero);
        Probe[] timers = [.. Enumerable.Range(0, 500).Select(_ => new Probe { Due = At(random.Next(100_000_000)) })];
        foreach (Probe timer in timers)
            wheel.Schedule(timer, timer.Due);
        int asked = 0;
        while (wheel.NextDeadline is var deadline && deadline != Instant.Never)
        {
            asked++;
            while (wheel.TryExpire(deadline, out WheelTimer? expired))
            {
                var timer = (Probe)expired;
                Assert.InRange(deadline - timer.Due, TimeSpan.Zero, Tick);
                timer.Due = Instant.Never;
            }
        }
        Assert.All(timers, t => Assert.Equal(Instant.Never, t.Due));
        // Each timer at most once for itself and once for each wheel that it comes down from.
        Assert.InRange(asked, 1, timers.Length * 4);
    }

    [Fact]
    public void A_timer_may_be_scheduled_again_when_it_expires()
    {
        var wheel = new TimerWheel(Tick, Instant.Zero);
        var timer = new Probe();
        wheel.Schedule(timer, At(100));
        for (int i = 1; i <= 1000; i++)
        {
            Assert.False(wheel.TryExpire(At(i * 100 - 1), out _));
            Assert.True(wheel.TryExpire(At(i * 100), out WheelTimer? expired));
            Assert.Same(timer, expired);
            Assert.False(timer.IsScheduled);
            wheel.Schedule(timer, At((i + 1) * 100));
        }
    }

    [Fact]
    public void Scheduling_and_expiring_allocate_nothing()
    {
        var wheel = new TimerWheel(Tick, Instant.Zero);
        Probe[] timers = [.. Enumerable.Range(0, 64).Select(_ => new Probe())];
        Turn(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Turn(1_000_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Turn(int start)
        {
            for (int i = 0; i < timers.Length; i++)
                wheel.Schedule(timers[i], At(start + i * 977));
            while (wheel.TryExpire(At(start + 100_000), out _))
                continue;
        }
    }

    private static Instant AdvanceTo(TimerWheel wheel, Probe[] timers, Instant now)
    {
        Instant latest = Instant.Zero;
        while (wheel.TryExpire(now, out WheelTimer? expired))
        {
            var timer = (Probe)expired;
            Assert.True(timer.Due <= now, "It is early.");
            // What is overdue when it is scheduled takes its place behind what was taken before.
            Instant turn = timer.Due > timer.AskedBefore ? timer.Due : timer.AskedBefore;
            Assert.True(turn + Tick > latest, "A later one came first.");
            latest = turn > latest ? turn : latest;
            timer.Due = Instant.Never;
        }
        Assert.All(timers, t => Assert.True(t.Due + Tick > now, "One was left behind."));
        Assert.Equal(timers.Count(t => t.Due != Instant.Never), wheel.Count);
        Assert.True(wheel.NextDeadline <= timers.Min(t => t.Due) + Tick, "It would be asked too late.");
        return now;
    }

    private static Instant At(long milliseconds) => new(milliseconds * TimeSpan.TicksPerMillisecond);

    private sealed class Probe : WheelTimer
    {
        public Instant Due { get; set; } = Instant.Never;

        public Instant AskedBefore { get; set; }
    }
}
