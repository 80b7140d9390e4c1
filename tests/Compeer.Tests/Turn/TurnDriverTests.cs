using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Compeer.Network.Stun;
using Compeer.Network.Transports;
using Compeer.Network.Turn;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Turn;

namespace Compeer.Tests.Turn;

/// <summary>The drivers over real sockets on loopback; each wait ends with the datagram it is for.</summary>
public sealed class TurnDriverTests
{
    private static readonly IPEndPoint Loopback = new(IPAddress.Loopback, 0);
    private static readonly TurnCredentials Ann = new("ann", "secret");

    private static CancellationToken Limit => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_datagram_goes_through_the_relay_and_comes_back_with_the_peers_address(string address)
    {
        await using RelayedPath path = await RelayedPath.OpenAsync(IPAddress.Parse(address));
        Assert.Equal(path.ClientPort.LocalEndPoint, path.Allocated.Mapped);
        for (byte i = 0; i < 10; i++)
        {
            Assert.True(path.Client.TrySend([i, 1, 2], path.PeerPort.LocalEndPoint));
            (byte[] there, IPEndPoint from) = await path.AtPeer.ReadAsync(Limit);
            Assert.Equal([i, 1, 2], there);
            Assert.Equal(path.Allocated.Relayed, from);
            Assert.True(path.PeerPort.TrySend([i, 9], from));
            (byte[] back, IPEndPoint peer) = await path.AtClient.ReadAsync(Limit);
            Assert.Equal([i, 9], back);
            Assert.Equal(path.PeerPort.LocalEndPoint, peer);
        }
        Assert.Equal((30, 20, 50), path.Bytes);
    }

    [Fact]
    public async Task Datagrams_sent_together_go_through_the_relay_each_with_its_own_length()
    {
        const int Count = 120;
        await using RelayedPath path = await RelayedPath.OpenAsync(IPAddress.Loopback);
        // The longest come first, since they fill a buffer before the count does.
        byte[][] sent = [.. Enumerable.Range(0, Count).Select(i => Enumerable.Repeat((byte)i, i < 50 ? 1400 : i).ToArray())];
        byte[] payloads = [.. sent.SelectMany(bytes => bytes)];
        OutgoingDatagram[] ToAll(IPEndPoint to) => [.. sent.Select(bytes => new OutgoingDatagram(bytes.Length, to, DontFragment: false))];

        path.Client.Send(payloads, ToAll(path.PeerPort.LocalEndPoint));
        for (int i = 0; i < Count; i++)
            Assert.Equal(sent[i], (await path.AtPeer.ReadAsync(Limit)).Datagram);
        path.PeerPort.Send(payloads, ToAll(path.Allocated.Relayed));
        for (int i = 0; i < Count; i++)
            Assert.Equal(sent[i], (await path.AtClient.ReadAsync(Limit)).Datagram);

        Assert.Equal((payloads.Length, payloads.Length, 2 * payloads.Length), path.Bytes);
    }

