using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>The lab's routers: where these fail, the lab is broken and not Compeer.</summary>
public sealed class NatLabTests
{
    private const int Port = 7001;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    [ForeignTheory(Needs.Masquerade | Needs.Python)]
    [InlineData(NatKind.PortKeeping, Port)]
    [InlineData(NatKind.PortChanging, 17001)]
    public async Task A_router_that_keeps_or_changes_a_port_shows_every_remote_the_same_one(NatKind kind, int outside)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabRouter router = await network.AddRouterAsync(kind);
        LabHost home = await router.AddHostAsync();

        string[] seen = await AskTwoAsync(network, home);

        Assert.Equal(router.PublicAt(home, Port), $"{router.Address}:{outside}");
        Assert.Equal([router.PublicAt(home, Port), router.PublicAt(home, Port)], seen);
    }

    [ForeignFact(Needs.Masquerade | Needs.Python)]
    public async Task A_fully_random_router_shows_each_remote_another_port()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabRouter router = await network.AddRouterAsync(NatKind.FullyRandom);
        LabHost home = await router.AddHostAsync();

        string[] seen = await AskTwoAsync(network, home);

        Assert.All(seen, at => Assert.StartsWith(router.Address + ":", at, StringComparison.Ordinal));
        Assert.NotEqual(seen[0], seen[1]);
        Assert.DoesNotContain(router.PublicAt(home, Port), seen);
    }

    [ForeignTheory(Needs.Masquerade | Needs.Python)]
    [InlineData(NatKind.Open, true)]
    [InlineData(NatKind.PortKeeping, false)]
    [InlineData(NatKind.PortChanging, false)]
    [InlineData(NatKind.FullyRandom, false)]
    public async Task Only_an_open_router_lets_in_what_nobody_asked_for(NatKind kind, bool letsIn)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabRouter router = await network.AddRouterAsync(kind);
        LabHost home = await router.AddHostAsync(), known = await network.AddHostAsync(), stranger = await network.AddHostAsync();
        JsonProcess knownProbe = await SmallPeer.UdpProbeAsync(known, Port);
        JsonProcess probe = await SmallPeer.UdpProbeAsync(home, Port, known.At(Port));
        string target = (await knownProbe.WaitForAsync("heard", Limit)).Text("from");

        // The stranger knows the very mapping that the known remote sees.
        JsonProcess strange = await SmallPeer.UdpProbeAsync(stranger, Port, target);
        bool Answered() => strange.Last("seen") is not null;
        for (int i = 0; i < 20 && !Answered() && await router.UnsolicitedAsync() == 0; i++)
            await Task.Delay(100);

        Assert.Equal(letsIn, Answered());
        Assert.Equal(letsIn, await router.UnsolicitedAsync() == 0);
        Assert.DoesNotContain(probe.Events, e => !letsIn && e.Name == "heard");
    }

    [ForeignFact(Needs.Masquerade | Needs.Python)]
    public async Task Two_port_keeping_homes_reach_each_other_when_both_send_and_the_router_counts_it()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabRouter left = await network.AddRouterAsync(NatKind.PortKeeping), right = await network.AddRouterAsync(NatKind.PortKeeping);
        LabHost leftHost = await left.AddHostAsync(), rightHost = await right.AddHostAsync();

        JsonProcess one = await SmallPeer.UdpProbeAsync(leftHost, Port, right.PublicAt(rightHost, Port));
        JsonProcess other = await SmallPeer.UdpProbeAsync(rightHost, Port, left.PublicAt(leftHost, Port));

        Assert.Equal(left.PublicAt(leftHost, Port), (await one.WaitForAsync("seen", Limit)).Text("as"));
        Assert.Equal(right.PublicAt(rightHost, Port), (await other.WaitForAsync("seen", Limit)).Text("as"));
        RouterTraffic traffic = await left.TrafficWithAsync(right.Address);
        Assert.True(traffic is { SentUdp: > 0, ReceivedUdp: > 0, SentTcp: 0, ReceivedTcp: 0 }, traffic.ToString());
        Assert.Equal(0, (await left.TrafficWithAsync("10.255.255.1")).Sent);
    }

    private static async Task<string[]> AskTwoAsync(LabNetwork network, LabHost home)
    {
        LabHost first = await network.AddHostAsync(), second = await network.AddHostAsync();
        await SmallPeer.UdpProbeAsync(first, Port);
        await SmallPeer.UdpProbeAsync(second, Port);
        JsonProcess probe = await SmallPeer.UdpProbeAsync(home, Port, first.At(Port), second.At(Port));
        var seen = new List<string>();
        foreach (LabHost remote in (LabHost[])[first, second])
            seen.Add((await probe.WaitForAsync(e => e.Name == "seen" && e.Text("by") == remote.At(Port), $"an answer of {remote.Address}", Limit)).Text("as"));
        return [.. seen];
    }
}
