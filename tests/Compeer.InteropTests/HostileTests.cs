using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Harm over real sockets: the process lives, keeps its memory, and serves those who behave.</summary>
public sealed class HostileTests(TestContents contents) : IClassFixture<TestContents>
{
    private const long MostMemory = 300L << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.Libtorrent | Needs.Python)]
    [InlineData("silent", 500)]
    [InlineData("trickle", 500)]
    [InlineData("flood", 20)]
    [InlineData("garbage", 200)]
    [InlineData("garbage-after", 200)]
    [InlineData("giant", 100)]
    public async Task Attackers_do_not_keep_others_from_a_share(string attack, int connections)
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost shareHost = await network.AddHostAsync(), attackHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(shareHost, content.Path);
        TorrentFacts torrent = await Torrents.ReadAsync(leechHost, sharing.Text("torrent"));

        JsonProcess attacker = SmallPeer.Attack(attackHost, attack, shareHost.At(7001), torrent.Path, connections, seconds: 12);
        await attacker.WaitForAsync("ready", Limit);
        await ForeignClient.Libtorrent.LeechAsync(leechHost, torrent, content, shareHost.At(7001), Limit);
        if (attack is "garbage" or "garbage-after" or "giant")
            Assert.True((await attacker.WaitForAsync("done", Limit)).Number("made") > 0, "the attacker never got through");

        Assert.False(share.HasExited, share.Said);
        Assert.True(share.PeakMemoryBytes is > 0 and < MostMemory, $"{share.PeakMemoryBytes >> 20} MiB of memory");
    }

    [ForeignFact(Needs.Libtorrent | Needs.Masquerade | Needs.Python)]
    public async Task Liars_who_name_a_victim_for_hole_punching_turn_few_packets_against_it()
    {
        const int mostBytes = 4 * 10 * 60; // dials at one address, packets of one dial, bytes of a SYN
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabRouter router = await network.AddRouterAsync(NatKind.Open);
        LabHost shareHost = await router.AddHostAsync(), attackHost = await network.AddHostAsync(), victimHost = await network.AddHostAsync();
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(shareHost, contents.Mebibytes(16).Path);

        JsonProcess attacker = SmallPeer.Attack(attackHost, "punch", shareHost.At(7001), sharing.Text("torrent"), count: 60, seconds: 12, victimHost.Address);
        Assert.True((await attacker.WaitForAsync("done", Limit)).Number("made") >= 8, "the attacker never got through");

        RouterTraffic atVictim = await router.TrafficWithAsync(victimHost.Address);
        Assert.InRange(atVictim.Sent, 1, mostBytes);
        Assert.False(share.HasExited, share.Said);
    }

    [ForeignTheory(Needs.Libtorrent | Needs.Python)]
    [InlineData("endless")]
    [InlineData("deep")]
    [InlineData("redirect")]
    [InlineData("loop")]
    public async Task A_hostile_tracker_does_not_stop_a_download(string mode)
    {
        const int trackerPort = 8080, trapPort = 9999;
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost trackerHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        // The trap listens on the downloader's own loopback, where a redirect must never lead it.
        JsonProcess trap = await SmallPeer.HostileTrackerAsync(getHost, "trap", "127.0.0.1", trapPort, "");
        JsonProcess tracker = await SmallPeer.HostileTrackerAsync(trackerHost, mode, trackerHost.Address, trackerPort, $"http://127.0.0.1:{trapPort}/admin?do=harm");
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1", trackers: $"http://{trackerHost.At(trackerPort)}/announce");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [seedHost.At(ForeignPeers.Port)], LimitDown = "8MiB", KeepSeeding = true });
        bool FromUs(JsonEvent e, string name) => e.Name == name && e.Text("from").StartsWith(getHost.Address + ":", StringComparison.Ordinal);
        await tracker.WaitForAsync(e => FromUs(e, "asked"), "an announce of ours", Limit);
        await get.WaitForAsync("complete", Limit);
        if (mode == "endless")
        {
            JsonEvent sent = await tracker.WaitForAsync(e => FromUs(e, "sent"), "an end of the endless answer", Limit);
            Assert.True(sent.Bytes("bytes") < 64 << 20, $"{sent.Bytes("bytes")} bytes were taken");
        }

        content.AssertIsIn(directory);
        Assert.Null(trap.Last("asked"));
        Assert.True(tracker.Events.Count(e => FromUs(e, "asked")) < 20, "it runs in circles");
        Assert.False(get.HasExited, get.Said);
        Assert.True(get.PeakMemoryBytes is > 0 and < MostMemory, $"{get.PeakMemoryBytes >> 20} MiB of memory");
    }
}
