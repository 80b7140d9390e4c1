using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Metadata from peers: nobody has the torrent file but the seed.</summary>
public sealed class MagnetTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("v1", false)]
    [InlineData("v2", false)]
    [InlineData("hybrid", false)]
    [InlineData("v1", true)]
    public async Task Compeer_gets_a_magnet_from_libtorrent(string format, bool addressInLink)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, format);
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);
        string directory = network.NewDirectory("got"), seed = seedHost.At(ForeignPeers.Port);

        CompeerProcess get = CompeerProcess.Get(getHost, addressInLink ? torrent.Magnet + "&x.pe=" + seed : torrent.Magnet, directory, new() { Peers = addressInLink ? [] : [seed] });
        await get.WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(directory);
        Assert.NotNull(get.Last("metadata"));
    }

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("hybrid")]
    public async Task Libtorrent_gets_a_magnet_from_compeer_share(string format)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, contents.Folder.Path, new() { Format = format });
        string directory = network.NewDirectory("got");

        LibtorrentPeer leecher = await LibtorrentPeer.LeechMagnetAsync(leechHost, sharing.Text("link"), directory, new() { Connect = [seedHost.At(7001)] });
        await leecher.CompleteAsync(Limit);

        contents.Folder.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task A_link_with_the_v1_hash_alone_is_enough_for_a_hybrid()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, contents.Folder.Path, new() { Format = "hybrid" });
        string link = "magnet:?xt=urn:btih:" + (await Torrents.ReadAsync(leechHost, sharing.Text("torrent"))).V1;
        string foreign = network.NewDirectory("foreign"), own = network.NewDirectory("own");

        LibtorrentPeer leecher = await LibtorrentPeer.LeechMagnetAsync(leechHost, link, foreign, new() { Connect = [seedHost.At(7001)] });
        await leecher.CompleteAsync(Limit);
        await CompeerProcess.Get(getHost, link, own, new() { Peers = [seedHost.At(7001)] }).WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(foreign);
        contents.Folder.AssertIsIn(own);
    }

    [ForeignFact(Needs.Aria2 | Needs.OpenTracker | Needs.Libtorrent)]
    public async Task Aria2_gets_a_magnet_from_compeer()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync(), trackerHost = await network.AddHostAsync();
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(seedHost, contents.Folder, "v1", OpenTracker.HttpUrlOn(trackerHost));
        OpenTracker tracker = await OpenTracker.StartAsync(trackerHost, torrent.V1);
        await CompeerProcess.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);
        await TrackerProbe.WaitForPeersAsync(tracker.HttpUrl, torrent.V1, 1, Limit);
        string directory = network.NewDirectory("got");

        await AriaPeer.Leech(leechHost, $"magnet:?xt=urn:btih:{torrent.V1}&tr={Uri.EscapeDataString(tracker.HttpUrl)}", directory, 6881).WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(directory, TorrentFacts.IsPadOrControlFile);
    }
}
