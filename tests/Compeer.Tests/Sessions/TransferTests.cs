using System.Security.Cryptography;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>Whole transfers between clients of our own, over real sockets and disks.</summary>
public sealed class TransferTests
{
    [Theory]
    [InlineData(TorrentFormat.V1)]
    [InlineData(TorrentFormat.V2)]
    [InlineData(TorrentFormat.Hybrid)]
    public async Task A_folder_arrives_byte_for_byte(TorrentFormat format)
    {
        await using var swarm = new TestSwarm();
        swarm.Folder.Write("seed/box/a.bin", 300_000);
        swarm.Folder.Write("seed/box/deep/er/b.bin", 70_001, 2);
        swarm.Folder.Write("seed/box/one", 1, 3);
        swarm.Folder.Write("seed/box/empty", 0);
        swarm.Folder.Write("seed/box/ünï.txt", 32_768, 4);
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder["seed/box"], format);
        TorrentClient seed = swarm.Start("seed");
        Torrent seeding = TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(seeding);
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilCompleteAsync(fetching);
        AssertSame(swarm.Folder["seed/box"], swarm.Folder["leech/box"]);
        Assert.Equal(0, fetching.Status.CorruptBytes);
    }

    [Theory]
    [InlineData(TorrentFormat.V1)]
    [InlineData(TorrentFormat.V2)]
    [InlineData(TorrentFormat.Hybrid)]
    public async Task A_link_is_enough(TorrentFormat format)
    {
        await using var swarm = new TestSwarm();
        swarm.Folder.Write("seed/box/a.bin", 900_000);
        swarm.Folder.Write("seed/box/b.bin", 20_000, 2);
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder["seed/box"], format, 16 * 1024);
        TorrentClient seed = swarm.Start("seed");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = leech.Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Peers = [seed.LocalEndPoint] });
        await TestSwarm.UntilCompleteAsync(fetching);
        AssertSame(swarm.Folder["seed/box"], swarm.Folder["leech/box"]);
        Assert.True(fetching.Status.Metainfo!.HasAllPieceLayers || format == TorrentFormat.Hybrid);
    }

    [Fact]
    public async Task Peers_that_send_faster_than_pieces_are_hashed_wait_and_go_on()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 6_000_000), TorrentFormat.Hybrid, 16 * 1024);
        TorrentClient[] seeds = [swarm.Start("seed"), swarm.Start("other")];
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seeds[0], metainfo, swarm.Folder["seed"]));
        Directory.CreateDirectory(swarm.Folder["other"]);
        File.Copy(swarm.Folder["seed/file.bin"], swarm.Folder["other/file.bin"]);
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seeds[1], metainfo, swarm.Folder["other"]));
        TorrentClient leech = swarm.Start("leech", options => options with { HashThreads = 1, MaxUnhashedBytes = 0 });
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seeds);
        await TestSwarm.UntilCompleteAsync(fetching);
        Assert.Equal(Hash(swarm.Folder["seed/file.bin"]), Hash(swarm.Folder["leech/file.bin"]));
    }

    [Fact]
    public async Task A_peer_that_answers_while_the_files_are_checked_is_not_put_off()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 6_000_000), TorrentFormat.Hybrid, 16 * 1024);
        TorrentClient seed = swarm.Start("seed");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        swarm.Folder.Write("leech/file.bin", 6_000_000, 2);
        TorrentClient leech = swarm.Start("leech", options => options with { HashThreads = 1, DiskThreads = 1 });
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed);
        // Being put off would take half a minute.
        await fetching.Completed.WaitAsync(TimeSpan.FromSeconds(25));
        Assert.Equal(Hash(swarm.Folder["seed/file.bin"]), Hash(swarm.Folder["leech/file.bin"]));
    }

    [Fact]
    public async Task Several_torrents_run_in_one_client()
    {
        await using var swarm = new TestSwarm();
        TorrentClient seed = swarm.Start("seed");
        TorrentClient leech = swarm.Start("leech");
        var running = new List<Torrent>();
        for (int i = 0; i < 4; i++)
        {
            Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write($"seed/file{i}.bin", 200_000 + i, 10 + i));
            TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
            running.Add(TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed));
        }
        await Task.WhenAll(running.Select(TestSwarm.UntilCompleteAsync));
        for (int i = 0; i < 4; i++)
            Assert.Equal(Hash(swarm.Folder[$"seed/file{i}.bin"]), Hash(swarm.Folder[$"leech/file{i}.bin"]));
    }

    [Fact]
    public async Task Only_the_selected_files_are_made()
    {
        await using var swarm = new TestSwarm();
        swarm.Folder.Write("seed/box/a.bin", 50_001);
        swarm.Folder.Write("seed/box/b.bin", 50_001, 2);
        swarm.Folder.Write("seed/box/c.bin", 50_001, 3);
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder["seed/box"], TorrentFormat.V1);
        TorrentClient seed = swarm.Start("seed");
        TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = leech.Add(new TorrentSettings
        {
            Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, Peers = [seed.LocalEndPoint],
            Select = f => f.SafePath.EndsWith("b.bin", StringComparison.Ordinal),
        });
        await TestSwarm.UntilCompleteAsync(fetching);
        Assert.Equal(["b.bin"], Directory.GetFiles(swarm.Folder["leech/box"]).Select(Path.GetFileName));
        Assert.Equal(Hash(swarm.Folder["seed/box/b.bin"]), Hash(swarm.Folder["leech/box/b.bin"]));
    }

    [Fact]
    public async Task Super_seeding_still_completes_everybody()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 600_000));
        TorrentClient seed = swarm.Start("seed");
        Torrent seeding = seed.Add(new TorrentSettings { Directory = swarm.Folder["seed"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, SuperSeeding = true });
        await TestSwarm.UntilCompleteAsync(seeding);
        TorrentClient first = swarm.Start("first");
        TorrentClient second = swarm.Start("second");
        Torrent one = TestSwarm.Add(first, metainfo, swarm.Folder["one"], seed, second);
        Torrent two = TestSwarm.Add(second, metainfo, swarm.Folder["two"], seed, first);
        await Task.WhenAll(TestSwarm.UntilCompleteAsync(one), TestSwarm.UntilCompleteAsync(two));
        Assert.Equal(Hash(swarm.Folder["seed/file.bin"]), Hash(swarm.Folder["two/file.bin"]));
    }

    internal static string Hash(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));

    private static void AssertSame(string expected, string actual)
    {
        string[] Names(string root) => [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal)];
        Assert.Equal(Names(expected), Names(actual));
        foreach (string name in Names(expected))
            Assert.Equal(Hash(Path.Combine(expected, name)), Hash(Path.Combine(actual, name)));
    }
}
