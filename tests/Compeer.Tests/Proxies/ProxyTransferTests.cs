using System.Net;
using System.Net.Sockets;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Network.Proxies;
using Compeer.Network.Trackers;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Trackers;
using Compeer.Tests.Sessions;
using Compeer.Tests.Trackers;
using Compeer.Tests.WebSeeds;

namespace Compeer.Tests.Proxies;

/// <summary>Peers, trackers and web seeds through a proxy, over real sockets; a resolver that is called fails the test.</summary>
public sealed class ProxyTransferTests
{
    private static readonly Func<string, CancellationToken, Task<IPAddress[]>> NoLookup =
        (name, _) => throw new InvalidOperationException($"The name {name} was looked up past the proxy.");

    public static TheoryData<ProxyKind> Kinds => [ProxyKind.Socks5, ProxyKind.Http];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_torrent_comes_from_a_peer_through_the_proxy(ProxyKind kind)
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 1_000_000));
        TorrentClient seed = swarm.Start("seed");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        await using var proxy = new ScriptedProxy(seed.LocalEndPoint);
        TorrentClient leech = swarm.Start("leech", o => o with { Proxy = new ProxyEndPoint(kind, proxy.EndPoint) });
        Torrent torrent = leech.Add(new TorrentSettings
        {
            Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, Peers = [IPEndPoint.Parse("198.51.100.7:6881")],
        });
        await TestSwarm.UntilCompleteAsync(torrent);
        Assert.Equal(TransferTests.Hash(swarm.Folder["seed/file.bin"]), TransferTests.Hash(swarm.Folder["leech/file.bin"]));
        Assert.Equal(["198.51.100.7:6881"], proxy.Targets.Distinct());
        Assert.Equal(0, leech.LocalEndPoint.Port);
        Assert.Null(torrent.Status.ProxyProblem);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_torrent_comes_from_a_web_seed_by_name_through_the_proxy(ProxyKind kind)
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 1_000_000));
        await using var server = new FileServer(swarm.Folder["seed"]);
        await using var proxy = new ScriptedProxy(IPEndPoint.Parse(new Uri(server.Url).Authority));
        TorrentClient leech = swarm.Start("leech", o => o with
        {
            Proxy = new ProxyEndPoint(kind, proxy.EndPoint), WebSeedClient = FileServer.World with { Resolve = NoLookup },
        });
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(leech, metainfo.WithWebSeeds(["http://files.example:8000/"]), swarm.Folder["leech"]));
        Assert.Equal(TransferTests.Hash(swarm.Folder["seed/file.bin"]), TransferTests.Hash(swarm.Folder["leech/file.bin"]));
        Assert.Equal(["files.example:8000"], proxy.Targets.Distinct());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_tracker_is_asked_by_name_through_the_proxy(ProxyKind kind)
    {
        await using var tracker = new ScriptedTracker(ScriptedTracker.Ok("d8:intervali1800e5:peers6:\u000a\0\0\u0001\u001a\u00e1e"));
        await using var proxy = new ScriptedProxy(tracker.EndPoint);
        AnnounceResult result = await AnnounceAsync("http://tracker.example:8000/announce", new ProxyEndPoint(kind, proxy.EndPoint));
        Assert.Single(result.Response!.Peers);
        Assert.Equal("tracker.example:8000", Assert.Single(proxy.Targets));
    }

    [Theory]
    [InlineData("http://10.0.0.1/announce")]
    [InlineData("http://localhost/announce")]
    [InlineData("http://router/announce")]
    [InlineData("http://127.0.0.1:631/announce")]
    public async Task A_redirect_does_not_lead_into_the_proxys_own_network(string inside)
    {
        await using var tracker = new ScriptedTracker(ScriptedTracker.Redirect(inside));
        await using var proxy = new ScriptedProxy(tracker.EndPoint);
        AnnounceResult result = await AnnounceAsync("http://tracker.example/announce", new ProxyEndPoint(ProxyKind.Socks5, proxy.EndPoint));
        Assert.Equal(TrackerFailureKind.Forbidden, result.Failure!.Kind);
        Assert.Single(proxy.Targets);
    }

    [Fact]
    public async Task Trackers_over_udp_are_off_behind_an_http_proxy()
    {
        await using var proxy = new ScriptedProxy(new IPEndPoint(IPAddress.Loopback, 9));
        AnnounceResult result = await AnnounceAsync("udp://tracker.example:6969/announce", new ProxyEndPoint(ProxyKind.Http, proxy.EndPoint));
        Assert.Contains("only SOCKS 5", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Empty(proxy.Targets);
    }

    [Fact]
    public async Task A_dead_proxy_is_told_and_nothing_goes_past_it()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 100_000));
        TorrentClient seed = swarm.Start("seed");
        Torrent seeding = TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(seeding);
        await using var server = new FileServer(swarm.Folder["seed"]);
        TorrentClient leech = swarm.Start("leech", o => o with { Proxy = new ProxyEndPoint(ProxyKind.Socks5, DeadEndPoint()), WebSeedClient = FileServer.World });
        Torrent torrent = TestSwarm.Add(leech, metainfo.WithWebSeeds([server.Url]), swarm.Folder["leech"], seed);
        await TestSwarm.UntilAsync(torrent, s => s.ProxyProblem is not null && s.WebSeedMessage is not null);
        Assert.Contains("cannot be used: nothing listens there", torrent.Status.ProxyProblem, StringComparison.Ordinal);
        Assert.Contains("proxy", torrent.Status.WebSeedMessage, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        Assert.Equal(0, torrent.Status.DownloadedBytes);
        Assert.Equal(0, seeding.Status.Peers);
    }

    private static IPEndPoint DeadEndPoint()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endpoint = (IPEndPoint)listener.LocalEndpoint;
        listener.Stop();
        return endpoint;
    }

    private static async Task<AnnounceResult> AnnounceAsync(string url, ProxyEndPoint proxy)
    {
        using var client = new TrackerClient(new TrackerClientOptions { Proxy = new ProxyDialer(proxy, null), Resolve = NoLookup });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await client.AnnounceAsync(new Uri(url), TrackerSamples.Request(), limit.Token);
    }
}
