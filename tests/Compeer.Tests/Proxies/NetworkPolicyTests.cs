using System.Net;
using System.Text.RegularExpressions;
using Compeer.Network.Proxies;
using Compeer.Protocols.Proxies;
using Compeer.Tests.Architecture;

namespace Compeer.Tests.Proxies;

/// <summary>With a proxy nothing leaves past it, whoever writes the next part that uses the network.</summary>
public sealed partial class NetworkPolicyTests
{
    /// <summary>
    /// Every file that can open a way into the network, and the classes it serves. A new one fails the test below until
    /// somebody has decided its class and asks <see cref="NetworkPolicy"/> for it.
    /// </summary>
    private static readonly Dictionary<string, TrafficClass[]> Ways = new()
    {
        ["src/Compeer.Network/Outbound/TcpDial.cs"] = [TrafficClass.PeerTcp, TrafficClass.HttpTracker, TrafficClass.WebSeed],
        ["src/Compeer.Network/Transports/PeerListener.cs"] = [TrafficClass.IncomingPeers],
        ["src/Compeer.Network/Transports/UdpEndpoint.cs"] = [TrafficClass.PeerUtp, TrafficClass.Dht, TrafficClass.Stun],
        ["src/Compeer.Network/Transports/DatagramSocket.cs"] = [TrafficClass.PeerUtp, TrafficClass.Dht, TrafficClass.Stun, TrafficClass.Turn, TrafficClass.TrackerServer],
        ["src/Compeer.Network/Names/TxtResolver.cs"] = [TrafficClass.NameLookup],
        ["src/Compeer.Network/Trackers/IUdpTrackerLink.cs"] = [TrafficClass.UdpTracker],
        ["src/Compeer.Network/Trackers/HttpTrackerHop.cs"] = [TrafficClass.HttpTracker],
        ["src/Compeer.Network/Trackers/TrackerClientOptions.cs"] = [TrafficClass.NameLookup],
        ["src/Compeer.Network/Trackers/UdpTrackerListener.cs"] = [TrafficClass.TrackerServer],
        ["src/Compeer.Network/Trackers/HttpTrackerListener.cs"] = [TrafficClass.TrackerServer],
        ["src/Compeer.Network/WebSeeds/WebSeedOrigin.cs"] = [TrafficClass.WebSeed],
        ["src/Compeer.Network/WebSeeds/WebSeedClientOptions.cs"] = [TrafficClass.NameLookup],
        ["src/Compeer.Network/Proxies/Socks5Relay.cs"] = [TrafficClass.UdpTracker],
        ["src/Compeer.Network/MainlineDht/DhtService.cs"] = [TrafficClass.Dht],
        ["src/Compeer.Content/Torrents/TorrentClient.cs"] = [TrafficClass.IncomingPeers, TrafficClass.PeerUtp, TrafficClass.Dht, TrafficClass.Stun, TrafficClass.LocalDiscovery, TrafficClass.PortMapping],
        ["src/Compeer.Network/Hosting/TcpTransport.cs"] = [TrafficClass.PeerTcp, TrafficClass.IncomingPeers],
        ["src/Compeer.Network/Transports/PeerPort.cs"] = [TrafficClass.IncomingPeers, TrafficClass.PeerUtp, TrafficClass.Dht],
        ["src/Compeer.Network/Transports/TcpPunch.cs"] = [TrafficClass.HolePunching],
        ["src/Compeer.Network/Hosting/TransportAddress.cs"] = [TrafficClass.NameLookup],
        ["src/Compeer.Network/LocalDiscovery/MulticastPort.cs"] = [TrafficClass.LocalDiscovery],
        ["src/Compeer.Network/PortMapping/IgdExchange.cs"] = [TrafficClass.PortMapping],
        ["src/Compeer.Network/PortMapping/PortMapperDriver.cs"] = [TrafficClass.PortMapping],
        ["src/Compeer.Network/Turn/RelayService.cs"] = [TrafficClass.Turn, TrafficClass.NameLookup],
        ["src/Compeer.Network/Turn/TurnServerDriver.cs"] = [TrafficClass.Turn],
        ["src/Compeer.Cli/Commands/RelayCommand.cs"] = [TrafficClass.Turn],
        ["src/Compeer.Cli/Commands/RelayCheckCommand.cs"] = [TrafficClass.Stun, TrafficClass.Turn, TrafficClass.NameLookup],
        ["src/Compeer.Network/Stun/StunServers.cs"] = [TrafficClass.NameLookup],
        ["src/Compeer.Network/Outbound/PublicFetch.cs"] = [TrafficClass.HttpTracker, TrafficClass.NameLookup],
        ["src/Compeer.Node/Hosting/OwnTracker.cs"] = [TrafficClass.TrackerServer],
        ["src/Compeer.Node/Hosting/MetricsExport.cs"] = [TrafficClass.Metrics],
        // The command line and the daemon of this machine.
        ["src/Compeer.Cli/Commands/DaemonConnection.cs"] = [],
        // Sockets that are neither bound nor connected.
        ["src/Compeer.Cli/Preload.cs"] = [],
        ["src/Compeer.Node/Doctor/NodeDoctor.cs"] = [TrafficClass.Stun, TrafficClass.Turn],
        ["src/Compeer.Cli/Commands/DhtCommand.cs"] = [TrafficClass.Dht],
        ["src/Compeer.Cli/Commands/SelfTracker.cs"] = [TrafficClass.TrackerServer],
        ["src/Compeer.Cli/Commands/TrackerCommand.cs"] = [TrafficClass.TrackerServer],
        ["src/Compeer.Cli/Commands/TorrentSource.cs"] = [TrafficClass.NameLookup],
    };

