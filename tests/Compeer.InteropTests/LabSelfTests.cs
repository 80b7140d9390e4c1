using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>The lab among foreigners: where these fail, the lab is broken and not Compeer.</summary>
public sealed class LabSelfTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignFact(Needs.Libtorrent | Needs.Aria2 | Needs.OpenTracker)]
    public async Task Libtorrent_seeds_to_aria2_through_opentracker()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost trackerHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, "v1", trackers: OpenTracker.HttpUrlOn(trackerHost));
        await OpenTracker.StartAsync(trackerHost, torrent.V1);
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);
        await TrackerProbe.WaitForPeersAsync(OpenTracker.HttpUrlOn(trackerHost), torrent.V1, 1, Limit);
        string directory = network.NewDirectory("leech");

        await AriaPeer.Leech(leechHost, torrent.Path, directory, 6882).WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(directory, TorrentFacts.IsPadOrControlFile);
        Assert.True(seedHost.SentBytes > contents.Folder.LengthBytes);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Transmission | Needs.OpenTracker)]
    public async Task Transmission_and_libtorrent_trade_a_torrent_with_pad_files()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost trackerHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync(), middleHost = await network.AddHostAsync(), lastHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, "v1", pads: true, trackers: OpenTracker.HttpUrlOn(trackerHost));
        await OpenTracker.StartAsync(trackerHost, torrent.V1);
        LibtorrentPeer seed = await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);
        await TrackerProbe.WaitForPeersAsync(OpenTracker.HttpUrlOn(trackerHost), torrent.V1, 1, Limit);
        string middleDirectory = network.NewDirectory("middle"), lastDirectory = network.NewDirectory("last");

        TransmissionPeer middle = await TransmissionPeer.StartAsync(middleHost, middleDirectory, 6883);
        await middle.AddAsync(torrent.Path);
        await middle.WaitUntilSeedingAsync(Limit);
        contents.Folder.AssertIsIn(middleDirectory, TorrentFacts.IsPadOrControlFile, emptyFilesMayLack: true);

        await seed.KillAsync();
        LibtorrentPeer last = await LibtorrentPeer.LeechAsync(lastHost, torrent.Path, lastDirectory, new() { Connect = [middleHost.At(6883)] });
        IReadOnlyList<string> clients = await last.CompleteAsync(Limit);
        contents.Folder.AssertIsIn(lastDirectory);
        Assert.Contains(clients, client => client.StartsWith("Transmission", StringComparison.Ordinal));
    }

    [ForeignFact(Needs.Libtorrent | Needs.Python)]
    public async Task The_small_peers_do_to_libtorrent_what_they_claim()
    {
        TestContent content = contents.Mebibytes(12);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), poisonHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        LabHost riderHost = await network.AddHostAsync(), observerHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "hybrid");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent, new() { LimitUp = 4 << 20 });
        JsonProcess poisoner = await SmallPeer.PoisonerAsync(poisonHost, torrent.Path, content.Path, 6881, every: 10);
        string directory = network.NewDirectory("got"), ridden = Path.Combine(network.Work, "ridden.bin");

        LibtorrentPeer leecher = await LibtorrentPeer.LeechAsync(leechHost, torrent.Path, directory, new() { Connect = [poisonHost.At(6881), seedHost.At(6881)], KeepSeeding = true });
        JsonProcess observer = SmallPeer.Observer(observerHost, torrent.Path, [leechHost.At(6881)]);
        await leecher.CompleteAsync(Limit);
        await observer.WaitForAsync("copy-out", Limit);
        JsonProcess rider = SmallPeer.FreeRider(riderHost, torrent.Path, ridden, [leechHost.At(6881)]);
        await rider.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
        Assert.Equal(content.Digests[""], FileDigest.Of(ridden));
        await poisoner.WaitForAsync("refused", e => e.Number("wrong") > 0, Limit);
    }
}
