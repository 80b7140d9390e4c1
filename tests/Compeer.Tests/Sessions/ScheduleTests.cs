using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Node.Configuration;
using Compeer.Node.State;
using Compeer.Node.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>The limits' schedule, over a night that passes as fast as the clock is turned.</summary>
public sealed class ScheduleTests
{
    private static readonly string[] Days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    [Fact]
    public async Task A_transfer_stands_while_a_rule_says_so_and_goes_on_when_its_hours_end()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var swarm = new TestSwarm();
        var clock = new HandClock(DateTimeOffset.Parse("2026-03-02T21:59:50Z", System.Globalization.CultureInfo.InvariantCulture));
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/film.bin", 3_000_000));
        TorrentClient seed = swarm.Start("seed"), leech = swarm.Start("leech");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        Directory.CreateDirectory(swarm.Folder["node"]);
        using StateStore state = StateStore.Open(Path.Combine(swarm.Folder["node"], "node.state"));
        NodeConfiguration configuration = NodeConfiguration.Load(swarm.Folder["node"], static _ => null, new Dictionary<string, string>());
        await using var limits = new SpeedLimits(state, configuration, leech, clock);
        limits.SetSchedule([new LimitRule([.. Days], "22:00", "06:00", 0, 1)]);
        Assert.Equal("These are the usual limits.", limits.Active.Why);

        clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(1, limits.Active.Down);
        while (leech.RateLimits.Download != 1)
            await Task.Delay(10, patience.Token);
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilAsync(fetching, s => s is { Phase: TorrentPhase.Downloading, Peers: 1 });
        clock.Advance(TimeSpan.FromHours(4));
        Assert.True(fetching.Status.Fraction < 1, "a byte a second brought everything");

        clock.Advance(TimeSpan.FromHours(4));
        Assert.Equal("These are the usual limits.", limits.Active.Why);
        await TestSwarm.UntilCompleteAsync(fetching);
    }
}
