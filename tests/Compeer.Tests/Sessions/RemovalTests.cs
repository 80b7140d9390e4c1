using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>Torrents taken out of a client, with what they left.</summary>
public sealed class RemovalTests
{
    [Theory]
    [InlineData("running")]
    [InlineData("asleep")]
    [InlineData("paused")]
    public async Task Its_files_go_and_what_others_put_beside_them_stays(string state)
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
        await client.RemoveAsync(torrent, deleteFiles: true, CancellationToken.None);
        Assert.Equal(["box/deep/mine.txt"], FilesBelow(swarm.Folder["seed"]));
        Assert.False(Directory.Exists(swarm.Folder["seed/box/empty-after"]));
        Assert.Empty(FilesBelow(swarm.Folder["seed-state"]));
        Assert.Empty(client.Torrents);
        TestSwarm.Add(client, metainfo, swarm.Folder["seed"]); // its place is free
    }

    [Fact]
    public async Task Without_its_files_only_what_is_kept_goes()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        TorrentClient client = swarm.Start("seed");
        Torrent torrent = TestSwarm.Add(client, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(torrent);
        await client.RemoveAsync(torrent, deleteFiles: false, CancellationToken.None);
        Assert.Equal(["box/a.bin", "box/deep/b.bin", "box/empty-after/c.bin"], FilesBelow(swarm.Folder["seed"]));
        Assert.Empty(FilesBelow(swarm.Folder["seed-state"]));
    }

    [Fact]
    public async Task Nothing_is_deleted_through_a_link()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        TorrentClient client = swarm.Start("seed");
        Torrent torrent = TestSwarm.Add(client, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(torrent);
        string outside = swarm.Folder.Write("elsewhere/b.bin", 70_001, 2);
        Directory.Delete(swarm.Folder["seed/box/deep"], recursive: true);
        Directory.CreateSymbolicLink(swarm.Folder["seed/box/deep"], swarm.Folder["elsewhere"]);
        await Assert.ThrowsAsync<Content.Storage.StorageException>(() => client.RemoveAsync(torrent, deleteFiles: true, CancellationToken.None).AsTask());
        Assert.True(File.Exists(outside));
        Assert.False(File.Exists(swarm.Folder["seed/box/a.bin"]));
        Assert.Empty(client.Torrents);
    }

    private static Task<Metainfo> WriteBoxAsync(TestSwarm swarm)
    {
        swarm.Folder.Write("seed/box/a.bin", 100_000);
        swarm.Folder.Write("seed/box/deep/b.bin", 70_001, 2);
        swarm.Folder.Write("seed/box/empty-after/c.bin", 5, 3);
        return TestSwarm.CreateAsync(swarm.Folder["seed/box"]);
    }

    private static string[] FilesBelow(string root) =>
        [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal)];
}
