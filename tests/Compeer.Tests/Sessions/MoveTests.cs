using Compeer.Content.Storage;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>A torrent's files brought to another folder: nothing is lost, nothing is hashed again, and what is refused changes nothing.</summary>
public sealed class MoveTests
{
    [Theory]
    [InlineData("running")]
    [InlineData("asleep")]
    [InlineData("paused")]
    public async Task A_complete_one_is_there_at_once_and_gives_on(string state)
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        swarm.Folder.Write("seed/box/deep/mine.txt", 10);
        TorrentClient client = swarm.Start("seed", options => state == "asleep" ? options with { SleepAfter = TimeSpan.Zero } : options);
        Torrent torrent = TestSwarm.Add(client, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(torrent);
        if (state == "asleep")
            await TestSwarm.UntilAsync(torrent, s => s.IsAsleep);
        if (state == "paused")
            torrent.Pause();
        long hashed = torrent.Status.RehashedBytes;
        await torrent.MoveAsync(swarm.Folder["moved/here"]);
        Assert.Equal(["box/a.bin", "box/deep/b.bin", "box/empty-after/c.bin"], FilesBelow(swarm.Folder["moved/here"]));
        Assert.Equal(["box/deep/mine.txt"], FilesBelow(swarm.Folder["seed"]));
        Assert.Single(Directory.GetDirectories(swarm.Folder["seed-state/torrents"]));

        torrent.Resume();
        await TestSwarm.UntilAsync(torrent, s => s.Phase == TorrentPhase.Seeding && s.VerifiedPieces == metainfo.PieceCount);
        Assert.Equal(hashed, torrent.Status.RehashedBytes);
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], client);
        await TestSwarm.UntilCompleteAsync(fetching);
    }

    [Fact]
    public async Task One_that_is_half_here_goes_on_where_it_was()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 3_000_000));
        TorrentClient seed = swarm.Start("seed", options => options with { UploadLimit = 200_000 });
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilAsync(fetching, s => s.VerifiedPieces > 3);
        int before = fetching.Status.VerifiedPieces;
        await fetching.MoveAsync(swarm.Folder["moved"]);
        seed.SetRateLimits(0, 0);
        await TestSwarm.UntilCompleteAsync(fetching);
        Assert.True(fetching.Status.VerifiedPieces > before);
        Assert.Equal(0, fetching.Status.RehashedBytes);
        Assert.Empty(FilesBelow(swarm.Folder["leech"]));
        Assert.Equal(File.ReadAllBytes(swarm.Folder["seed/file.bin"]), File.ReadAllBytes(swarm.Folder["moved/file.bin"]));
    }

    [Fact]
    public async Task What_has_a_files_place_or_leads_elsewhere_is_refused_and_it_goes_on_where_it_was()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        Torrent torrent = TestSwarm.Add(swarm.Start("seed"), metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(torrent);
        swarm.Folder.Write("taken/box/deep/b.bin", 7);
        Directory.CreateDirectory(swarm.Folder["outside"]);
        Directory.CreateDirectory(swarm.Folder["linked/box"]);
        Directory.CreateSymbolicLink(swarm.Folder["linked/box/deep"], swarm.Folder["outside"]);
        Directory.CreateSymbolicLink(swarm.Folder["alias"], swarm.Folder["seed"]);
        swarm.Folder.Write("file", 1);
        foreach (string target in (string[])["taken", "linked", "alias", "file/below"])
        {
            StorageException refused = await Assert.ThrowsAsync<StorageException>(() => torrent.MoveAsync(swarm.Folder[target]));
            Assert.NotEmpty(refused.Message);
            await TestSwarm.UntilAsync(torrent, s => s.Phase == TorrentPhase.Seeding);
            Assert.Equal(3, FilesBelow(swarm.Folder["seed"]).Length);
        }
        Assert.Equal(7, new FileInfo(swarm.Folder["taken/box/deep/b.bin"]).Length);
        Assert.Empty(FilesBelow(swarm.Folder["outside"]));
        Assert.Single(Directory.GetDirectories(swarm.Folder["seed-state/torrents"]));
    }

    [Fact]
    public async Task A_move_that_was_cut_short_is_finished_by_the_same_move()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        TorrentClient client = swarm.Start("seed");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(client, metainfo, swarm.Folder["seed"]));
        await swarm.StopAsync(client);
        // One file renamed, one copied and not deleted yet, one that is half copied.
        Directory.CreateDirectory(swarm.Folder["moved/box/deep"]);
        File.Move(swarm.Folder["seed/box/a.bin"], swarm.Folder["moved/box/a.bin"]);
        File.Copy(swarm.Folder["seed/box/deep/b.bin"], swarm.Folder["moved/box/deep/b.bin"]);
        swarm.Folder.Write("moved/box/empty-after/c.bin.compeer-part", 2);

        client = swarm.Start("seed");
        Torrent torrent = client.AddKnown([new TorrentSettings { InfoHashes = metainfo.InfoHashes, Directory = swarm.Folder["seed"], Paused = true }])[0];
        await torrent.MoveAsync(swarm.Folder["moved"]);
        torrent.Resume();
        await TestSwarm.UntilAsync(torrent, s => s.Phase == TorrentPhase.Seeding && s.VerifiedPieces == metainfo.PieceCount);
        Assert.Empty(FilesBelow(swarm.Folder["seed"]));
        await swarm.StopAsync(client);

        // Killed after all was moved, and before anybody noted it: the move finds nothing to do.
        client = swarm.Start("seed");
        torrent = client.AddKnown([new TorrentSettings { InfoHashes = metainfo.InfoHashes, Directory = swarm.Folder["seed"], Paused = true }])[0];
        await torrent.MoveAsync(swarm.Folder["moved"]);
        torrent.Resume();
        await TestSwarm.UntilAsync(torrent, s => s.Phase == TorrentPhase.Seeding && s.VerifiedPieces == metainfo.PieceCount);
        Assert.Equal(0, torrent.Status.RehashedBytes);
    }

    private static Task<Metainfo> WriteBoxAsync(TestSwarm swarm)
    {
        swarm.Folder.Write("seed/box/a.bin", 100_000);
        swarm.Folder.Write("seed/box/deep/b.bin", 70_001, 2);
        swarm.Folder.Write("seed/box/empty-after/c.bin", 5, 3);
        return TestSwarm.CreateAsync(swarm.Folder["seed/box"]);
    }

    private static string[] FilesBelow(string root) => !Directory.Exists(root) ? [] :
        [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal)];
}