    [Fact]
    public async Task Disposing_gives_the_allocation_back_and_another_can_be_had()
    {
        await using UdpEndpoint serverPort = UdpEndpoint.Bind(Loopback), clientPort = UdpEndpoint.Bind(Loopback);
        await using TurnServerDriver server = Serve(serverPort, new TurnServerOptions { MaxAllocationsPerUser = 1 });
        var client = new TurnClient(clientPort, new Inbox());
        clientPort.Add(client);
        clientPort.Start();
        await client.AllocateAsync(serverPort.LocalEndPoint, Ann, Limit);
        Assert.Equal(1, server.Status.Allocations);
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.AllocateAsync(serverPort.LocalEndPoint, Ann, Limit));
        Task<TurnClosed> ended = client.Ended;
        await client.DisposeAsync();
        Assert.Equal(TurnCloseReason.Released, (await ended).Reason);
        Assert.Equal(0, server.Status.Allocations);
        Assert.False(client.TrySend([1], serverPort.LocalEndPoint));
    }

    [Fact]
    public async Task Refusals_are_thrown_with_their_reason_and_a_private_peer_is_not_permitted()
    {
        await using UdpEndpoint serverPort = UdpEndpoint.Bind(Loopback), clientPort = UdpEndpoint.Bind(Loopback);
        await using TurnServerDriver server = Serve(serverPort);
        await using var client = new TurnClient(clientPort, new Inbox());
        clientPort.Add(client);
        clientPort.Start();
        TurnException refused = await Assert.ThrowsAsync<TurnException>(() => client.AllocateAsync(serverPort.LocalEndPoint, new("ann", "guess"), Limit));
        Assert.Equal(TurnCloseReason.Unauthorized, refused.Reason);
        Assert.DoesNotContain("guess", refused.Message, StringComparison.Ordinal);
        Assert.False(await client.PermitAsync(IPAddress.Loopback, Limit));
        await client.AllocateAsync(serverPort.LocalEndPoint, Ann, Limit);
        Assert.False(await client.PermitAsync(IPAddress.Parse("10.0.0.1"), Limit));
        Assert.False(await client.PermitAsync(IPAddress.Parse("10.0.0.1"), Limit));
    }

    [Fact]
    public async Task An_allocation_can_be_given_up_while_it_is_asked_for()
    {
        await using UdpEndpoint silent = UdpEndpoint.Bind(Loopback), clientPort = UdpEndpoint.Bind(Loopback);
        await using var client = new TurnClient(clientPort, new Inbox());
        clientPort.Add(client);
        clientPort.Start();
        using var impatient = new CancellationTokenSource();
        Task<TurnAllocated> allocating = client.AllocateAsync(silent.LocalEndPoint, Ann, impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => allocating);
        Assert.Equal(TurnCloseReason.Released, (await client.Ended.WaitAsync(Limit)).Reason);
    }

    [Fact]
    public async Task Two_peers_tell_each_other_their_addresses_on_the_ports_that_they_share()
    {
        await using UdpEndpoint a = UdpEndpoint.Bind(Loopback), b = UdpEndpoint.Bind(Loopback);
        await using StunClient clientOfA = Share(a), clientOfB = Share(b);
        Assert.Equal(a.LocalEndPoint, await clientOfA.FindMappedAsync(b.LocalEndPoint, Limit));
        Assert.Equal(b.LocalEndPoint, await clientOfB.FindMappedAsync(a.LocalEndPoint, Limit));
        NatBehaviour nat = await clientOfA.DiscoverAsync([b.LocalEndPoint], [IPAddress.Loopback], a.LocalEndPoint.Port, Limit);
        Assert.Equal(NatMapping.NoNat, nat.Mapping);
    }

    private static StunClient Share(UdpEndpoint endpoint)
    {
        var client = new StunClient(endpoint);
        endpoint.Add(client);
        endpoint.Add(new StunServer(endpoint));
        endpoint.Start();
        return client;
    }

    private static TurnServerDriver Serve(UdpEndpoint port, TurnServerOptions? options = null)
    {
        var driver = new TurnServerDriver(port, new TurnServerDriverOptions
        {
            RelayV4 = IPAddress.Loopback,
            RelayV6 = IPAddress.IPv6Loopback,
            Server = (options ?? new()) with { Users = ImmutableDictionary<string, string>.Empty.Add(Ann.Username, Ann.Password), AllowLoopbackPeers = true },
        });
        port.Add(driver);
        port.Start();
        return driver;
    }

    /// <summary>A client with an allocation at a server, and a peer that may be sent to: three ports of one address.</summary>
    private sealed class RelayedPath : IAsyncDisposable
    {
        private readonly UdpEndpoint _serverPort;
        private readonly TurnServerDriver _server;

        private RelayedPath(IPEndPoint loopback)
        {
            (_serverPort, ClientPort, PeerPort) = (UdpEndpoint.Bind(loopback), UdpEndpoint.Bind(loopback), UdpEndpoint.Bind(loopback));
            _server = Serve(_serverPort);
            Client = new TurnClient(ClientPort, AtClient);
            ClientPort.Add(Client);
            ClientPort.Start();
            PeerPort.Add(AtPeer);
            PeerPort.Start();
        }

        public UdpEndpoint ClientPort { get; }

        public UdpEndpoint PeerPort { get; }

        public TurnClient Client { get; }

        public Inbox AtClient { get; } = new();

        public Inbox AtPeer { get; } = new();

        public TurnAllocated Allocated { get; private set; } = null!;

        /// <summary>What the client has sent and received, and the server relayed.</summary>
        public (long Sent, long Received, long Relayed) Bytes => (Client.SentBytes, Client.ReceivedBytes, _server.Status.RelayedBytes);

        public static async Task<RelayedPath> OpenAsync(IPAddress address)
        {
            var path = new RelayedPath(new IPEndPoint(address, 0));
            path.Allocated = await path.Client.AllocateAsync(path._serverPort.LocalEndPoint, Ann, Limit);
            Assert.True(await path.Client.PermitAsync(address, Limit));
            return path;
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await _server.DisposeAsync();
            await PeerPort.DisposeAsync();
            await ClientPort.DisposeAsync();
            await _serverPort.DisposeAsync();
        }
    }

    private sealed class Inbox : IDatagramReceiver
    {
        private readonly Channel<(byte[], IPEndPoint)> _datagrams = Channel.CreateBounded<(byte[], IPEndPoint)>(200);

        public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from) => _datagrams.Writer.TryWrite((datagram.ToArray(), from));

        public async Task<(byte[] Datagram, IPEndPoint From)> ReadAsync(CancellationToken cancellationToken) => await _datagrams.Reader.ReadAsync(cancellationToken);
    }
}
