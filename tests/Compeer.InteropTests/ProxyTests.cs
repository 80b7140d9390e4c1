using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>
/// Foreign proxies, and a counter on the client's only cable that shows that not one packet goes anywhere else: no name is
/// looked up, no peer, tracker or web seed is met directly, and nobody can come in.
/// </summary>
public sealed class ProxyTests(TestContents contents) : IClassFixture<TestContents>
{
    private const string TrackerName = "tracker.compeer.example", WebName = "files.compeer.example";
    private const Needs All = Needs.Proxies | Needs.Libtorrent | Needs.OpenTracker | Needs.Nginx;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [ForeignTheory(All)]
    [InlineData(ProxyProgram.Microsocks, "http")]
    [InlineData(ProxyProgram.Dante, "http")]
    [InlineData(ProxyProgram.Dante, "udp")]
    [InlineData(ProxyProgram.Tinyproxy, "http")]
    public async Task Everything_goes_through_the_proxy_and_nothing_past_it(ProxyProgram program, string tracker)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        Scene scene = await Scene.SetAsync(network, contents.Mebibytes(32), tracker, $"http://{WebName}:{NginxServer.Port}/");
        ForeignProxy proxy = await ForeignProxy.StartAsync(program, scene.ProxyHost);
        PacketMeter meter = await PacketMeter.StartAsync(scene.GetHost, scene.ProxyHost);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(scene.GetHost, scene.Torrent.Path, directory, new() { Proxy = ForeignProxy.UrlOf(program, scene.ProxyHost), KeepSeeding = true });
        JsonEvent complete = await get.WaitForAsync("complete", Limit);

        contents.Mebibytes(32).AssertIsIn(directory);
        long web = complete.Bytes("webSeedBytes"), all = complete.Bytes("downloadedBytes");
        Assert.True(web > 0, "the web seed gave nothing");
        Assert.True(all > web, $"the peer gave nothing of {all} bytes; the tracker said: {complete.Text("tracker")}");
        Assert.True(scene.Seed.Last("progress")!.Bytes("uploaded") > 0);
        Assert.Empty(PacketMeter.ListeningIn(get));
        Assert.True(await meter.AllowedAsync() > 100);
        Assert.Equal(0, await meter.LeakedAsync());
        Assert.False(proxy.HasExited);
    }

    [ForeignFact(All)]
    public async Task The_meter_sees_what_goes_past_a_proxy()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        Scene scene = await Scene.SetAsync(network, contents.Mebibytes(4), "http", $"http://{WebName}:{NginxServer.Port}/");
        PacketMeter meter = await PacketMeter.StartAsync(scene.GetHost, scene.ProxyHost);

        CompeerProcess get = CompeerProcess.Get(scene.GetHost, scene.Torrent.Path, network.NewDirectory("got"), new() { Timeout = TimeSpan.FromSeconds(5) });

        Assert.Equal(4, await get.WaitForExitAsync(Limit));
        Assert.Equal(0, await meter.AllowedAsync());
        Assert.True(await meter.LeakedAsync() > 0, "names that only the proxy knows were not even asked for");
    }

    [ForeignTheory(All)]
    [InlineData("dead")]
    [InlineData("wrong password")]
    public async Task Without_the_proxy_nothing_leaves_and_the_reason_is_told(string trouble)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        Scene scene = await Scene.SetAsync(network, contents.Mebibytes(4), "http", $"http://{WebName}:{NginxServer.Port}/");
        if (trouble != "dead")
            await ForeignProxy.StartAsync(ProxyProgram.Microsocks, scene.ProxyHost);
        PacketMeter meter = await PacketMeter.StartAsync(scene.GetHost, scene.ProxyHost);

        CompeerProcess get = CompeerProcess.Get(scene.GetHost, scene.Torrent.Path, network.NewDirectory("got"), new()
        {
            Proxy = ForeignProxy.UrlOf(ProxyProgram.Microsocks, scene.ProxyHost, "wrong"), Peers = [scene.Seed.Host.At(ForeignPeers.Port)], Timeout = TimeSpan.FromSeconds(6),
        });

        Assert.Equal(4, await get.WaitForExitAsync(Limit));
        string error = get.Last("error")!.Text("message");
        Assert.Contains($"The proxy socks5://{scene.ProxyHost.At(ForeignProxy.Port)} cannot be used: {(trouble == "dead" ? "nothing listens there" : "it refuses the user or the password")}", error, StringComparison.Ordinal);
        Assert.Equal(0, await meter.LeakedAsync());
        Assert.True(await meter.AllowedAsync() > 0);
    }

    /// <summary>A tracker, a libtorrent seed and a web seed; the tracker's and the web seed's names are known to all but the client.</summary>
    private sealed record Scene(LabHost GetHost, LabHost ProxyHost, TorrentFacts Torrent, LibtorrentPeer Seed)
    {
        public static async Task<Scene> SetAsync(LabNetwork network, TestContent content, string tracker, string webSeed)
        {
            LabHost trackerHost = await network.AddHostAsync(), webHost = await network.AddHostAsync("60mbit"), seedHost = await network.AddHostAsync("60mbit");
            LabHost proxyHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
            foreach (LabHost host in (LabHost[])[seedHost, proxyHost])
                host.KnowNames((TrackerName, trackerHost), (WebName, webHost));
            getHost.KnowNames();
            getHost.AskForNames(trackerHost);
            TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(seedHost, content, "v1", [$"{tracker}://{TrackerName}:{OpenTracker.Port}/announce"], [webSeed]);
            OpenTracker opened = await OpenTracker.StartAsync(trackerHost, torrent.V1);
            await NginxServer.StartAsync(webHost, content.Parent);
            LibtorrentPeer seed = await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent);
            await TrackerProbe.WaitForPeersAsync(opened.HttpUrl, torrent.V1, 1, Limit);
            return new Scene(getHost, proxyHost, torrent, seed);
        }
    }
}
