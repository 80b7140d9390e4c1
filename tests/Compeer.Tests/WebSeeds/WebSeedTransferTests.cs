using System.Text;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Tests.Sessions;
using Compeer.Tests.Trackers;

namespace Compeer.Tests.WebSeeds;

/// <summary>Whole torrents from web seeds, alone and beside peers, over real sockets and disks.</summary>
public sealed class WebSeedTransferTests
{
    [Theory]
    [InlineData(TorrentFormat.V1)]
    [InlineData(TorrentFormat.V2)]
    [InlineData(TorrentFormat.Hybrid)]
    public async Task A_folder_comes_from_a_web_seed_alone(TorrentFormat format)
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await FolderAsync(swarm, format);
        await using var server = new FileServer(swarm.Folder["seed"]);
        Torrent torrent = Get(swarm, metainfo, server.Url);
        await TestSwarm.UntilCompleteAsync(torrent);
        AssertSame(swarm, "box/a b.bin", "box/deep/ünï #1.bin", "box/one");
        Assert.Equal(0, torrent.Status.CorruptBytes);
        Assert.Equal(metainfo.ContentLength, torrent.Status.WebSeedBytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("file.bin")]
    public async Task A_file_comes_from_its_address_or_its_folder(string path)
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 5_000_001));
        await using var server = new FileServer(swarm.Folder["seed"]);
        Torrent torrent = Get(swarm, metainfo, server.Url + path);
        await TestSwarm.UntilCompleteAsync(torrent);
        AssertSame(swarm, "file.bin");
        Assert.Equal(5_000_001, torrent.Status.WebSeedBytes);
        Assert.InRange(server.Requests.Count, 2, 5);
    }

    [Fact]
    public async Task A_peer_and_a_web_seed_share_the_work()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 6_000_000));
        await using var server = new FileServer(swarm.Folder["seed"]);
        TorrentClient seed = swarm.Start("seed", o => o with { UploadLimit = 2 << 20 });
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        Torrent torrent = Get(swarm, metainfo, server.Url, o => o with { DownloadLimit = 4 << 20 }, seed);
        await TestSwarm.UntilCompleteAsync(torrent);
        AssertSame(swarm, "file.bin");
        Assert.InRange(torrent.Status.WebSeedBytes, 1, torrent.Status.DownloadedBytes - 1);
        Assert.InRange(torrent.Status.DownloadedBytes, 6_000_000, 7_000_000);
    }

    [Fact]
    public async Task A_web_seed_that_lies_is_banned_and_the_bytes_come_from_peers()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 3_000_000));
        swarm.Folder.Write("lies/file.bin", 3_000_000, 99);
        await using var server = new FileServer(swarm.Folder["lies"]);
        Torrent torrent = Get(swarm, metainfo, server.Url);
        WebSeedChanged told;
        do
        {
            told = await NextAsync(torrent);
        }
        while (told.State != "banned");
        Assert.Contains("wrong data", told.Reason, StringComparison.Ordinal);
        TorrentClient seed = swarm.Start("seed");
        Torrent seeding = TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(seeding);
        int asked = server.Requests.Count;
        torrent.AddPeers([seed.LocalEndPoint]);
        await TestSwarm.UntilCompleteAsync(torrent);
        AssertSame(swarm, "file.bin");
        Assert.Equal(asked, server.Requests.Count);
        Assert.Equal(0, torrent.Status.WebSeeds);
    }

    [Fact]
    public async Task A_missing_file_comes_from_another_web_seed()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await FolderAsync(swarm, TorrentFormat.Hybrid);
        Directory.CreateDirectory(swarm.Folder["half/box"]);
        File.Copy(swarm.Folder["seed/box/a b.bin"], swarm.Folder["half/box/a b.bin"]);
        await using var half = new FileServer(swarm.Folder["half"]);
        await using var whole = new FileServer(swarm.Folder["seed"]);
        TorrentClient leech = swarm.Start("leech", World);
        Torrent torrent = leech.Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, WebSeeds = [half.Url, whole.Url] });
        await TestSwarm.UntilCompleteAsync(torrent);
        AssertSame(swarm, "box/a b.bin", "box/deep/ünï #1.bin", "box/one");
    }

    [Fact]
    public async Task A_server_without_ranges_still_gives_small_files()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 900_000));
        byte[] content = await File.ReadAllBytesAsync(swarm.Folder["seed/file.bin"]);
        await using var server = new ScriptedTracker(async (_, stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {content.Length}\r\nConnection: close\r\n\r\n"), token);
            await stream.WriteAsync(content, token);
        }, FileServer.Internet);
        await TestSwarm.UntilCompleteAsync(Get(swarm, metainfo, $"http://{server.EndPoint}/file.bin"));
        AssertSame(swarm, "file.bin");
    }

    private static TorrentClientOptions World(TorrentClientOptions options) => options with { WebSeedClient = FileServer.World };

    private static Torrent Get(TestSwarm swarm, Metainfo metainfo, string url, Func<TorrentClientOptions, TorrentClientOptions>? configure = null, params TorrentClient[] peers) =>
        TestSwarm.Add(swarm.Start("leech", o => World(configure?.Invoke(o) ?? o)), metainfo.WithWebSeeds([url]), swarm.Folder["leech"], peers);

    private static async Task<Metainfo> FolderAsync(TestSwarm swarm, TorrentFormat format)
    {
        swarm.Folder.Write("seed/box/a b.bin", 3_000_001);
        swarm.Folder.Write("seed/box/deep/ünï #1.bin", 70_001, 2);
        swarm.Folder.Write("seed/box/one", 1, 3);
        swarm.Folder.Write("seed/box/empty", 0);
        return await TestSwarm.CreateAsync(swarm.Folder["seed/box"], format);
    }

    private static async Task<WebSeedChanged> NextAsync(Torrent torrent)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            if (await torrent.Events.ReadAsync(limit.Token) is WebSeedChanged changed)
                return changed;
        }
    }

    private static void AssertSame(TestSwarm swarm, params string[] paths) =>
        Assert.All(paths, path => Assert.Equal(TransferTests.Hash(swarm.Folder["seed/" + path]), TransferTests.Hash(swarm.Folder["leech/" + path])));
}
