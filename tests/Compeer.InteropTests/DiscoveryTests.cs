using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Peers found by peer exchange, on the local network and from memory, with no tracker and no DHT.</summary>
public sealed class DiscoveryTests(TestContents contents) : IClassFixture<TestContents>
{
    private const int Port = ForeignPeers.Port;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignFact(Needs.Libtorrent)]
    public async Task Compeer_learns_a_seed_from_libtorrent_by_peer_exchange()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        // Slow, so that the hub still fetches when the others come.
        LabHost seedHost = await network.AddHostAsync("8mbit"), hubHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        // The seed hears no peer exchange: only the leecher can have learnt of it.
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent, new() { PeerExchange = false });
        LibtorrentPeer hub = await LibtorrentPeer.LeechAsync(hubHost, torrent.Path, network.NewDirectory("hub"), new() { Connect = [seedHost.At(Port)], KeepSeeding = true });
        await hub.WaitForPeerAsync(seedHost.Address, Limit);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [hubHost.At(Port)] });
        await get.WaitForPeerAsync(seedHost.Address, "pex", Limit);
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Libtorrent_learns_a_seed_from_compeer_by_peer_exchange()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), hubHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent, new() { PeerExchange = false });
        CompeerProcess hub = CompeerProcess.Get(hubHost, torrent.Path, network.NewDirectory("hub"), new() { Peers = [seedHost.At(Port)], LimitDown = "32KiB", LimitUp = "32KiB" });
        await hub.WaitForPeerAsync(seedHost.Address, "user", Limit);
        string directory = network.NewDirectory("got");

        LibtorrentPeer leecher = await LibtorrentPeer.LeechAsync(leechHost, torrent.Path, directory, new() { Connect = [hubHost.At(7001)] });
        await leecher.WaitForPeerAsync(seedHost.Address, Limit, "pex");
        await leecher.CompleteAsync(Limit);

        content.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Transmission)]
    public async Task Transmission_learns_a_seed_from_compeer_by_peer_exchange()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), hubHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent, new() { PeerExchange = false });
        string directory = network.NewDirectory("got");
        TransmissionPeer leecher = await TransmissionPeer.StartAsync(leechHost, directory, Port, peerExchange: true);
        await leecher.AddAsync(torrent.Path);

        CompeerProcess hub = CompeerProcess.Get(hubHost, torrent.Path, network.NewDirectory("hub"), new() { Peers = [seedHost.At(Port), leechHost.At(Port)], LimitDown = "32KiB", LimitUp = "32KiB" });
        await hub.WaitForPeerAsync(seedHost.Address, "user", Limit);
        await hub.WaitForPeerAsync(leechHost.Address, "user", Limit);
        await leecher.WaitForPeerFromAsync("fromPex", TimeSpan.FromSeconds(90));
        await leecher.WaitUntilSeedingAsync(TimeSpan.FromSeconds(90));

        content.AssertIsIn(directory);
    }

    [NightlyForeignFact(Needs.Libtorrent | Needs.Transmission)]
    public async Task Compeer_learns_a_seed_from_transmission_by_peer_exchange()
    {
        // Transmission says nothing for its first ninety seconds.
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), hubHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        TransmissionPeer hub = await TransmissionPeer.StartAsync(hubHost, network.NewDirectory("hub"), Port, peerExchange: true);
        await hub.AddAsync(torrent.Path);
        string directory = network.NewDirectory("got");
        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [hubHost.At(Port)] });
        await get.WaitForPeerAsync(hubHost.Address, "user", Limit);

        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent, new() { PeerExchange = false, Connect = [hubHost.At(Port)], LimitUp = 64 << 10 });
        await get.WaitForPeerAsync(seedHost.Address, "pex", TimeSpan.FromSeconds(240));
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Libtorrent_finds_compeer_on_the_local_network()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, "v1");
        JsonProcess listener = await SmallPeer.PacketCounterAsync(getHost);
        LibtorrentPeer seed = await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent, new() { LocalDiscovery = true });
        string directory = network.NewDirectory("got");
        // When it has announced itself already, it is ours that brings them together.
        await listener.WaitForAsync(e => e.Name == "counted" && e.Number("lsd") > 0, "its announcement", Limit);

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { LocalDiscovery = true });
        await seed.WaitForPeerAsync(getHost.Address, Limit, "lsd");
        await get.WaitForSuccessAsync(Limit);

        contents.Folder.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Compeer_finds_libtorrent_on_the_local_network()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, contents.Folder.Path, new() { LocalDiscovery = true, Format = "hybrid" });
        string directory = network.NewDirectory("got");

        LibtorrentPeer leecher = await LibtorrentPeer.LeechAsync(leechHost, sharing.Text("torrent"), directory, new() { LocalDiscovery = true, DialsNobody = true });
        await share.WaitForPeerAsync(leechHost.Address, "lan", Limit);
        await leecher.CompleteAsync(Limit);

        contents.Folder.AssertIsIn(directory);
    }

    [ForeignTheory(Needs.Transmission | Needs.Libtorrent)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Transmission_and_compeer_find_each_other_on_the_local_network(bool transmissionFirst)
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync("16mbit"), leechHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        string directory = network.NewDirectory("got");
        JsonProcess listener = await SmallPeer.PacketCounterAsync(seedHost);
        CompeerOptions options = new() { LocalDiscovery = true };
        CompeerProcess? seed = transmissionFirst ? null : await CompeerProcess.SeedAsync(seedHost, torrent.Path, content.Parent, options);
        TransmissionPeer leecher = await TransmissionPeer.StartAsync(leechHost, directory, Port, localDiscovery: true);
        await leecher.AddAsync(torrent.Path);
        // When Transmission has announced itself already, it is our announcement that brings them together.
        if (transmissionFirst)
            await listener.WaitForAsync(e => e.Name == "counted" && e.Number("lsd") > 0, "its announcement", Limit);
        seed ??= await CompeerProcess.SeedAsync(seedHost, torrent.Path, content.Parent, options);

        if (transmissionFirst)
            await leecher.WaitForPeerFromAsync("fromLpd", Limit);
        else
            await seed.WaitForPeerAsync(leechHost.Address, "lan", Limit);
        await leecher.WaitUntilSeedingAsync(Limit);

        content.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Python)]
    public async Task Forty_peers_that_name_two_thousand_ports_of_a_victim_make_us_dial_it_a_few_times()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost liarHost = await network.AddHostAsync(), victimHost = await network.AddHostAsync(), getHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(liarHost, content, "v1");
        JsonProcess victim = await SmallPeer.PacketCounterAsync(victimHost);
        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, network.NewDirectory("got"));
        await get.WaitForAsync("progress", Limit);

        JsonProcess liar = await SmallPeer.PexLiarAsync(liarHost, torrent.Path, getHost.At(7001), victimHost.Address, count: 40);
        Assert.Equal(40, liar.Last("ready")!.Number("connections"));
        JsonEvent first = await victim.WaitForAsync(e => e.Name == "counted" && e.Number("syn") > 0, "a first attempt to connect", Limit);
        // Some time in which an unprotected client would go through all the ports.
        JsonEvent later = await victim.WaitForAsync(e => e.Name == "counted" && e.At - first.At > TimeSpan.FromSeconds(20), "counts after a while", Limit);

        Assert.InRange(later.Number("syn"), 1, 6);
        Assert.False(get.HasExited, get.Said);
        Assert.Contains("refused", get.Last("progress")!.Text("knownPeers"), StringComparison.Ordinal);
        // And an honest peer is still welcome.
        await LibtorrentPeer.LeechAsync(seedHost, torrent.Path, network.NewDirectory("other"), new() { Connect = [getHost.At(7001)] });
        await get.WaitForAsync(e => e.Name == "peer" && e.Text("address").StartsWith(seedHost.Address + ":", StringComparison.Ordinal), "the honest peer", Limit);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Python)]
    public async Task A_private_torrent_is_not_announced_on_the_local_network_and_a_public_one_is()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), listenHost = await network.AddHostAsync();
        TorrentFacts secret = await CompeerProcess.CreateTorrentAsync(seedHost, content, "v1", isPrivate: true);
        TorrentFacts open = await CompeerProcess.CreateTorrentAsync(seedHost, content, "v1");
        JsonProcess listener = await SmallPeer.PacketCounterAsync(listenHost);

        CompeerProcess seed = await CompeerProcess.SeedAsync(seedHost, secret.Path, content.Parent, new() { LocalDiscovery = true });
        JsonEvent complete = seed.Last("complete")!;
        JsonEvent silence = await listener.WaitForAsync(e => e.Name == "counted" && e.At - complete.At > TimeSpan.FromSeconds(8), "counts after a while", Limit);
        Assert.Equal(0, silence.Number("lsd"));

        await CompeerProcess.SeedAsync(seedHost, open.Path, content.Parent, new() { LocalDiscovery = true, Port = 7002 });
        await listener.WaitForAsync(e => e.Name == "counted" && e.Number("lsd") > 0, "an announcement of the public torrent", Limit);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Peers_are_remembered_over_a_kill()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        // It would dial us back by itself, and then nobody could tell who remembered whom.
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent, new() { DialsNobody = true });
        string directory = network.NewDirectory("got"), data = network.NewDirectory("state");

        CompeerProcess first = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [seedHost.At(Port)], LimitDown = "128KiB", DataDirectory = data });
        JsonEvent connected = await first.WaitForPeerAsync(seedHost.Address, "user", Limit);
        await first.WaitForAsync(e => e.Name == "progress" && e.At - connected.At > TimeSpan.FromSeconds(13), "some progress", Limit);
        await first.KillAsync();
        CompeerProcess second = CompeerProcess.Get(getHost, torrent.Path, directory, new() { DataDirectory = data });
        await second.WaitForPeerAsync(seedHost.Address, "remembered", Limit);
        await second.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Python)]
    public async Task Without_a_bind_announcements_go_out_over_IPv4_and_IPv6()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        JsonProcess listener = await SmallPeer.PacketCounterAsync(getHost);
        await CompeerProcess.SeedAsync(seedHost, torrent.Path, content.Parent, new() { LocalDiscovery = true, AnyAddress = true });
        bool Has(JsonEvent e, string prefix) => e.Values.GetProperty("senders").EnumerateArray().Any(s => s.GetString()!.StartsWith(prefix, StringComparison.Ordinal));
        await listener.WaitForAsync(e => e.Name == "counted" && Has(e, seedHost.Address) && Has(e, "fe80:"), "announcements over IPv4 and IPv6", Limit);
        string directory = network.NewDirectory("got");

        // There is no other way for them to hear of each other.
        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { LocalDiscovery = true, AnyAddress = true });
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
    }
}
