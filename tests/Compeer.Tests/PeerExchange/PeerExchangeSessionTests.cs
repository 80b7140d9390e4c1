using System.Buffers;
using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.PeerExchange;

namespace Compeer.Tests.PeerExchange;

public sealed class PeerExchangeSessionTests
{
    private static readonly IPAddress Stranger = IPAddress.Parse("93.184.216.34");

    private readonly ConnectedPeers _connected = new();

    private static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(1000 + seconds);

    private static IPEndPoint Peer(int i, int port = 6881) => new(new IPAddress([20, (byte)(i >> 8), (byte)i, 7]), port);

    [Fact]
    public void The_first_message_goes_at_once_and_the_next_a_minute_later()
    {
        PeerExchangeSession session = New();
        Assert.Equal(Instant.Never, Sent(session, 0) is null ? session.NextDeadline : Instant.Zero);
        _connected.Set(Peer(1), PeerExchangeFlags.Reachable);
        Assert.Equal([Peer(1)], Sent(session, 1)!.Added.Select(p => p.EndPoint));
        _connected.Set(Peer(2), PeerExchangeFlags.None);
        Assert.Null(Sent(session, 60.9));
        Assert.Equal(At(61), session.NextDeadline);
        Assert.Equal([Peer(2)], Sent(session, 61)!.Added.Select(p => p.EndPoint));
        Assert.Null(Sent(session, 200));
    }

    [Fact]
    public void Who_went_is_dropped_once_and_who_came_and_went_between_is_not_told()
    {
        PeerExchangeSession session = New();
        _connected.Set(Peer(1), PeerExchangeFlags.None);
        Sent(session, 0);
        _connected.Set(Peer(2), PeerExchangeFlags.None);
        _connected.Remove(Peer(2));
        _connected.Remove(Peer(1));
        PeerExchangeMessage message = Sent(session, 60)!;
        Assert.Empty(message.Added);
        Assert.Equal(Peer(1), Assert.Single(message.Dropped));
        Assert.Null(Sent(session, 120));
        _connected.Set(Peer(1), PeerExchangeFlags.None);
        Assert.Equal([Peer(1)], Sent(session, 180)!.Added.Select(p => p.EndPoint));
    }

    [Fact]
    public void A_big_swarm_is_told_in_parts()
    {
        for (int i = 1; i <= 180; i++)
            _connected.Set(Peer(i), PeerExchangeFlags.None);
        PeerExchangeSession session = New();
        var told = new HashSet<IPEndPoint>();
        int[] sizes = [.. Enumerable.Range(0, 4).Select(minute => Sent(session, 60 * minute)?.Added.Count(p => told.Add(p.EndPoint)) ?? 0)];
        Assert.Equal([100, 50, 30, 0], sizes);
    }

    [Fact]
    public void No_more_is_told_than_the_bound_until_some_are_dropped()
    {
        PeerExchangeSession session = New(options: new PeerExchangeOptions { MaxTold = 10 });
        for (int i = 1; i <= 20; i++)
            _connected.Set(Peer(i), PeerExchangeFlags.None);
        Assert.Equal(10, Sent(session, 0)!.Added.Length);
        Assert.Null(Sent(session, 60));
        for (int i = 1; i <= 20; i++)
            _connected.Remove(Peer(i));
        Assert.Equal(10, Sent(session, 120)!.Dropped.Length);
    }

    [Fact]
    public void The_remote_is_not_told_of_itself_nor_a_stranger_of_the_local_network()
    {
        _connected.Set(new IPEndPoint(Stranger, 6881), PeerExchangeFlags.None);
        _connected.Set(IPEndPoint.Parse("192.168.1.5:6881"), PeerExchangeFlags.None);
        _connected.Set(IPEndPoint.Parse("[fe80::1]:6881"), PeerExchangeFlags.None);
        PeerExchangeSession stranger = New();
        stranger.RemoteListens = new IPEndPoint(Stranger, 6881);
        Assert.Null(Sent(stranger, 0));
        PeerExchangeSession neighbour = New(IPAddress.Parse("192.168.1.9"));
        Assert.Equal(2, Sent(neighbour, 0)!.Added.Length);
    }

