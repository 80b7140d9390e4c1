using Compeer.Protocols;
using Compeer.Protocols.Utp;

namespace Compeer.Tests.Utp;

/// <summary>Congestion control over a virtual bottleneck.</summary>
public sealed class LedbatTests
{
    private const int Rate = 300_000;

    private static readonly LinkOptions Bottleneck = new() { Delay = TimeSpan.FromMilliseconds(25), Rate = Rate, QueueBytes = 2 * Rate };

    [Theory]
    [InlineData(0)]
    [InlineData(0.0001)]
    [InlineData(-0.0001)]
    public void The_queue_stays_near_the_target_and_the_link_full(double drift)
    {
        var link = new VirtualLink(1, Bottleneck);
        link.B.Drift = drift;
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, long.MaxValue, () => link.Now, () => link.B.Local(link.Now));
        link.OnStep = flow.Step;
        link.Run(TimeSpan.FromSeconds(20));
        long before = flow.Received;
        int first = link.Queueing.Count;
        link.Run(TimeSpan.FromMinutes(drift == 0 ? 1 : 4));
        double seconds = drift == 0 ? 60 : 240;
        TimeSpan[] delays = [.. link.Queueing.Skip(first).Select(q => q.Delay).Order()];
        Assert.InRange(delays[delays.Length / 2].TotalMilliseconds, 40, 130);
        Assert.InRange(delays[(int)(delays.Length * 0.95)].TotalMilliseconds, 40, 200);
        Assert.True((flow.Received - before) / seconds > 0.9 * Rate, $"{(flow.Received - before) / seconds:0} B/s");
        Assert.Equal(0, a.Statistics.ResentPackets);
    }

    [Fact]
    public void It_yields_to_traffic_that_fills_the_queue_and_comes_back()
    {
        var link = new VirtualLink(2, Bottleneck);
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, long.MaxValue, () => link.Now, () => link.Now);
        bool busy = false;
        link.OnStep = () =>
        {
            flow.Step();
            // Something greedy keeps 400 ms of the queue full.
            if (busy && link.A.BusyUntil < link.Now + TimeSpan.FromMilliseconds(400))
                link.A.BusyUntil = link.Now + TimeSpan.FromMilliseconds(400);
        };
        link.Run(TimeSpan.FromSeconds(20));
        busy = true;
        link.Run(TimeSpan.FromSeconds(10));
        long before = flow.Received;
        link.Run(TimeSpan.FromSeconds(10));
        Assert.True((flow.Received - before) / 10 < 0.05 * Rate, $"{(flow.Received - before) / 10} B/s beside greedy traffic");
        busy = false;
        link.Run(TimeSpan.FromSeconds(30));
        before = flow.Received;
        link.Run(TimeSpan.FromSeconds(10));
        Assert.True((flow.Received - before) / 10 > 0.8 * Rate, $"{(flow.Received - before) / 10} B/s afterwards");
    }

    [Fact]
    public void A_loss_halves_the_window_once_in_a_round_trip()
    {
        var options = new UtpOptions();
        var congestion = new LedbatController(options, 1400);
        Instant now = Instant.Zero + TimeSpan.FromSeconds(10);
        for (int i = 0; i < 100; i++)
            congestion.OnAcknowledged(1400, congestion.WindowBytes, TimeSpan.Zero);
        int before = congestion.WindowBytes;
        Assert.True(congestion.OnLoss(now - TimeSpan.FromMilliseconds(50), now));
        Assert.Equal(before / 2, congestion.WindowBytes, 1.0);
        Assert.False(congestion.OnLoss(now - TimeSpan.FromMilliseconds(40), now + TimeSpan.FromMilliseconds(150)));
        Assert.False(congestion.OnLoss(now + TimeSpan.FromMilliseconds(5), now + TimeSpan.FromMilliseconds(60)));
        Assert.True(congestion.OnLoss(now + TimeSpan.FromMilliseconds(5), now + TimeSpan.FromMilliseconds(101)));
        Assert.False(congestion.IsInSlowStart);
    }

    [Fact]
    public void A_window_that_is_not_used_does_not_grow()
    {
        var congestion = new LedbatController(new UtpOptions(), 1400);
        int before = congestion.WindowBytes;
        for (int i = 0; i < 1000; i++)
            congestion.OnAcknowledged(100, 100, TimeSpan.Zero);
        Assert.Equal(before, congestion.WindowBytes);
    }
}
