using System.Diagnostics;
using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.InteropTests.Lab;
using Compeer.Network.Hosting;
using Compeer.Network.LocalDiscovery;
using Compeer.Protocols.MulticastDns;
using Xunit.Abstractions;

namespace Compeer.InteropTests;

/// <summary>Our host on the bridge of a network, and js-libp2p on a host of it, which find each other by multicast alone.</summary>
public sealed class LibP2pMdnsTests(ITestOutputHelper output)
{
    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(100)).Token;

    [ForeignFact(Needs.NodePackages)]
    public async Task We_and_js_find_each_other()
    {
        Prerequisites.Demand(Needs.NodePackages);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost jsHost = await network.AddHostAsync();
        string own = LibP2pPeer.BridgeAddress(jsHost);
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse($"/ip4/{own}/tcp/0")] });
        var found = new TaskCompletionSource<MdnsPeer>();
        await using MdnsService mdns = MdnsService.Start(host, new MdnsServiceOptions { Bind = IPAddress.Parse(own), Connect = false });
        mdns.Found += p => found.TrySetResult(p);

        var js = new JsonProcess(jsHost, Prerequisites.PathOf("node"), [LabFiles.Peer("js/libp2p_mdns.mjs"), jsHost.Address]);
        JsonEvent ready = await js.WaitForAsync("ready", TimeSpan.FromSeconds(60));
        long started = Stopwatch.GetTimestamp();
        MdnsPeer peer = await found.Task.WaitAsync(_limit);
        output.WriteLine($"js was found {Stopwatch.GetElapsedTime(started).TotalSeconds:0.00} s after it said that it was ready");
        Assert.Equal(ready.Text("id"), peer.Id.ToString());
        Assert.Equal(ready.Values.GetProperty("addresses")[0].GetString(), peer.Addresses[0].With(peer.Id).ToString());
        JsonEvent seen = await js.WaitForAsync("found", e => e.Text("id") == host.Id.ToString(), TimeSpan.FromSeconds(60));
        Assert.Equal(host.Addresses[0].ToString(), seen.Values.GetProperty("addresses")[0].GetString());
        await host.PingAsync(peer.Id, _limit);
    }

    [ForeignTheory(Needs.Network)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_of_ours_find_each_other_over_either_family(bool isV6)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync(isV6);
        IPAddress own = IPAddress.Parse(LibP2pPeer.BridgeAddress(await network.AddHostAsync()));
        var options = new PeerHostOptions { Listen = [Multiaddr.FromTcp(new IPEndPoint(own, 0))] };
        await using PeerHost one = await PeerHost.StartAsync(options), two = await PeerHost.StartAsync(options with { Identity = new PeerHostOptions().Identity });
        TaskCompletionSource<MdnsPeer> found = new(), foundFirst = new();
        await using MdnsService first = MdnsService.Start(one, new MdnsServiceOptions { Bind = own });
        first.Found += p => found.TrySetResult(p);
        long started = Stopwatch.GetTimestamp();
        await using MdnsService second = MdnsService.Start(two, new MdnsServiceOptions { Bind = own });
        second.Found += p => foundFirst.TrySetResult(p);
        MdnsPeer peer = await found.Task.WaitAsync(_limit);
        Assert.Equal(two.Id, peer.Id);
        Assert.Equal(two.Addresses, peer.Addresses);
        Assert.Equal(one.Id, (await foundFirst.Task.WaitAsync(_limit)).Id);
        output.WriteLine($"{(isV6 ? "IPv6" : "IPv4")}: both had found each other {Stopwatch.GetElapsedTime(started).TotalSeconds:0.00} s after the second one started");
        await one.PingAsync(two.Id, _limit);
    }
}
