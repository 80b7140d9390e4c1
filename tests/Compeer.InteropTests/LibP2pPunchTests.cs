using System.Globalization;
using Compeer.Formats.Multiformats;
using Compeer.InteropTests.Lab;
using Compeer.Network.AutoNat;
using Compeer.Network.Hosting;

namespace Compeer.InteropTests;

/// <summary>
/// DCUtR across real NATs: two homes that meet over a relay become connected directly, and the relay carries nothing any more. Our own
/// programs play both roles through two NATs; js-libp2p, which does not dial from the port at which it listens, plays each with ours in the other.
/// </summary>
public sealed class LibP2pPunchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.Masquerade)]
    [InlineData(NatKind.PortKeeping, NatKind.PortKeeping)]
    [InlineData(NatKind.PortChanging, NatKind.PortKeeping)]
    [InlineData(NatKind.PortChanging, NatKind.PortChanging)]
    public async Task Two_homes_punch_through_their_nats_and_leave_the_relay(NatKind listenKind, NatKind dialKind)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync(isPublic: true);
        LabHost relayHost = await network.AddHostAsync();
        LabRouter listenRouter = await network.AddRouterAsync(listenKind), dialRouter = await network.AddRouterAsync(dialKind);
        LabHost listenHost = await listenRouter.AddHostAsync(), dialHost = await dialRouter.AddHostAsync();
        (JsonProcess relay, string[] at) = await HostProcess.ListenAsync(relayHost, "--serve");
        (_, string[] listener) = await HostProcess.ListenAsync(listenHost, "--relay", OnThe(relayHost, at), "--dcutr");

        (JsonProcess dialer, _) = await HostProcess.ListenAsync(dialHost, "--dial", listener.First(IsRelayed), "--dcutr");
        JsonEvent relayed = await dialer.WaitForAsync("echo", e => e.Text("path") == "Relayed", Limit);
        JsonEvent punched = await dialer.WaitForAsync("echo", e => e.Text("path") == "Punched", Limit);

        Assert.True(relayed.Flag("equal") && punched.Flag("equal"));
        Assert.StartsWith($"/ip4/{listenRouter.Address}/tcp/", punched.Text("address"), StringComparison.Ordinal);
        // The megabyte that was echoed went past the relay, which has no circuit any more.
        await relay.WaitForAsync("relayed", e => e.Number("bytes") > 0 && e.Number("circuits") == 0, Limit);
        Assert.InRange(relay.Last("relayed")!.Number("bytes"), 1, 64 << 10);
        Assert.True((await dialRouter.TrafficWithAsync(listenRouter.Address)).Received > 1 << 20, "the echo did not pass between the routers");
    }

    /// <summary>js dials from another port than it listens at, and through our NAT, which we open for its address when it is time.</summary>
    [ForeignTheory(Needs.Masquerade | Needs.NodePackages)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Js_in_one_home_and_ours_in_another_punch_as_either_side(bool jsListens)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync(isPublic: true);
        LabHost relayHost = await network.AddHostAsync();
        LabRouter jsRouter = await network.AddRouterAsync(NatKind.PortKeeping), ourRouter = await network.AddRouterAsync(NatKind.AddressRestricted);
        LabHost jsHost = await jsRouter.AddHostAsync(), ourHost = await ourRouter.AddHostAsync();
        (JsonProcess relay, string[] at) = await HostProcess.ListenAsync(relayHost, "--serve");
        string relayAddress = OnThe(relayHost, at);
        // Where js is told to say that it is; its router lets nobody in there.
        string[] announce = ["--dcutr", "--announce", $"/ip4/{jsRouter.Address}/tcp/4001"];
        JsonEvent relayed, punched;
        if (jsListens)
        {
            (_, string js) = await LibP2pRelayPeer.ListenAsync(jsHost, relayAddress, announce);
            (JsonProcess ours, _) = await HostProcess.ListenAsync(ourHost, "--dial", js, "--dcutr");
            relayed = await ours.WaitForAsync("echo", e => e.Text("path") == "Relayed", Limit);
            punched = await ours.WaitForAsync("echo", e => e.Text("path") == "Punched", Limit);
        }
        else
        {
            (JsonProcess ours, string[] addresses) = await HostProcess.ListenAsync(ourHost, "--relay", relayAddress, "--dcutr");
            JsonProcess js = LibP2pRelayPeer.Dial(jsHost, addresses.First(IsRelayed), [.. announce, "--listen", $"/ip4/{jsHost.Address}/tcp/4001"]);
            relayed = await js.WaitForAsync("echo", e => e.Flag("limited"), Limit);
            punched = await js.WaitForAsync("echo", e => !e.Flag("limited"), Limit);
            await ours.WaitForAsync("open", e => e.Text("path") == "Punched", Limit);
        }

        Assert.True(relayed.Flag("equal") && punched.Flag("equal"));
        // js does not always end its half of the circuit; the relay then does, after two minutes.
        await relay.WaitForAsync("relayed", e => e.Number("bytes") > 0 && e.Number("circuits") == 0, TimeSpan.FromSeconds(150));
        Assert.True((await ourRouter.TrafficWithAsync(jsRouter.Address)).Received > 0, "nothing passed between the routers");
    }

    [ForeignTheory(Needs.Masquerade)]
    [InlineData(NatKind.Open, "Public")]
    [InlineData(NatKind.PortKeeping, "Private")]
    public async Task A_home_learns_whether_it_is_public_and_takes_a_place_at_a_relay_if_not(NatKind kind, string expected)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync(isPublic: true);
        LabHost serverHost = await network.AddHostAsync();
        LabHost home = await (await network.AddRouterAsync(kind)).AddHostAsync();
        (_, string[] at) = await HostProcess.ListenAsync(serverHost, "--serve", "--autonat-server");

        (JsonProcess ours, _) = await HostProcess.ListenAsync(home, "--autonat", "--autorelay", "--connect", OnThe(serverHost, at));
        await ours.WaitForAsync("reachability", e => e.Text("value") == expected, Limit);
        if (kind != NatKind.Open)
            Assert.Contains((await ours.WaitForAsync("place", Limit)).Values.GetProperty("addresses").EnumerateArray(), a => IsRelayed(a.GetString()!));
    }

    [ForeignFact(Needs.NodePackages)]
    public async Task Js_and_ours_tell_each_other_whether_they_can_be_dialled()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync(isPublic: true);
        LabHost jsHost = await network.AddHostAsync(), dialHost = await network.AddHostAsync();
        (_, string js) = await LibP2pPeer.ListenAsync(jsHost, "noise", "tcp", "--autonat");
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse($"/ip4/{LibP2pPeer.BridgeAddress(jsHost)}/tcp/0")] });
        await using AutoNatServer server = await AutoNatServer.StartAsync(host);
        await using AutoNatService asking = AutoNatService.Start(host, new AutoNatOptions { Quorum = 1 });
        var found = new TaskCompletionSource<HostReachability>(TaskCreationOptions.RunContinuationsAsynchronously);
        host.ReachabilityChanged += r => found.TrySetResult(r);

        HostConnection connection = await host.ConnectAsync(Multiaddr.Parse(js));
        Assert.Equal(HostReachability.Public, await found.Task.WaitAsync(Limit));
        Assert.Contains("/libp2p/autonat/2/dial-request", (await connection.Identified)!.Protocols);

        // js asks by itself, some time after it has connected.
        LibP2pPeer.Dial(dialHost, host.Addresses[0].With(host.Id).ToString(), "stay", "noise", 1, 1, "--autonat", "--listen", $"/ip4/{dialHost.Address}/tcp/4001");
        using var limit = new CancellationTokenSource(Limit);
        while (server.Reached == 0)
            await Task.Delay(100, limit.Token);
    }

    /// <summary>The rest of Compeer maps the port at a real router; the host announces that, and what peers see of it are votes on the public address.</summary>
    [ForeignFact(Needs.Miniupnpd)]
    public async Task A_mapped_port_is_announced_and_what_peers_see_is_counted()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost[] outside = [await network.AddHostAsync(), await network.AddHostAsync(), await network.AddHostAsync()];
        UpnpRouter router = await UpnpRouter.StartAsync(network, outside);
        LabHost home = await router.AddHostAsync();
        (JsonProcess ours, _) = await HostProcess.ListenAsync(home, "--map");

        JsonEvent mapped = await ours.WaitForAsync("mapped", Limit);
        string address = Assert.Single(mapped.Values.GetProperty("announced").EnumerateArray()).GetString()!;
        Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"/ip4/{UpnpRouter.ExternalAddress}/tcp/{HostProcess.Port}/p2p/"), address, StringComparison.Ordinal);

        foreach (LabHost host in outside)
        {
            (JsonProcess dialer, _) = await HostProcess.ListenAsync(host, "--dial", address);
            JsonEvent echo = await dialer.WaitForAsync("echo", Limit);
            Assert.True(echo.Flag("equal"));
            Assert.Equal("Direct", echo.Text("path"));
        }
        Assert.Equal(UpnpRouter.ExternalAddress, (await ours.WaitForAsync("public", Limit)).Text("address"));
    }

    private static bool IsRelayed(string address) => address.Contains("/p2p-circuit", StringComparison.Ordinal);

    private static string OnThe(LabHost host, string[] addresses) => addresses.First(a => a.StartsWith(string.Create(CultureInfo.InvariantCulture, $"/ip4/{host.Address}/"), StringComparison.Ordinal));
}
