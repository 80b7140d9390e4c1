using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>What a person decides while a torrent runs: which files, in which order, and to hash everything again.</summary>
public sealed class ChoiceTests
{
    private const int Big = 1_500_000, Small = 50_001;

    [Fact]
    public async Task What_another_link_names_helps_a_torrent_that_found_nobody()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm, Small, Small, Small);
        Torrent fetching = swarm.Start("leech").Add(new() { InfoHashes = metainfo.InfoHashes, Directory = swarm.Folder["leech"] });
        Assert.True(MagnetLink.TryParse($"magnet:?xt=urn:btih:{metainfo.InfoHashes.V1}&x.pe=127.0.0.1:{seed.LocalEndPoint.Port}", out MagnetLink? link, out string error), error);
        fetching.AddLink(link!);
        await TestSwarm.UntilCompleteAsync(fetching);
    }

    private static readonly FilePriority[] All = [FilePriority.Normal, FilePriority.Normal, FilePriority.Normal];
    private static readonly FilePriority[] NotTheMiddle = [FilePriority.Normal, FilePriority.Skip, FilePriority.Normal];

    [Theory]
    [InlineData("running")]
    [InlineData("asleep")]
    [InlineData("paused")]
    [InlineData("restarted")]
    public async Task A_skipped_file_that_is_wanted_after_all_comes_and_nothing_is_fetched_twice(string state)
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm, Small, 200_000, Small);
        TorrentClient leech = swarm.Start("leech", options => state == "asleep" ? options with { SleepAfter = TimeSpan.Zero } : options);
        Torrent fetching = Fetch(leech, swarm, metainfo, seed, NotTheMiddle);
        await TestSwarm.UntilCompleteAsync(fetching);
        long before = fetching.Status.DownloadedBytes;
        Assert.False(File.Exists(swarm.Folder["leech/box/b.bin"]));
        if (state == "asleep")
            await TestSwarm.UntilAsync(fetching, s => s.IsAsleep);
        if (state == "paused")
            fetching.Pause();
        if (state == "restarted")
        {
            await swarm.StopAsync(leech);
            fetching = Fetch(swarm.Start("leech"), swarm, metainfo, seed, All);
        }
        fetching.SetPriorities(All);
        await TestSwarm.UntilAsync(fetching, s => s.WantedBytes == Small + 200_000 + Small);
        fetching.Resume();
        fetching.AddPeers([seed.LocalEndPoint]);
        await TestSwarm.UntilAsync(fetching, s => s.Phase == TorrentPhase.Seeding && s.VerifiedPieces == metainfo.PieceCount);
        foreach (string name in new[] { "a", "b", "c" })
            Assert.Equal(TransferTests.Hash(swarm.Folder[$"seed/box/{name}.bin"]), TransferTests.Hash(swarm.Folder[$"leech/box/{name}.bin"]));
        Assert.Equal(Small + 200_000 + Small, fetching.Status.DownloadedBytes + (state == "restarted" ? before : 0));
    }

    [Fact]
    public async Task A_file_that_is_skipped_while_it_is_fetched_is_waited_for_no_longer_and_keeps_what_it_has()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm, Small, Big, Small, 200_000);
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = Fetch(leech, swarm, metainfo, seed, [FilePriority.Low, FilePriority.Normal, FilePriority.Low]);
        await TestSwarm.UntilAsync(fetching, s => s.VerifiedPieces > 2);
        fetching.SetPriorities(NotTheMiddle);
        await TestSwarm.UntilCompleteAsync(fetching);
        int verified = fetching.Status.VerifiedPieces;
        Assert.InRange(verified, 3, metainfo.PieceCount - 1);
        await swarm.StopAsync(leech);
        Torrent again = Fetch(swarm.Start("leech"), swarm, metainfo, seed, NotTheMiddle);
        await TestSwarm.UntilCompleteAsync(again);
        Assert.Equal((verified, 0), (again.Status.VerifiedPieces, again.Status.RehashedBytes));
    }

    [Fact]
    public async Task What_is_wanted_most_comes_first()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm, Big, Big, Small, 200_000);
        Torrent fetching = Fetch(swarm.Start("leech"), swarm, metainfo, seed, [FilePriority.Normal, FilePriority.Low, FilePriority.High]);
        FileDetails[] files;
        do
        {
            await TestSwarm.UntilAsync(fetching, s => s.VerifiedPieces > 0);
            files = [.. (await fetching.GetDetailsAsync(CancellationToken.None)).Files];
        }
        while (files[2].VerifiedBytes < Small);
        Assert.True(files[0].VerifiedBytes + files[1].VerifiedBytes < Big);
    }

    [Fact]
    public async Task In_order_means_from_the_first_piece_on()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm, Big, Big, Small, 300_000);
        Torrent fetching = swarm.Start("leech", options => options with { HashThreads = 1 }).Add(new TorrentSettings
        {
            Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, Peers = [seed.LocalEndPoint], Paused = true,
        });
        fetching.SetSequential(true);
        fetching.Resume();
        await TestSwarm.UntilAsync(fetching, s => s.VerifiedPieces > 10);
        byte[] states = (await fetching.GetDetailsAsync(CancellationToken.None)).Pieces.States;
        int verified = states.Count(s => s == (byte)PieceState.Verified);
        Assert.InRange(verified, 10, metainfo.PieceCount - 1);
        // Up to five pieces may be fetched before the seed unchokes us, and it says which (BEP 6).
        Assert.All(states.Take(verified - 5), s => Assert.Equal((byte)PieceState.Verified, s));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_is_hashed_again_on_request_and_what_is_wrong_is_fetched_again(bool asleep)
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm, Big, Small, Small);
        TorrentClient leech = swarm.Start("leech", options => asleep ? options with { SleepAfter = TimeSpan.Zero } : options);
        Torrent fetching = Fetch(leech, swarm, metainfo, seed, All);
        await TestSwarm.UntilCompleteAsync(fetching);
        if (asleep)
            await TestSwarm.UntilAsync(fetching, s => s.IsAsleep);
        string path = swarm.Folder["leech/box/a.bin"];
        DateTime stamp = File.GetLastWriteTimeUtc(path);
        byte[] content = File.ReadAllBytes(path);
        content[Big / 2] ^= 1;
        File.WriteAllBytes(path, content);
        File.SetLastWriteTimeUtc(path, stamp); // so that nobody could notice
        fetching.Recheck();
        await TestSwarm.UntilAsync(fetching, s => s.RehashedBytes >= Big + Small + Small);
        fetching.AddPeers([seed.LocalEndPoint]);
        await TestSwarm.UntilAsync(fetching, s => s.Phase == TorrentPhase.Seeding && s.VerifiedPieces == metainfo.PieceCount);
        Assert.Equal(TransferTests.Hash(swarm.Folder["seed/box/a.bin"]), TransferTests.Hash(path));
        Assert.Equal(Big + Small + Small + 32 * 1024, fetching.Status.DownloadedBytes);
    }

    private static Torrent Fetch(TorrentClient leech, TestSwarm swarm, Metainfo metainfo, TorrentClient seed, FilePriority[] priorities) => leech.Add(new TorrentSettings
    {
        Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, Peers = [seed.LocalEndPoint], Priorities = priorities,
    });

    private static async Task<(Metainfo Metainfo, TorrentClient Seed)> SeedAsync(TestSwarm swarm, int a, int b, int c, long uploadLimit = 0)
    {
        swarm.Folder.Write("seed/box/a.bin", a);
        swarm.Folder.Write("seed/box/b.bin", b, 2);
        swarm.Folder.Write("seed/box/c.bin", c, 3);
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder["seed/box"], TorrentFormat.V1);
        TorrentClient seed = swarm.Start("seed", options => options with { UploadLimit = uploadLimit });
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        return (metainfo, seed);
    }
}
