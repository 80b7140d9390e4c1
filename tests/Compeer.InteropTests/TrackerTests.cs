using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Peers that find each other through a tracker and in no other way.</summary>
public sealed class TrackerTests(TestContents contents) : IClassFixture<TestContents>
{
    private const int HttpPort = 8080, UdpPort = 8081;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.OpenTracker | Needs.Libtorrent)]
    [InlineData("http", "v1")]
    [InlineData("udp", "v1")]
    [InlineData("http", "v2")]
    [InlineData("udp", "hybrid")]
    public async Task Compeer_finds_compeer_through_opentracker(string scheme, string format)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost trackerHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        string url = scheme == "http" ? OpenTracker.HttpUrlOn(trackerHost) : OpenTracker.UdpUrlOn(trackerHost);
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(seedHost, contents.Folder, format, url);
        OpenTracker tracker = await OpenTracker.StartAsync(trackerHost, torrent.V1, torrent.V2);
        await CompeerProcess.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);
        await TrackerProbe.WaitForPeersAsync(tracker.HttpUrl, torrent.V1.Length > 0 ? torrent.V1 : torrent.V2, 1, Limit);
        string directory = network.NewDirectory("got");

        await CompeerProcess.Get(getHost, torrent.Path, directory).WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(directory);
    }

    [ForeignTheory(Needs.Libtorrent | Needs.Aria2)]
    [InlineData("http", ForeignClient.Aria2)]
    [InlineData("http", ForeignClient.Libtorrent)]
    [InlineData("udp", ForeignClient.Libtorrent)]
    public async Task Foreign_peers_find_each_other_through_our_tracker(string scheme, ForeignClient leecher)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost trackerHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        string http = $"http://{trackerHost.At(HttpPort)}/announce", udp = $"udp://{trackerHost.At(UdpPort)}/announce";
        await CompeerProcess.TrackerAsync(trackerHost, HttpPort, UdpPort);
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, "v1", trackers: scheme == "http" ? http : udp);
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);
        await TrackerProbe.WaitForPeersAsync(http, torrent.V1, 1, Limit);
        string directory = network.NewDirectory("got");

        if (leecher == ForeignClient.Aria2)
            await AriaPeer.Leech(leechHost, torrent.Path, directory, ForeignPeers.Port).WaitForSuccessAsync(Limit);
        else
            await (await LibtorrentPeer.LeechAsync(leechHost, torrent.Path, directory, new())).CompleteAsync(Limit);

        contents.Folder.AssertIsIn(directory, TorrentFacts.IsPadOrControlFile);
    }

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("http")]
    [InlineData("udp")]
    public async Task Compeer_finds_compeer_through_our_tracker(string scheme)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost trackerHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        string http = $"http://{trackerHost.At(HttpPort)}/announce", udp = $"udp://{trackerHost.At(UdpPort)}/announce";
        await CompeerProcess.TrackerAsync(trackerHost, HttpPort, UdpPort);
        (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, contents.Folder.Path, new() { Trackers = [scheme == "http" ? http : udp] });
        TorrentFacts torrent = await Torrents.ReadAsync(getHost, sharing.Text("torrent"));
        await TrackerProbe.WaitForPeersAsync(http, torrent.V1.Length > 0 ? torrent.V1 : torrent.V2, 1, Limit);
        string directory = network.NewDirectory("got");

        await CompeerProcess.Get(getHost, torrent.Path, directory).WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Aria2)]
    public async Task A_share_with_a_tracker_inside_needs_nothing_else()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, contents.Folder.Path, new() { Trackers = ["self"], Format = "v1" });
        string own = network.NewDirectory("own"), foreign = network.NewDirectory("foreign");

        await CompeerProcess.Get(getHost, sharing.Text("link"), own).WaitForSuccessAsync(Limit);
        await AriaPeer.Leech(leechHost, sharing.Text("torrent"), foreign, ForeignPeers.Port).WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(own);
        contents.Folder.AssertIsIn(foreign, TorrentFacts.IsPadOrControlFile);
    }
}