    [Fact]
    public void Addresses_of_the_local_network_are_taken_from_neighbours_only()
    {
        byte[] message = PeerExchangeCodecTests.Write([Told("192.168.1.5:6881"), Told("127.0.0.1:22"), Told("20.1.1.1:6881")], []);
        Assert.Equal(["20.1.1.1:6881"], Named(New(), message));
        Assert.Equal(["192.168.1.5:6881", "20.1.1.1:6881"], Named(New(IPAddress.Parse("10.0.0.1")), message));
        Assert.Equal(3, Named(New(IPAddress.Loopback), message).Count);
    }

    [Fact]
    public void One_port_of_an_address_is_taken_and_fifty_peers_are_kept()
    {
        PeerExchangeSession session = New();
        Assert.Equal(["20.1.1.1:1"], Named(session, PeerExchangeCodecTests.Write([.. Enumerable.Range(1, 50).Select(port => Told($"20.1.1.1:{port}"))], [])));
        Assert.Equal(49, Named(session, Message(100, 100), 60).Count);
        Assert.Equal(50, session.Kept);
        Assert.Empty(Named(session, Message(300, 50), 120));
        IPEndPoint[] gone = [.. Enumerable.Range(100, 20).Select(i => Peer(i))];
        Assert.Equal(20, Named(session, PeerExchangeCodecTests.Write([.. Enumerable.Range(400, 50).Select(i => new ExchangedPeer(Peer(i), 0))], gone), 180).Count);
        Assert.Equal(50, session.Kept);
    }

    [Fact]
    public void A_peer_that_sends_too_often_is_ignored_and_then_dropped()
    {
        PeerExchangeSession session = New();
        Assert.Single(Named(session, Message(1, 1)));
        for (int i = 0; i < 5; i++)
            Assert.Empty(Named(session, Message(2 + i, 1), 1 + i));
        Assert.Null(session.Closed);
        Assert.Empty(Named(session, Message(9, 1), 7));
        Assert.NotNull(session.Closed);
        Assert.Empty(Named(session, Message(10, 1), 600));
    }

    [Fact]
    public void A_peer_that_is_a_little_early_is_forgiven()
    {
        PeerExchangeSession session = New();
        for (int i = 0; i < 40; i++)
            Assert.Single(Named(session, Message(i, 1), i * 51));
        for (int i = 0; i < 100; i++)
            Named(session, Message(i, 1), 10_000 + (i * 30));
        Assert.Null(session.Closed);
    }

    [Fact]
    public void A_message_that_names_too_many_counts_against_the_peer()
    {
        PeerExchangeSession session = New();
        for (int i = 0; i < 6; i++)
            Assert.Empty(Named(session, Message(1, 401), 60 * i));
        Assert.NotNull(session.Closed);
    }

    [Fact]
    public void Random_bytes_end_in_a_reason()
    {
        var random = new Random(5);
        PeerExchangeSession session = New();
        for (int i = 0; i < 10; i++)
        {
            byte[] bytes = new byte[random.Next(2000)];
            random.NextBytes(bytes);
            session.Receive(bytes, At(60 * i));
        }
        Assert.NotNull(session.Closed);
        Assert.False(session.TryTransmit(new ArrayBufferWriter<byte>(), At(10_000)));
    }

    private PeerExchangeSession New(IPAddress? remote = null, PeerExchangeOptions? options = null) => new(options ?? new PeerExchangeOptions(), _connected, remote ?? Stranger, At(0));

    private static ExchangedPeer Told(string endpoint) => new(IPEndPoint.Parse(endpoint), PeerExchangeFlags.None);

    private static byte[] Message(int first, int count) => PeerExchangeCodecTests.Write([.. Enumerable.Range(first, count).Select(i => new ExchangedPeer(Peer(i), 0))], []);

    private static PeerExchangeMessage? Sent(PeerExchangeSession session, double second)
    {
        var output = new ArrayBufferWriter<byte>();
        return session.TryTransmit(output, At(second)) && PeerExchangeCodec.TryRead(output.WrittenMemory, out PeerExchangeMessage? message, out _) ? message : null;
    }

    private static List<string> Named(PeerExchangeSession session, byte[] message, double second = 0)
    {
        session.Receive(message, At(second));
        var named = new List<string>();
        while (session.TryTakeEvent(out IReadOnlyList<ExchangedPeer>? peers))
            named.AddRange(peers.Select(p => p.EndPoint.ToString()));
        return named;
    }
}
