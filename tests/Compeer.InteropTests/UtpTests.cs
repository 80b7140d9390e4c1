using System.Diagnostics;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>uTP with programs nobody here wrote, both directions; on our side TCP is off, so nothing else can have carried the bytes.</summary>
[Collection(RateTests.Name)]
public sealed class UtpTests(TestContents contents)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [ForeignFact(Needs.Libtorrent)]
    public async Task Libtorrent_serves_us_over_utp()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, "v1");
        LibtorrentPeer seed = await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent, new() { UtpOnly = true });
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { UtpOnly = true, Peers = [seedHost.At(ForeignPeers.Port)] });
        await get.WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(directory);
        Assert.Equal(["utp"], get.Paths);
        Assert.All(seed.Paths, path => Assert.True(path.IsUtp));
        Assert.NotEmpty(seed.Paths);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Libtorrent_fetches_from_us_over_utp()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, contents.Folder.Path, new() { UtpOnly = true, Format = "v1" });
        string directory = network.NewDirectory("leech");

        LibtorrentPeer leech = await LibtorrentPeer.LeechAsync(leechHost, sharing.Text("torrent"), directory, new() { UtpOnly = true, Connect = [seedHost.At(7001)] });
        Assert.Contains(await leech.CompleteAsync(Limit), name => name.Contains("Compeer", StringComparison.OrdinalIgnoreCase));

        contents.Folder.AssertIsIn(directory);
        Assert.Equal(["utp"], share.Paths);
        Assert.All(leech.Paths, path => Assert.True(path.IsUtp));
        Assert.NotEmpty(leech.Paths);
    }

    [ForeignFact(Needs.Transmission)]
    public async Task Transmission_serves_us_over_utp()
    {
        TestContent content = contents.Mebibytes(12);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(seedHost, content, "v1");
        string seeded = network.NewDirectory("seed"), directory = network.NewDirectory("got");
        content.CopyTo(seeded);
        TransmissionPeer daemon = await TransmissionPeer.StartAsync(seedHost, seeded, ForeignPeers.Port, utp: true);
        await daemon.AddAsync(torrent.Path);
        await daemon.WaitUntilSeedingAsync(Limit);

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { UtpOnly = true, Peers = [seedHost.At(ForeignPeers.Port)] });
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
        Assert.Equal(["utp"], get.Paths);
    }

    [ForeignFact(Needs.Transmission | Needs.OpenTracker)]
    public async Task Transmission_fetches_from_us_over_utp()
    {
        TestContent content = contents.Mebibytes(12);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync(), trackerHost = await network.AddHostAsync();
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(seedHost, content, "v1", OpenTracker.HttpUrlOn(trackerHost));
        OpenTracker tracker = await OpenTracker.StartAsync(trackerHost, torrent.V1);
        CompeerProcess seed = await CompeerProcess.SeedAsync(seedHost, torrent.Path, content.Parent, new() { UtpOnly = true });
        await TrackerProbe.WaitForPeersAsync(tracker.HttpUrl, torrent.V1, 1, Limit);
        string directory = network.NewDirectory("leech");

        TransmissionPeer daemon = await TransmissionPeer.StartAsync(leechHost, directory, ForeignPeers.Port, utp: true);
        await daemon.AddAsync(torrent.Path);
        await daemon.WaitUntilSeedingAsync(Limit);

        content.AssertIsIn(directory);
        Assert.Equal(["utp"], seed.Paths);
        Assert.True(daemon.HasUsedUtp);
    }

    [NightlyForeignFact(Needs.Libtorrent)]
    public async Task Over_a_long_lossy_link_we_are_no_slower_than_libtorrent()
    {
        TestContent content = contents.Mebibytes(6);
        double theirs = await SecondsAsync(content, async (a, b, torrent, directory) =>
        {
            await LibtorrentPeer.SeedAsync(a, torrent.Path, content.Parent, new() { UtpOnly = true });
            LibtorrentPeer leech = await LibtorrentPeer.LeechAsync(b, torrent.Path, directory, new() { UtpOnly = true, Connect = [a.At(ForeignPeers.Port)] });
            await leech.CompleteAsync(3 * Limit);
        });
        double ours = await SecondsAsync(content, async (a, b, torrent, directory) =>
        {
            await CompeerProcess.SeedAsync(a, torrent.Path, content.Parent, new() { UtpOnly = true });
            await CompeerProcess.Get(b, torrent.Path, directory, new() { UtpOnly = true, Peers = [a.At(7001)] }).WaitForSuccessAsync(3 * Limit);
        });
        Assert.True(ours <= theirs, $"{ours:0.0} s instead of {theirs:0.0} s");
    }

    private static async Task<double> SecondsAsync(TestContent content, Func<LabHost, LabHost, TorrentFacts, string, Task> transfer)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        SlowLink link = await SlowLink.StartAsync(seedHost, leechHost, "--delay", "50", "--rate", "50", "--loss", "0.01", "--late", "0.01", "--late-by", "10");
        string directory = network.NewDirectory("got");
        long start = Stopwatch.GetTimestamp();
        await transfer(link.A, link.B, torrent, directory);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        content.AssertIsIn(directory);
        return seconds;
    }
}
