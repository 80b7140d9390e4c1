using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Bootstrapping;
using Compeer.Network.Hosting;
using Compeer.Network.Names;
using Compeer.Network.Proxies;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Proxies;
using Compeer.Tests.DomainNames;
using Compeer.Tests.Proxies;

namespace Compeer.Tests.Hosting;

/// <summary>Hosts that are found by the texts of a name.</summary>
public sealed class DnsaddrTests
{
    private static readonly PeerHostOptions Listening = new() { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] };

    private readonly CancellationToken _limit = HostPair.Deadline();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_peer_is_reached_through_names(bool truncates, bool lies)
    {
        await using PeerHost listener = await PeerHost.StartAsync(Listening), other = await PeerHost.StartAsync(Listening with { Identity = PrivateIdentity.Generate() });
        await using ScriptedNameServer server = Names(listener, other, truncates, lies);
        await using PeerHost dialer = await DialerAsync(server);

        Assert.Equal(listener.Id, (await dialer.ConnectAsync(Multiaddr.Parse("/dnsaddr/lab").With(listener.Id), _limit)).RemotePeer);
        Assert.Equal(["_dnsaddr.lab", "_dnsaddr.one.lab"], server.Asked.Distinct());
        await dialer.PingAsync(listener.Id, _limit);
    }

    [Fact]
    public async Task A_name_without_a_peer_leads_to_any_that_answers()
    {
        await using PeerHost gone = await PeerHost.StartAsync(Listening), other = await PeerHost.StartAsync(Listening with { Identity = PrivateIdentity.Generate() });
        await using ScriptedNameServer server = Names(gone, other);
        await gone.DisposeAsync();
        await using PeerHost dialer = await DialerAsync(server);
        Assert.Equal(other.Id, (await dialer.ConnectAsync(Multiaddr.Parse("/dnsaddr/lab"), _limit)).RemotePeer);
    }

    [Fact]
    public async Task A_list_of_entry_peers_may_be_a_name()
    {
        await using PeerHost listener = await PeerHost.StartAsync(Listening), other = await PeerHost.StartAsync(Listening with { Identity = PrivateIdentity.Generate() });
        await using ScriptedNameServer server = Names(listener, other);
        await using PeerHost dialer = await DialerAsync(server);
        await using BootstrapService bootstrap = BootstrapService.Start(dialer, new BootstrapOptions { Entries = [Multiaddr.Parse("/dnsaddr/lab").With(other.Id), Multiaddr.Parse("/dnsaddr/lab")] });
        while (dialer.Connections.All(c => c.RemotePeer != other.Id))
            await Task.Delay(10, _limit);
    }

    [Fact]
    public async Task The_next_server_is_asked_when_one_refuses_and_it_is_said_why_none_answers()
    {
        await using PeerHost listener = await PeerHost.StartAsync(Listening);
        await using var refusing = new ScriptedNameServer([]) { Refuses = true };
        await using ScriptedNameServer server = Names(listener, listener);
        var open = NetworkPolicy.Open;
        Assert.NotEmpty(await new TxtResolver([refusing.EndPoint, server.EndPoint], open).ResolveAsync("_dnsaddr.lab", _limit));
        Assert.Empty(await new TxtResolver([server.EndPoint], open).ResolveAsync("_dnsaddr.nobody", _limit));
        Assert.Contains("refuses", (await Assert.ThrowsAsync<NameLookupException>(() => new TxtResolver([refusing.EndPoint], open).ResolveAsync("_dnsaddr.lab", _limit))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NameLookupException>(() => new TxtResolver([], open).ResolveAsync("_dnsaddr.lab", _limit));

        await using PeerHost dialer = await DialerAsync(refusing);
        string why = (await Assert.ThrowsAsync<PeerUnreachableException>(() => dialer.ConnectAsync(Multiaddr.Parse("/dnsaddr/lab").With(listener.Id), _limit))).Message;
        Assert.Contains("_dnsaddr.lab cannot be looked up", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_else_at_the_address_is_not_taken_for_the_peer()
    {
        await using PeerHost listener = await PeerHost.StartAsync(Listening);
        PeerId meant = PeerId.FromPublicKey(PrivateIdentity.Generate().PublicKey);
        await using var server = new ScriptedNameServer(new() { ["_dnsaddr.lab"] = [$"dnsaddr={listener.Addresses[0]}/p2p/{meant}"] });
        await using PeerHost dialer = await DialerAsync(server);
        await Assert.ThrowsAsync<PeerUnreachableException>(() => dialer.ConnectAsync(Multiaddr.Parse("/dnsaddr/lab").With(meant), _limit));
        await Assert.ThrowsAsync<PeerUnreachableException>(() => dialer.ConnectAsync(Multiaddr.Parse("/dnsaddr/lab"), _limit));
    }

    [Fact]
    public async Task Behind_a_proxy_no_name_is_looked_up_here()
    {
        await using PeerHost listener = await PeerHost.StartAsync(Listening);
        await using ScriptedNameServer server = Names(listener, listener);
        Assert.True(listener.Addresses[0].TryGetTcp(out IPEndPoint? at));
        await using var proxy = new ScriptedProxy(at);
        await using PeerHost dialer = await PeerHost.StartAsync(new PeerHostOptions
        {
            NameServers = [server.EndPoint],
            Policy = new NetworkPolicy(new ProxyEndPoint(ProxyKind.Socks5, proxy.EndPoint)),
        });
        string why = (await Assert.ThrowsAsync<PeerUnreachableException>(() => dialer.ConnectAsync(Multiaddr.Parse("/dnsaddr/lab").With(listener.Id), _limit))).Message;
        Assert.Contains("proxy", why, StringComparison.Ordinal);
        Assert.Empty(server.Asked);

        // A plain name is the proxy's to look up.
        HostConnection connection = await dialer.ConnectAsync(Multiaddr.Parse("/dns4/peer.example.org/tcp/4001").With(listener.Id), _limit);
        Assert.Equal("/dns4/peer.example.org/tcp/4001", connection.RemoteAddress.ToString());
        Assert.Equal(["peer.example.org:4001"], proxy.Targets);
        await dialer.PingAsync(listener.Id, _limit);
    }

    private static Task<PeerHost> DialerAsync(ScriptedNameServer server) => PeerHost.StartAsync(new PeerHostOptions { NameServers = [server.EndPoint] });

    /// <summary>A name that leads to two hosts, to one of them over another name, and to what nobody here can dial.</summary>
    private static ScriptedNameServer Names(PeerHost one, PeerHost two, bool truncates = false, bool lies = false) => new(new()
    {
        ["_dnsaddr.lab"] = [$"dnsaddr=/ip4/127.0.0.1/udp/4001/quic-v1/p2p/{one.Id}", $"dnsaddr=/dnsaddr/one.lab/p2p/{one.Id}", $"dnsaddr={two.Addresses[0].With(two.Id)}"],
        ["_dnsaddr.one.lab"] = [$"dnsaddr={one.Addresses[0].With(one.Id)}"],
    })
    {
        Truncates = truncates,
        Lies = lies,
    };
}
