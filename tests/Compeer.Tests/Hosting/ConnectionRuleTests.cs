using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;

namespace Compeer.Tests.Hosting;

/// <summary>Whom a host dials, lets in, keeps and lets go.</summary>
public sealed class ConnectionRuleTests
{
    private readonly CancellationToken _limit = HostPair.Deadline();

    [Fact]
    public async Task An_address_that_answers_wins_over_those_that_do_not()
    {
        await using HostPair pair = await HostPair.StartAsync();
        PeerId peer = pair.Listener.Id;
        pair.Dialer.AddAddresses(peer, new[] { "/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.9/tcp/1" }.Select(Multiaddr.Parse));
        HostConnection connection = await pair.Dialer.ConnectAsync(peer, _limit);
        Assert.Equal(pair.Listener.Addresses[0], connection.RemoteAddress);
    }

    [Fact]
    public async Task A_peer_that_was_not_reached_is_left_alone_for_a_while()
    {
        await using PeerHost host = await PeerHost.StartAsync(new());
        Multiaddr dead = Multiaddr.Parse("/ip4/127.0.0.1/tcp/1").With(PeerId.FromPublicKey(PrivateIdentity.Generate().PublicKey));
        Assert.Contains("connection refused", (await Assert.ThrowsAsync<PeerUnreachableException>(() => host.ConnectAsync(dead, _limit))).Message, StringComparison.Ordinal);
        Assert.Contains("rest", (await Assert.ThrowsAsync<PeerUnreachableException>(() => host.ConnectAsync(dead.PeerId!.Value, _limit))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_that_dial_each_other_at_once_keep_one_connection()
    {
        var options = new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] };
        await using PeerHost one = await PeerHost.StartAsync(options with { Identity = PrivateIdentity.Generate() });
        await using PeerHost two = await PeerHost.StartAsync(options with { Identity = PrivateIdentity.Generate() });
        one.Handle("/echo", (stream, token) => stream.CopyToAsync(stream, token));
        two.Handle("/echo", (stream, token) => stream.CopyToAsync(stream, token));
        await Task.WhenAll(one.ConnectAsync(two.Addresses[0].With(two.Id), _limit), two.ConnectAsync(one.Addresses[0].With(one.Id), _limit));

        // A dial may be over here before it is over there: then each has one, and not the same.
        while (!(one.Connections is [var here] && two.Connections is [var there] && here.IsIncoming != there.IsIncoming))
            await Task.Delay(10, _limit);
        await Task.WhenAll(one.PingAsync(two.Id, _limit), two.PingAsync(one.Id, _limit));
    }

    [Theory]
    [InlineData("network")]
    [InlineData("other networks")]
    [InlineData("peer")]
    public async Task Whom_the_limits_deny_does_not_get_in(string denied)
    {
        var dialer = new PeerHostOptions();
        var limits = denied switch
        {
            "network" => new ConnectionLimits { Denied = [IPNetwork.Parse("127.0.0.0/8")] },
            "other networks" => new ConnectionLimits { Allowed = [IPNetwork.Parse("10.0.0.0/8")] },
            _ => new ConnectionLimits { DeniedPeers = new HashSet<PeerId> { PeerId.FromPublicKey(dialer.Identity.PublicKey) } },
        };
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = limits }, dialer);
        await Assert.ThrowsAnyAsync<IOException>(() => pair.Dialer.PingAsync(pair.Listener.Id, _limit));
        Assert.Empty(pair.Listener.Connections);
    }

    [Fact]
    public async Task No_network_that_is_denied_is_dialled()
    {
        await using HostPair pair = await HostPair.StartAsync(dialer: new PeerHostOptions { Limits = new ConnectionLimits { Denied = [IPNetwork.Parse("127.0.0.1/32")] } });
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => pair.Dialer.ConnectAsync(pair.Listener.Id, _limit));
        Assert.Contains("limits", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Beyond_high_water_idle_connections_are_closed_and_protected_peers_stay()
    {
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions
        {
            Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            Limits = new ConnectionLimits { HighWater = 4, LowWater = 2 },
        });
        var peers = new List<PeerHost>();
        for (int i = 0; i < 5; i++)
        {
            peers.Add(await PeerHost.StartAsync(new() { Identity = PrivateIdentity.Generate() }));
            host.Protect(peers[0].Id);
            HostConnection connection = await peers[i].ConnectAsync(host.Addresses[0].With(host.Id), _limit);
            await connection.Identified.WaitAsync(_limit);
            while (i < 4 && (host.Connections.Count != i + 1 || host.Connections.Any(c => c.StreamCount > 0)))
                await Task.Delay(10, _limit);
        }
        while (host.Connections.Count > 2)
            await Task.Delay(10, _limit);
        Assert.Contains(host.Connections, c => c.RemotePeer == peers[0].Id);
        foreach (PeerHost peer in peers)
            await peer.DisposeAsync();
    }

    [Fact]
    public async Task Streams_beyond_the_limit_of_their_protocol_are_reset()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = new ConnectionLimits { MaxStreamsPerProtocolAndPeer = 2 } });
        pair.Listener.Handle("/echo", (stream, token) => stream.CopyToAsync(stream, token));
        await using DuplexStream first = await EchoAsync(pair);
        await using DuplexStream second = await EchoAsync(pair);
        await Assert.ThrowsAsync<StreamCutException>(() => EchoAsync(pair));
        second.CompleteWrites();
        Assert.Equal(0, await second.ReadAsync(new byte[1], _limit));
        for (bool isThrough = false; !isThrough;)
        {
            try
            {
                await using DuplexStream third = await EchoAsync(pair);
                isThrough = true;
            }
            catch (StreamCutException)
            {
                // The second one is counted until its handler has returned.
            }
        }
    }

    private async Task<DuplexStream> EchoAsync(HostPair pair)
    {
        DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/echo", _limit);
        await stream.WriteAsync(new byte[1], _limit);
        await stream.ReadExactlyAsync(new byte[1], _limit);
        return stream;
    }
}
