using System.Text.Json;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>compeer doctor behind each kind of router, with coturn, miniupnpd and libtorrent as those it asks; and liars.</summary>
public sealed class DoctorTests
{
    private const int Port = 7001;

    [ForeignTheory(Needs.Coturn | Needs.Masquerade)]
    [InlineData(NatKind.Open, "noNat", "endpointIndependent", "yes", "likely", 0)]
    [InlineData(NatKind.PortKeeping, "endpointIndependent", "addressAndPortDependent", "no", "likely", 0)]
    [InlineData(NatKind.FullyRandom, "addressAndPortDependent", "addressAndPortDependent", "no", "no", 1)]
    public async Task It_tells_what_kind_of_NAT_stands_before_us(NatKind kind, string mapping, string filtering, string direct, string punching, int exitCode)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync();
        LabHost inside = await (await network.AddRouterAsync(kind)).AddHostAsync();
        await Coturn.StartAsync(server, hasSecondAddress: true);

        (JsonEvent found, int code) = await CompeerProcess.DoctorAsync(inside, new() { Stun = [server.At(Coturn.Port)] });

        Assert.Equal((mapping, filtering), (found.Text("mapping"), found.Text("filtering")));
        Assert.Equal((direct, punching), (Outlook(found, "in"), Outlook(found, "holePunching")));
        Assert.Equal((inside.PublicAddress, "stun"), PublicAddress(found));
        Assert.Equal(exitCode, code);
    }

    [ForeignTheory(Needs.Coturn | Needs.Masquerade)]
    [InlineData(false, "endpointIndependent", "yes")]
    [InlineData(true, "addressAndPortDependent", "no")]
    public async Task Over_IPv6_it_tells_whether_a_firewall_stands_before_us(bool firewall, string filtering, string direct)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync(isV6: true);
        LabHost server = await network.AddHostAsync(), host = await network.AddHostAsync();
        await Coturn.StartAsync(server, hasSecondAddress: true);
        if (firewall)
            await LabTool.RunInAsync(host.Namespace, "nft", ["-f", "-"], "table inet fence { chain in { type filter hook input priority 0; ct state new meta l4proto { tcp, udp } drop; }; }\n");

        (JsonEvent found, int code) = await CompeerProcess.DoctorAsync(host, new() { Stun = [server.At(Coturn.Port)] });

        Assert.Equal((filtering, direct, "no"), (found.Text("ownPortFilteringV6"), Outlook(found, "in6"), Outlook(found, "in")));
        Assert.Equal((host.Address, "stun"), PublicAddress(found));
        Assert.Equal((firewall, 0), (found.ToString().Contains("For IPv6, let port 7001", StringComparison.Ordinal), code));
    }

    [ForeignTheory(Needs.Coturn | Needs.Masquerade)]
    [InlineData(NatKind.PortKeeping, "endpointIndependent")]
    [InlineData(NatKind.FullyRandom, "addressAndPortDependent")]
    public async Task Two_servers_with_one_address_each_tell_the_mapping(NatKind kind, string mapping)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost first = await network.AddHostAsync(), second = await network.AddHostAsync();
        LabHost inside = await (await network.AddRouterAsync(kind)).AddHostAsync();
        await Coturn.StartAsync(first);
        await Coturn.StartAsync(second);

        (JsonEvent found, _) = await CompeerProcess.DoctorAsync(inside, new() { Stun = [first.At(Coturn.Port), second.At(Coturn.Port)] });

        Assert.Equal((mapping, "unknown"), (found.Text("mapping"), found.Text("filtering")));
        Assert.Equal(inside.PublicAddress, PublicAddress(found).Address);
    }

    [ForeignFact(Needs.Libtorrent | Needs.Masquerade)]
    public async Task Nodes_of_libtorrent_tell_address_and_mapping_without_a_STUN_server()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost inside = await (await network.AddRouterAsync(NatKind.PortKeeping)).AddHostAsync();

        (JsonEvent found, int code) = await CompeerProcess.DoctorAsync(inside, new() { DhtEntries = [entry] });

        Assert.Equal((inside.PublicAddress, "dht"), PublicAddress(found));
        Assert.Equal(("endpointIndependent", 0), (found.Text("mapping"), code));
        Assert.Equal("no", Outlook(found, "in"));
        Assert.True(found.Number("dhtNodes") > 3);
        Assert.True(found.Number("dhtFirstAnswerSeconds") > 0);
    }

    [ForeignFact(Needs.Coturn | Needs.Miniupnpd)]
    public async Task Behind_a_router_that_maps_it_says_where_and_that_strangers_come_in()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync();
        await Coturn.StartAsync(server, hasSecondAddress: true);
        UpnpRouter router = await UpnpRouter.StartAsync(network, server);
        LabHost inside = await router.AddHostAsync();

        (JsonEvent found, int code) = await CompeerProcess.DoctorAsync(inside, new() { Stun = [server.At(Coturn.Port)] });

        string outside = $"{UpnpRouter.ExternalAddress}:{Port}";
        Assert.Equal((outside, outside), (found.Text("mappedTcp"), found.Text("mappedUdp")));
        Assert.Equal(("addressAndPortDependent", "endpointIndependent"), (found.Text("filtering"), found.Text("ownPortFiltering")));
        Assert.Equal(("yes", 0), (Outlook(found, "in"), code));
        Assert.DoesNotContain("dnat", await router.RulesAsync(), StringComparison.Ordinal);
    }

    [ForeignFact(Needs.Network)]
    public async Task Where_nobody_answers_it_says_so_and_ends_in_time()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost silent = await network.AddHostAsync(), host = await network.AddHostAsync();

        (JsonEvent found, int code) = await CompeerProcess.DoctorAsync(host, new() { Stun = [silent.At(3478), "nobody.invalid:3478"], DhtEntries = [silent.At(6881)] }, "--timeout", "20");

        Assert.True(found.Flag("udpSilent"));
        Assert.Equal(("unknown", "unknown", 1), (found.Text("mapping"), Outlook(found, "in"), code));
        Assert.Contains("did not answer", found.ToString(), StringComparison.Ordinal);
        Assert.Contains("leads to no address", found.ToString(), StringComparison.Ordinal);
        Assert.True(found.Number("seconds") < 25, found.ToString());
    }

    [ForeignTheory(Needs.Python)]
    [InlineData("other-port")]
    [InlineData("wrong-id")]
    public async Task Answers_that_nobody_asked_for_are_not_believed(string mode)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost liarHost = await network.AddHostAsync(), host = await network.AddHostAsync();
        JsonProcess liar = await SmallPeer.HostileStunAsync(liarHost, mode, Coturn.Port, "66.6.6.6");

        (JsonEvent found, int code) = await CompeerProcess.DoctorAsync(host, new() { Stun = [liarHost.At(Coturn.Port)] });

        Assert.NotNull(liar.Last("lied"));
        Assert.DoesNotContain("66.6.6.6", found.ToString(), StringComparison.Ordinal);
        Assert.True(found.Flag("udpSilent"));
        Assert.Equal(1, code);
    }

    [ForeignFact(Needs.Coturn)]
    public async Task It_says_whether_a_relay_works()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), host = await network.AddHostAsync();
        await Coturn.StartAsync(server);

        (JsonEvent good, _) = await CompeerProcess.DoctorAsync(host, new() { Stun = [server.At(Coturn.Port)] }, "--relay", $"turn:ann:secret@{server.At(Coturn.Port)}");
        (JsonEvent bad, _) = await CompeerProcess.DoctorAsync(host, new() { Stun = [server.At(Coturn.Port)] }, "--relay", $"turn:ann:guess@{server.At(Coturn.Port)}");

        Assert.Equal(("yes", "no"), (Outlook(good, "relay"), Outlook(bad, "relay")));
        Assert.Contains($"gave us {server.Address}:", good.Text("relay"), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", good.ToString(), StringComparison.Ordinal);
    }

    [ForeignFact(Needs.Proxies)]
    public async Task With_a_proxy_it_says_what_is_off_and_sends_nothing()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost proxy = await network.AddHostAsync(), server = await network.AddHostAsync(), host = await network.AddHostAsync();
        PacketMeter meter = await PacketMeter.StartAsync(host, proxy);

        (JsonEvent found, int code) = await CompeerProcess.DoctorAsync(host, new() { Proxy = $"socks5://{proxy.At(1080)}", Stun = [server.At(3478)] });

        Assert.Contains("STUN", found.Text("proxy"), StringComparison.Ordinal);
        Assert.Equal(("no", 1), (Outlook(found, "in"), code));
        Assert.Equal((0, 0), (await meter.AllowedAsync(), await meter.LeakedAsync()));
    }

    private static string Outlook(JsonEvent found, string way) => found.Values.GetProperty("ways").GetProperty(way).GetProperty("outlook").GetString()!;

    private static (string Address, string ToldBy) PublicAddress(JsonEvent found)
    {
        JsonElement known = Assert.Single(found.Values.GetProperty("publicAddresses").EnumerateArray().ToArray());
        return (known.GetProperty("address").GetString()!, known.GetProperty("toldBy").GetString()!);
    }
}
