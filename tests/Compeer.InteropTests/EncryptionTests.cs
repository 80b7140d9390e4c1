using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>
/// Encrypted connections with the clients that people run. Each foreign side is set so that it takes no other way, and
/// both sides are asked which way it was.
/// </summary>
public sealed class EncryptionTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private TestContent Content => contents.Mebibytes(12);

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("forced", "rc4", false, null, "rc4")]
    [InlineData("forced", "both", false, null, "handshake")] // libtorrent chooses plaintext when it is offered
    [InlineData("forced", "both", true, null, "rc4")]
    [InlineData("forced", "both", false, "require", "rc4")]
    [InlineData("forced", "plaintext", false, null, "handshake")]
    [InlineData("enabled", "both", false, "require", "rc4")]
    [InlineData("disabled", "both", false, null, "")] // hangs up on the encrypted start, and is dialled again
    [InlineData("enabled", "both", false, "forbid", "")]
    public async Task Compeer_get_dials_libtorrent(string policy, string level, bool preferRc4, string? ours, string expected)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, Content, "hybrid");
        LibtorrentPeer seed = await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, Content.Parent, new() { Encryption = policy, EncryptionLevel = level, PreferRc4 = preferRc4 });
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [seedHost.At(ForeignPeers.Port)], Encryption = ours });
        await get.WaitForSuccessAsync(Limit);

        Content.AssertIsIn(directory);
        Assert.Equal([expected == "rc4"], await get.EncryptionsAsync(Limit));
        await seed.SeesEncryptionAsync(expected, Limit);
    }

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("forced", "rc4", null, "rc4")]
    [InlineData("forced", "both", null, "handshake")] // within the lab, a local network, we choose plaintext too
    [InlineData("forced", "both", "require", "rc4")]
    [InlineData("forced", "plaintext", null, "handshake")]
    [InlineData("enabled", "both", null, "handshake")]
    [InlineData("disabled", "both", null, "")]
    [InlineData("enabled", "both", "forbid", "")] // it tries encrypted first, and plain when we hang up
    public async Task Libtorrent_dials_a_compeer_seed(string policy, string level, string? ours, string expected)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, Content, "hybrid");
        CompeerProcess seed = await CompeerProcess.SeedAsync(seedHost, torrent.Path, Content.Parent, new() { Encryption = ours });
        string directory = network.NewDirectory("got");

        LibtorrentPeer leecher = await LibtorrentPeer.LeechAsync(leechHost, torrent.Path, directory, new() { Connect = [seedHost.At(7001)], Encryption = policy, EncryptionLevel = level });
        await leecher.CompleteAsync(Limit);

        Content.AssertIsIn(directory);
        Assert.Equal([expected == "rc4"], (await seed.EncryptionsAsync(Limit)).Distinct());
        await leecher.SeesEncryptionAsync(expected, Limit);
    }

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData(null)]
    [InlineData("require")]
    public async Task Libtorrent_that_requires_rc4_serves_and_fetches_over_utp(string? ours)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), middleHost = await network.AddHostAsync(), lastHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, Content, "v1");
        var foreign = new LibtorrentOptions { Encryption = "forced", EncryptionLevel = "rc4", UtpOnly = true };
        LibtorrentPeer seed = await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, Content.Parent, foreign);
        string middle = network.NewDirectory("middle"), last = network.NewDirectory("last");

        CompeerProcess get = CompeerProcess.Get(middleHost, torrent.Path, middle,
            new() { Peers = [seedHost.At(ForeignPeers.Port)], Encryption = ours, UtpOnly = true, KeepSeeding = true });
        await get.WaitForAsync("complete", Limit);
        await seed.SeesEncryptionAsync("rc4", Limit);
        await seed.KillAsync();
        LibtorrentPeer leecher = await LibtorrentPeer.LeechAsync(lastHost, torrent.Path, last, foreign with { Connect = [middleHost.At(7001)] });
        await leecher.CompleteAsync(Limit);

        Content.AssertIsIn(middle);
        Content.AssertIsIn(last);
        await leecher.SeesEncryptionAsync("rc4", Limit);
        Assert.Equal([true], (await get.EncryptionsAsync(Limit)).Distinct());
        Assert.Equal(["utp"], get.Paths.Distinct());
    }

    [ForeignTheory(Needs.Libtorrent | Needs.Aria2 | Needs.Transmission)]
    [InlineData(ForeignClient.Aria2, null)]
    [InlineData(ForeignClient.Aria2, "require")]
    [InlineData(ForeignClient.Transmission, null)]
    [InlineData(ForeignClient.Transmission, "require")]
    public async Task Compeer_get_dials_a_seed_that_requires_rc4(ForeignClient client, string? ours)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, Content, "v1");
        await SeedRequiringAsync(client, seedHost, torrent);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [seedHost.At(ForeignPeers.Port)], Encryption = ours });
        await get.WaitForSuccessAsync(Limit);

        Content.AssertIsIn(directory);
        Assert.Equal([true], (await get.EncryptionsAsync(Limit)).Distinct());
    }

    [ForeignTheory(Needs.Libtorrent | Needs.Transmission)]
    [InlineData(0, false)] // tolerated: it chooses plaintext, and cannot read an initial payload then
    [InlineData(1, true)]
    public async Task Compeer_get_dials_a_transmission_that_chooses(int encryption, bool expected)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, Content, "v1");
        string seeded = network.NewDirectory("seeded"), directory = network.NewDirectory("got");
        Content.CopyTo(seeded);
        TransmissionPeer daemon = await TransmissionPeer.StartAsync(seedHost, seeded, ForeignPeers.Port, encryption: encryption);
        await daemon.AddAsync(torrent.Path);
        await daemon.WaitUntilSeedingAsync(Limit);

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [seedHost.At(ForeignPeers.Port)] });
        await get.WaitForSuccessAsync(Limit);

        Content.AssertIsIn(directory);
        Assert.Equal([expected], await get.EncryptionsAsync(Limit));
        Assert.DoesNotContain(get.Events, IsUnreachable);
    }

    [ForeignTheory(Needs.Libtorrent | Needs.Aria2 | Needs.Transmission | Needs.OpenTracker)]
    [InlineData(ForeignClient.Aria2, null)]
    [InlineData(ForeignClient.Aria2, "require")]
    [InlineData(ForeignClient.Transmission, null)]
    [InlineData(ForeignClient.Transmission, "require")]
    public async Task A_leecher_that_requires_rc4_is_served_by_compeer(ForeignClient client, string? ours)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync(), trackerHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, Content, "v1", trackers: OpenTracker.HttpUrlOn(trackerHost));
        OpenTracker tracker = await OpenTracker.StartAsync(trackerHost, torrent.V1);
        CompeerProcess seed = await CompeerProcess.SeedAsync(seedHost, torrent.Path, Content.Parent, new() { Encryption = ours });
        await TrackerProbe.WaitForPeersAsync(tracker.HttpUrl, torrent.V1, 1, Limit);
        string directory = network.NewDirectory("got");

        if (client == ForeignClient.Aria2)
        {
            await AriaPeer.Leech(leechHost, torrent.Path, directory, ForeignPeers.Port, requireEncryption: true).WaitForSuccessAsync(Limit);
        }
        else
        {
            TransmissionPeer daemon = await TransmissionPeer.StartAsync(leechHost, directory, ForeignPeers.Port, encryption: 2);
            await daemon.AddAsync(torrent.Path);
            await daemon.WaitUntilSeedingAsync(Limit);
        }

        Content.AssertIsIn(directory, TorrentFacts.IsPadOrControlFile);
        Assert.Equal([true], (await seed.EncryptionsAsync(Limit)).Distinct());
    }

    [ForeignTheory(Needs.Libtorrent | Needs.Aria2 | Needs.Transmission)]
    [InlineData(ForeignClient.Libtorrent)]
    [InlineData(ForeignClient.Aria2)]
    [InlineData(ForeignClient.Transmission)]
    public async Task Where_it_is_forbidden_a_seed_that_requires_it_is_not_reached_and_the_reason_said(ForeignClient client)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, Content, "v1");
        await SeedRequiringAsync(client, seedHost, torrent);

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, network.NewDirectory("got"),
            new() { Peers = [seedHost.At(ForeignPeers.Port)], Encryption = "forbid", Timeout = TimeSpan.FromSeconds(5) });
        JsonEvent failure = await get.WaitForAsync(IsUnreachable, "failed dial", Limit);

        Assert.Contains("require encryption, which is forbidden here", failure.Text("reason"), StringComparison.Ordinal);
        Assert.Equal(seedHost.At(ForeignPeers.Port), failure.Text("address"));
        Assert.Equal(4, await get.WaitForExitAsync(Limit));
        Assert.DoesNotContain(get.Events, CompeerProcess.IsConnected);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Where_it_is_required_a_seed_without_it_is_not_reached_and_the_reason_said()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, Content, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, Content.Parent, new() { Encryption = "disabled" });

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, network.NewDirectory("got"),
            new() { Peers = [seedHost.At(ForeignPeers.Port)], Encryption = "require", Timeout = TimeSpan.FromSeconds(5) });
        JsonEvent failure = await get.WaitForAsync(IsUnreachable, "failed dial", Limit);

        Assert.Contains("it may accept plain connections only", failure.Text("reason"), StringComparison.Ordinal);
        Assert.Equal(4, await get.WaitForExitAsync(Limit));
        Assert.DoesNotContain(get.Events, CompeerProcess.IsConnected);
    }

    private static bool IsUnreachable(JsonEvent e) => e.Name == "peer" && e.Text("state") == "unreachable";

    private async Task SeedRequiringAsync(ForeignClient client, LabHost host, TorrentFacts torrent)
    {
        string directory = host.Network.NewDirectory($"seed{host.Network.NextNumber()}");
        Content.CopyTo(directory);
        switch (client)
        {
            case ForeignClient.Libtorrent:
                await LibtorrentPeer.SeedAsync(host, torrent.Path, directory, new() { Encryption = "forced", EncryptionLevel = "rc4" });
                break;
            case ForeignClient.Aria2:
                await AriaPeer.SeedAsync(host, torrent.Path, directory, ForeignPeers.Port, requireEncryption: true);
                break;
            case ForeignClient.Transmission:
                TransmissionPeer daemon = await TransmissionPeer.StartAsync(host, directory, ForeignPeers.Port, encryption: 2);
                await daemon.AddAsync(torrent.Path);
                await daemon.WaitUntilSeedingAsync(Limit);
                break;
        }
    }
}
