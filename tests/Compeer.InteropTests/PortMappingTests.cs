using System.Net;
using System.Globalization;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Port mapping at Debian's miniupnpd, which nobody here wrote: each way alone, seen in the kernel's rules and by bytes that pass.</summary>
public sealed class PortMappingTests(TestContents contents) : IClassFixture<TestContents>
{
    private const int Port = 7001;
    private const int Lease = 12;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly string Outside = string.Create(CultureInfo.InvariantCulture, $"{UpnpRouter.ExternalAddress}:{Port}");

    [ForeignTheory(Needs.Miniupnpd)]
    [InlineData("pcp", "PCP")]
    [InlineData("nat-pmp", "NAT-PMP")]
    [InlineData("upnp", "UPnP")]
    public async Task Each_way_maps_TCP_and_UDP_bytes_pass_and_nothing_is_left(string way, string name)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost outside = await network.AddHostAsync();
        UpnpRouter router = await UpnpRouter.StartAsync(network, outside);
        LabHost inside = await router.AddHostAsync();

        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(inside, contents.Folder.Path, new() { PortMapping = way });
        JsonEvent mapped = await share.WaitForAsync(IsMapped, "a mapping", Limit);
        Assert.Equal((name, Outside), (mapped.Text("way"), mapped.Text("external")));
        Assert.Contains(Uri.EscapeDataString(Outside), sharing.Text("link").Replace(":7001", "%3A7001", StringComparison.Ordinal), StringComparison.Ordinal);
        string rules = await router.RulesAsync();
        Assert.True(UpnpRouter.Maps(rules, "tcp", Port, inside, Port), rules);
        Assert.True(UpnpRouter.Maps(rules, "udp", Port, inside, Port), rules);

        await FetchAsync(outside, sharing, new() { TcpOnly = true, Peers = [Outside], PortMapping = "none" }, "tcp");
        await FetchAsync(outside, sharing, new() { UtpOnly = true, Peers = [Outside], PortMapping = "none" }, "utp");

