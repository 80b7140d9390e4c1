using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>Limits that change while a torrent runs. Times are not measured: what a limit holds back stays back, and what it lets go arrives.</summary>
public sealed class RateLimitTests
{
    private const int Length = 2_000_000;

    [Theory]
    [InlineData("client", "up")]
    [InlineData("client", "down")]
    [InlineData("torrent", "up")]
    [InlineData("torrent", "down")]
    public async Task A_limit_that_is_lifted_lets_the_rest_through(string whose, string direction)
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length));
        TorrentClient seed = swarm.Start("seed"), leech = swarm.Start("leech");
        Torrent seeding = TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(seeding);
        const long slow = 2_000; // the whole would take a quarter of an hour
        if (whose == "client")
            (direction == "up" ? seed : leech).SetRateLimits(direction == "up" ? slow : 0, direction == "up" ? 0 : slow);
        Torrent fetching = leech.Add(new TorrentSettings
        {
            Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, Peers = [seed.LocalEndPoint],
            DownloadLimit = whose == "torrent" && direction == "down" ? slow : 0,
        });
        if (whose == "torrent" && direction == "up")
            seeding.SetRateLimits(slow, 0);
        await TestSwarm.UntilAsync(fetching, s => s.DownloadedBytes > 0);
        await Task.Delay(500);
        Assert.False(fetching.Completed.IsCompleted);

        seed.SetRateLimits(0, 0);
        leech.SetRateLimits(0, 0);
        seeding.SetRateLimits(0, 0);
        fetching.SetRateLimits(0, 0);
        await TestSwarm.UntilCompleteAsync(fetching);
    }

    [Fact]
    public async Task Negative_limits_are_refused()
    {
        await using var swarm = new TestSwarm();
        Assert.Throws<ArgumentOutOfRangeException>(() => swarm.Start("client").SetRateLimits(-1, 0));
    }
}
