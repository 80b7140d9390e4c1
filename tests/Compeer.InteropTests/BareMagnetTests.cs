using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Links without addresses or trackers: peers find each other through forty nodes of libtorrent, and nobody names one to another.</summary>
public sealed class BareMagnetTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>Transmission takes more than a minute to ask the DHT for the first time.</summary>
    private static readonly TimeSpan TransmissionLimit = TimeSpan.FromMinutes(4);

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("hybrid")]
    public async Task Compeer_gets_a_bare_magnet_from_libtorrent(string format)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, format);
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent, new() { DhtEntry = entry });
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Magnet, directory, new() { DhtEntries = [entry] });
        await get.WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(directory);
        Assert.Contains(get.Events, e => e.Name == "peer" && e.Text("source") == "dht");
    }

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("v1")]
    [InlineData("hybrid")]
    public async Task Libtorrent_gets_a_bare_magnet_from_compeer(string format)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, contents.Folder.Path, new() { Format = format, DhtEntries = [entry] });
        await share.WaitForAsync("dht", Limit);
        string directory = network.NewDirectory("got");

        LibtorrentPeer leecher = await LibtorrentPeer.LeechMagnetAsync(leechHost, Bare(sharing), directory, new() { DhtEntry = entry });
        await leecher.CompleteAsync(Limit);

        contents.Folder.AssertIsIn(directory);
    }

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Compeer_and_libtorrent_hand_on_a_bare_magnet_where_there_is_nothing_but_IPv6(bool libtorrentSeeds)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync(isV6: true);
        string entry = await DhtPeers.CloudAsync(network);
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        string directory = network.NewDirectory("got");

        if (libtorrentSeeds)
        {
            TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, "v1");
            await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent, new() { DhtEntry = entry });
            await CompeerProcess.Get(getHost, torrent.Magnet, directory, new() { DhtEntries = [entry] }).WaitForSuccessAsync(Limit);
        }
        else
        {
            (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, contents.Folder.Path, new() { Format = "v1", DhtEntries = [entry] });
            await share.WaitForAsync("dht", Limit);
            LibtorrentPeer leecher = await LibtorrentPeer.LeechMagnetAsync(getHost, Bare(sharing), directory, new() { DhtEntry = entry });
            await leecher.CompleteAsync(Limit);
        }

        contents.Folder.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Transmission)]
    public async Task Transmission_and_compeer_find_each_other()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost foreignHost = await network.AddHostAsync(), ownHost = await network.AddHostAsync(), laterHost = await network.AddHostAsync();
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(ownHost, contents.Folder.Path, new() { Format = "v1", DhtEntries = [entry] });
        await share.WaitForAsync("dht", Limit);
        string directory = network.NewDirectory("foreign"), again = network.NewDirectory("again");

        TransmissionPeer transmission = await TransmissionPeer.StartAsync(foreignHost, directory, ForeignPeers.Port, entry);
        await transmission.AddAsync(Bare(sharing));
        await transmission.WaitUntilSeedingAsync(TransmissionLimit);
        contents.Folder.AssertIsIn(directory, TorrentFacts.IsPadOrControlFile, emptyFilesMayLack: true);

        await share.DisposeAsync();
        await CompeerProcess.Get(laterHost, Bare(sharing), again, new() { DhtEntries = [entry] }).WaitForSuccessAsync(Limit);
        contents.Folder.AssertIsIn(again);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Aria2)]
    public async Task Aria2_and_compeer_find_each_other()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost foreignHost = await network.AddHostAsync(), ownHost = await network.AddHostAsync(), laterHost = await network.AddHostAsync();
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(ownHost, contents.Folder.Path, new() { Format = "v1", DhtEntries = [entry] });
        await share.WaitForAsync("dht", Limit);
        string directory = network.NewDirectory("foreign"), again = network.NewDirectory("again");

        await AriaPeer.Leech(foreignHost, Bare(sharing), directory, ForeignPeers.Port, entry).WaitForSuccessAsync(Limit);
        contents.Folder.AssertIsIn(directory, TorrentFacts.IsPadOrControlFile);

        await share.DisposeAsync();
        await AriaPeer.SeedAsync(foreignHost, sharing.Text("torrent"), directory, ForeignPeers.Port, entry);
        await CompeerProcess.Get(laterHost, Bare(sharing), again, new() { DhtEntries = [entry] }).WaitForSuccessAsync(Limit);
        contents.Folder.AssertIsIn(again);
    }

    /// <summary>The link without the addresses of its maker.</summary>
    private static string Bare(JsonEvent sharing) => string.Join('&', sharing.Text("link").Split('&').Where(part => !part.StartsWith("x.pe=", StringComparison.Ordinal)));
}