        share.Send(Signal.Interrupt);
        await share.WaitForExitAsync(Limit);
        rules = await router.RulesAsync();
        Assert.DoesNotContain("dnat", rules, StringComparison.Ordinal);
    }

    [ForeignTheory(Needs.Miniupnpd)]
    [InlineData("pcp")]
    [InlineData("nat-pmp")]
    [InlineData("upnp")]
    public async Task A_lease_is_renewed_and_without_us_it_ends(string way)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        UpnpRouter router = await UpnpRouter.StartAsync(network);
        LabHost inside = await router.AddHostAsync();
        (CompeerProcess share, _) = await CompeerProcess.ShareAsync(inside, contents.Folder.Path, new() { PortMapping = way, PortMappingLease = Lease });
        JsonEvent first = await share.WaitForAsync(IsMapped, "a mapping", Limit);

        // Longer than two leases: only renewals can have kept it.
        JsonEvent late = await share.WaitForAsync(e => IsMapped(e) && e.At > first.At + TimeSpan.FromSeconds(2.2 * Lease), "a mapping that was renewed", Limit);
        Assert.Equal(Outside, late.Text("external"));
        string rules = await router.RulesAsync();
        Assert.True(UpnpRouter.Maps(rules, "tcp", Port, inside, Port) && UpnpRouter.Maps(rules, "udp", Port, inside, Port), rules);

        share.Send(Signal.Kill);
        await router.WaitForRulesAsync(r => !r.Contains("dnat", StringComparison.Ordinal), "The mappings of a killed program end", TimeSpan.FromSeconds(4 * Lease));
    }

    [ForeignTheory(Needs.Miniupnpd)]
    [InlineData("pcp")]
    [InlineData("nat-pmp")]
    [InlineData("upnp")]
    public async Task After_kill_9_a_restart_takes_the_same_mapping_over(string way)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        UpnpRouter router = await UpnpRouter.StartAsync(network);
        LabHost inside = await router.AddHostAsync();
        var options = new CompeerOptions { PortMapping = way, DataDirectory = network.NewDirectory("data") };
        (CompeerProcess killed, _) = await CompeerProcess.ShareAsync(inside, contents.Folder.Path, options);
        await killed.WaitForAsync(IsMapped, "a mapping", Limit);
        killed.Send(Signal.Kill);
        await killed.WaitForExitAsync(Limit);
        Assert.True(UpnpRouter.Maps(await router.RulesAsync(), "tcp", Port, inside, Port));

        (CompeerProcess again, _) = await CompeerProcess.ShareAsync(inside, contents.Folder.Path, options);
        JsonEvent mapped = await again.WaitForAsync("port-mapping", Limit);
        Assert.Equal(("mapped", Outside), (mapped.Text("state"), mapped.Text("external")));
        string rules = await router.RulesAsync();
        Assert.Equal(2, rules.Split("dnat").Length - 1);

        again.Send(Signal.Interrupt);
        await again.WaitForExitAsync(Limit);
        Assert.DoesNotContain("dnat", await router.RulesAsync(), StringComparison.Ordinal);
    }

    [ForeignTheory(Needs.Miniupnpd)]
    [InlineData("pcp")]
    [InlineData("nat-pmp")]
    [InlineData("upnp")]
    public async Task The_second_of_two_neighbours_gets_another_port_and_both_are_reached(string way)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost outside = await network.AddHostAsync();
        UpnpRouter router = await UpnpRouter.StartAsync(network, outside);
        LabHost first = await router.AddHostAsync(), second = await router.AddHostAsync();
        (CompeerProcess one, _) = await CompeerProcess.ShareAsync(first, contents.Folder.Path, new() { PortMapping = way });
        Assert.Equal(Outside, (await one.WaitForAsync(IsMapped, "a mapping", Limit)).Text("external"));

        (CompeerProcess two, JsonEvent sharing) = await CompeerProcess.ShareAsync(second, contents.Folder.Path, new() { PortMapping = way });
        string other = (await two.WaitForAsync(IsMapped, "a mapping", Limit)).Text("external");

        Assert.StartsWith(UpnpRouter.ExternalAddress + ":", other, StringComparison.Ordinal);
        Assert.NotEqual(Outside, other);
        Assert.True(UpnpRouter.Maps(await router.RulesAsync(), "tcp", Port, first, Port));
        await FetchAsync(outside, sharing, new() { TcpOnly = true, Peers = [other], PortMapping = "none" }, "tcp");
        two.Send(Signal.Interrupt);
        await two.WaitForExitAsync(Limit);
        string rules = await router.RulesAsync();
        Assert.True(UpnpRouter.Maps(rules, "tcp", Port, first, Port), rules);
        Assert.DoesNotContain(second.Address, rules, StringComparison.Ordinal);
    }

    [ForeignTheory(Needs.Miniupnpd)]
    [InlineData("pcp")]
    [InlineData("nat-pmp")]
    [InlineData("upnp")]
    public async Task A_router_that_was_switched_off_and_on_gets_the_mappings_again(string way)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        UpnpRouter router = await UpnpRouter.StartAsync(network);
        LabHost inside = await router.AddHostAsync();
        (CompeerProcess share, _) = await CompeerProcess.ShareAsync(inside, contents.Folder.Path, new() { PortMapping = way, PortMappingLease = Lease });
        await share.WaitForAsync(IsMapped, "a mapping", Limit);

        await router.RebootAsync();

        await router.WaitForRulesAsync(
            r => UpnpRouter.Maps(r, "tcp", Port, inside, Port) && UpnpRouter.Maps(r, "udp", Port, inside, Port), "The mappings come back", Limit);
    }

    [ForeignFact(Needs.Miniupnpd | Needs.OpenTracker)]
    public async Task The_tracker_is_told_the_port_outside()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost outside = await network.AddHostAsync();
        UpnpRouter router = await UpnpRouter.StartAsync(network, outside);
        LabHost first = await router.AddHostAsync(), second = await router.AddHostAsync();
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(outside, contents.Folder, "v1", OpenTracker.HttpUrlOn(outside));
        OpenTracker tracker = await OpenTracker.StartAsync(outside, torrent.V1);
        (CompeerProcess one, _) = await CompeerProcess.ShareAsync(first, contents.Folder.Path);
        await one.WaitForAsync(IsMapped, "a mapping", Limit);
        CompeerProcess two = await CompeerProcess.SeedAsync(second, torrent.Path, contents.Folder.Parent);
        string other = (await two.WaitForAsync(IsMapped, "a mapping", Limit)).Text("external");
        Assert.NotEqual(Outside, other);
        IPEndPoint[] named = await TrackerProbe.WaitForPeerAsync(tracker.HttpUrl, torrent.V1, IPEndPoint.Parse(other), Limit);
        Assert.DoesNotContain(IPEndPoint.Parse(Outside), named);

        string directory = network.NewDirectory("got");
        CompeerProcess get = CompeerProcess.Get(outside, torrent.Path, directory, new() { Port = 7002, PortMapping = "none" });
        await get.WaitForSuccessAsync(Limit);
        contents.Folder.AssertIsIn(directory);
    }

    private static bool IsMapped(JsonEvent e) => e.Name == "port-mapping" && e.Text("state") == "mapped";

    private async Task FetchAsync(LabHost host, JsonEvent sharing, CompeerOptions options, string path)
    {
        string directory = host.Network.NewDirectory($"got{host.Network.NextNumber()}");
        CompeerProcess get = CompeerProcess.Get(host, sharing.Text("torrent"), directory, options with { Port = 7002 });
        await get.WaitForSuccessAsync(Limit);
        contents.Folder.AssertIsIn(directory);
        Assert.Equal([path], get.Paths);
    }
}
