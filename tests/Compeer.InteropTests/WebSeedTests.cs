using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>nginx as a web seed, alone and beside a foreign peer.</summary>
public sealed class WebSeedTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.Nginx | Needs.Libtorrent)]
    [InlineData("v1", ContentKind.SingleFile)]
    [InlineData("v2", ContentKind.SingleFile)]
    [InlineData("hybrid", ContentKind.SingleFile)]
    [InlineData("v1", ContentKind.Folder500)]
    [InlineData("v2", ContentKind.Folder500)]
    [InlineData("hybrid", ContentKind.Folder500)]
    public async Task Compeer_gets_everything_from_a_web_seed_alone(string format, ContentKind kind)
    {
        TestContent content = contents.Of(kind);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost webHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        NginxServer server = await NginxServer.StartAsync(webHost, content.Parent);
        TorrentFacts torrent = await Torrents.CreateWithWebSeedAsync(webHost, content, format, server.Url);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory);
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
        JsonEvent complete = get.Last("complete")!;
        Assert.Equal(content.LengthBytes, complete.Bytes("webSeedBytes"));
        Assert.Contains(get.Events, e => e.Name == "peer" && e.Text("path") == "web seed" && e.Text("state") == "connected");
        Assert.All(server.Statuses, status => Assert.True(status is "200" or "206", status));
    }

    [ForeignTheory(Needs.Nginx | Needs.Libtorrent)]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("hybrid")]
    public async Task A_web_seed_and_a_libtorrent_peer_share_the_work(string format)
    {
        TestContent content = contents.Single;
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost webHost = await network.AddHostAsync("100mbit"), seedHost = await network.AddHostAsync("100mbit"), getHost = await network.AddHostAsync();
        NginxServer server = await NginxServer.StartAsync(webHost, content.Parent);
        TorrentFacts torrent = await Torrents.CreateWithWebSeedAsync(webHost, content, format, server.Url + Uri.EscapeDataString(content.Name));
        LibtorrentPeer seed = await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [seedHost.At(ForeignPeers.Port)] });
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
        JsonEvent complete = get.Last("complete")!;
        long web = complete.Bytes("webSeedBytes"), all = complete.Bytes("downloadedBytes");
        Assert.True(web > content.LengthBytes / 10, $"the web seed gave {web} of {all} bytes");
        Assert.True(all - web > content.LengthBytes / 10, $"the peer gave {all - web} of {all} bytes");
        Assert.True(all < content.LengthBytes * 11 / 10, $"{all} bytes were fetched for {content.LengthBytes}");
        Assert.True(seed.Last("progress")!.Bytes("uploaded") > 0);
    }

    [ForeignTheory(Needs.Nginx | Needs.Libtorrent)]
    [InlineData("v1", ContentKind.SingleFile)]
    [InlineData("v1", ContentKind.Folder500)]
    [InlineData("hybrid", ContentKind.Folder500)]
    public async Task Libtorrent_gets_everything_from_the_web_seed_of_our_torrent(string format, ContentKind kind)
    {
        TestContent content = contents.Of(kind);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost webHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        NginxServer server = await NginxServer.StartAsync(webHost, content.Parent);
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(webHost, content, format, [], [server.Url]);
        string directory = network.NewDirectory("got");

        await (await LibtorrentPeer.LeechAsync(leechHost, torrent.Path, directory, new())).CompleteAsync(Limit);

        content.AssertIsIn(directory);
        Assert.True(server.SentBodyBytes >= content.LengthBytes);
    }

    [ForeignFact(Needs.Nginx | Needs.Libtorrent)]
    public async Task A_link_names_the_web_seed_and_a_lying_one_is_banned()
    {
        TestContent content = contents.Mebibytes(4);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost webHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TestContent wrong = TestContent.File(network.NewDirectory("wrong"), content.Name, 4 << 20, seed: 77);
        await NginxServer.StartAsync(webHost, wrong.Parent);
        (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, content.Path, new() { WebSeeds = [NginxServer.UrlOn(webHost)] });
        Assert.Contains("&ws=", sharing.Text("link"), StringComparison.Ordinal);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, sharing.Text("link"), directory, new() { Peers = [seedHost.At(7001)], LimitDown = "1M" });
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
        Assert.Contains(get.Events, e => CompeerProcess.IsBan(e) && e.Text("path") == "web seed");
        Assert.DoesNotContain(get.Events, e => CompeerProcess.IsBan(e) && e.Text("path") != "web seed");
    }
}
