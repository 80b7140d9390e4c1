using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Every client that people run already, in both chairs, with one file and with 500.</summary>
public sealed class MatrixTests(TestContents contents) : IClassFixture<TestContents>
{
    private const Needs All = Needs.Libtorrent | Needs.Aria2 | Needs.Transmission | Needs.OpenTracker;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static TheoryData<ForeignClient, string, ContentKind> Cases()
    {
        var cases = new TheoryData<ForeignClient, string, ContentKind>();
        foreach (ContentKind kind in Enum.GetValues<ContentKind>())
        {
            foreach (string format in (string[])["v1", "v2", "hybrid"])
                cases.Add(ForeignClient.Libtorrent, format, kind);
            cases.Add(ForeignClient.Aria2, "v1", kind);
            cases.Add(ForeignClient.Transmission, "v1", kind);
        }
        return cases;
    }

    [ForeignTheory(All)]
    [MemberData(nameof(Cases))]
    public async Task A_foreign_seed_serves_compeer_get(ForeignClient client, string format, ContentKind kind)
    {
        TestContent content = ContentFor(client, kind);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        // Folders as v1 with pad files, except for aria2: so both kinds of v1 layout are tried.
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, format, pads: kind == ContentKind.Folder500 && client != ForeignClient.Aria2);
        await client.SeedAsync(seedHost, torrent, content);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [seedHost.At(ForeignPeers.Port)] });
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
        Assert.Contains(get.Events, e => e.Name == "peer" && e.Text("state") == "connected" && e.Text("client").Contains(client.ToString(), StringComparison.OrdinalIgnoreCase));
        Assert.Equal(100, get.Last("complete")!.Number("percent"));
    }

    [ForeignTheory(All)]
    [MemberData(nameof(Cases))]
    public async Task Compeer_serves_a_foreign_leecher(ForeignClient client, string format, ContentKind kind)
    {
        TestContent content = ContentFor(client, kind);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync(), trackerHost = await network.AddHostAsync();
        TorrentFacts torrent;
        if (client == ForeignClient.Libtorrent)
        {
            (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, content.Path, new() { Format = format });
            torrent = await Torrents.ReadAsync(leechHost, sharing.Text("torrent"));
        }
        else
        {
            torrent = await CompeerProcess.CreateTorrentAsync(seedHost, content, format, OpenTracker.HttpUrlOn(trackerHost));
            OpenTracker tracker = await OpenTracker.StartAsync(trackerHost, torrent.V1);
            await CompeerProcess.SeedAsync(seedHost, torrent.Path, content.Parent);
            await TrackerProbe.WaitForPeersAsync(tracker.HttpUrl, torrent.V1, 1, Limit);
        }
        Assert.Equal((format != "v2", format != "v1"), (torrent.V1.Length > 0, torrent.V2.Length > 0));

        await client.LeechAsync(leechHost, torrent, content, seedHost.At(7001), Limit);

        Assert.True(seedHost.SentBytes > content.LengthBytes);
    }

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("v1", true)]
    [InlineData("v1", false)]
    [InlineData("v2", false)]
    [InlineData("hybrid", false)]
    public async Task Compeer_seeds_a_torrent_that_libtorrent_made(string format, bool pads)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, format, pads);
        await CompeerProcess.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);

        await ForeignClient.Libtorrent.LeechAsync(leechHost, torrent, contents.Folder, seedHost.At(7001), Limit);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Compeer_get_fetches_only_the_files_asked_for()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [seedHost.At(ForeignPeers.Port)], Only = ["*.bin"] });
        await get.WaitForSuccessAsync(Limit);

        foreach ((string path, FileDigest digest) in contents.Folder.Digests.Where(entry => entry.Key.EndsWith(".bin", StringComparison.Ordinal)))
            Assert.Equal(digest, FileDigest.Of(Path.Combine(directory, contents.Folder.Name, path)));
        string[] unasked = [.. contents.Folder.Digests.Where(entry => !entry.Key.EndsWith(".bin", StringComparison.Ordinal) && entry.Value.LengthBytes > 1 << 20).Select(entry => entry.Key)];
        Assert.NotEmpty(unasked);
        Assert.DoesNotContain(unasked, path => File.Exists(Path.Combine(directory, contents.Folder.Name, path)));
    }

    // Transmission 3 starts slowly, so it gets less to do.
    private TestContent ContentFor(ForeignClient client, ContentKind kind) =>
        client == ForeignClient.Transmission && kind == ContentKind.SingleFile ? contents.Mebibytes(12) : contents.Of(kind);
}