    public static TheoryData<ProxyKind> Kinds => [ProxyKind.Socks5, ProxyKind.Http];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void With_a_proxy_nothing_is_direct(ProxyKind kind)
    {
        var policy = new NetworkPolicy(new ProxyEndPoint(kind, new IPEndPoint(IPAddress.Loopback, 1080)));
        foreach (TrafficClass traffic in Enum.GetValues<TrafficClass>())
        {
            Assert.NotEqual(TrafficRoute.Direct, policy.RouteOf(traffic));
            Assert.False(policy.AllowsDirect(traffic));
            Assert.True(NetworkPolicy.Open.AllowsDirect(traffic));
        }
        Assert.Equal(TrafficRoute.Off, policy.RouteOf((TrafficClass)9999));
        Assert.NotNull(policy.Describe());
    }

    [Theory]
    [InlineData(TrafficClass.PeerTcp, TrafficRoute.Proxy, TrafficRoute.Proxy)]
    [InlineData(TrafficClass.HttpTracker, TrafficRoute.Proxy, TrafficRoute.Proxy)]
    [InlineData(TrafficClass.WebSeed, TrafficRoute.Proxy, TrafficRoute.Proxy)]
    [InlineData(TrafficClass.UdpTracker, TrafficRoute.Proxy, TrafficRoute.Off)]
    [InlineData(TrafficClass.NameLookup, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.IncomingPeers, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.PeerUtp, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.HolePunching, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.Dht, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.LocalDiscovery, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.PortMapping, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.Stun, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.Turn, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.TrackerServer, TrafficRoute.Off, TrafficRoute.Off)]
    [InlineData(TrafficClass.Metrics, TrafficRoute.Off, TrafficRoute.Off)]
    public void Each_class_has_its_route(TrafficClass traffic, TrafficRoute socks, TrafficRoute http)
    {
        var address = new IPEndPoint(IPAddress.Loopback, 1080);
        Assert.Equal(socks, new NetworkPolicy(new ProxyEndPoint(ProxyKind.Socks5, address)).RouteOf(traffic));
        Assert.Equal(http, new NetworkPolicy(new ProxyEndPoint(ProxyKind.Http, address)).RouteOf(traffic));
    }

    [Fact]
    public void Every_way_into_the_network_has_a_class()
    {
        string[] found = [.. SourceTree.Files("src").Where(path => OpensWay().IsMatch(SourceTree.Read(path))).Order(StringComparer.Ordinal)];
        Assert.All(found, path => Assert.True(Ways.ContainsKey(path),
            $"{path} opens a way into the network. Decide its TrafficClass, ask NetworkPolicy before it is opened, and add it to the table here."));
        Assert.All(Ways.Keys, path => Assert.True(found.Contains(path), $"{path} opens no way any more: take it from the table."));
    }

    [Theory]
    [InlineData("localhost", 1)]
    [InlineData("a.localhost.", 1)]
    [InlineData("router", 2)]
    [InlineData("nas.local", 2)]
    [InlineData("box.home.arpa", 2)]
    [InlineData("metadata.google.internal", 2)]
    [InlineData("tracker.example.org", 3)]
    public void Names_are_judged_by_themselves(string name, int reach) => Assert.Equal(reach, (int)ProxiedName.Reach(name));

    [GeneratedRegex(@"new Socket\(|new UdpClient|new TcpClient|new TcpListener|new HttpClient|\bDns\.|new SocketsHttpHandler|new KestrelServer|new Ping\(|new ClientWebSocket|new QuicConnection|(UdpEndpoint|DatagramSocket)\.Bind\(|PeerListener\.(Start|Listen)\(|PeerPort\.Bind\(|TrackerServer\.StartAsync\(")]
    private static partial Regex OpensWay();
}
