using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.LocalDiscovery;
using Compeer.Protocols.DomainNames;
using Compeer.Protocols.MulticastDns;
using Compeer.Protocols.Trackers;
using Compeer.Protocols;
using Compeer.Tests.KadDht;

namespace Compeer.Tests.MulticastDns;

public sealed class MdnsTests
{
    private static readonly IPEndPoint Neighbour = new(IPAddress.Parse("192.168.1.7"), 5353);
    private static readonly Multiaddr Lan = Multiaddr.Parse("/ip4/192.168.1.5/tcp/4001");

    private readonly PeerId _one = KadNet.NewPeer(new Random(1));
    private readonly PeerId _two = KadNet.NewPeer(new Random(2));
    private readonly Instant _now = Instant.Zero + TimeSpan.FromHours(1);

    [Fact]
    public void A_question_is_answered_with_our_addresses_under_a_name_that_tells_nothing()
    {
        MdnsSession session = New(_one), other = New(_two);
        byte[] question = Sent(session, _now)!;
        other.Receive(Neighbour, question, _now);
        Assert.NotNull(Sent(other, _now));
        byte[] answer = Sent(other, _now)!;
        Assert.True(DnsMessage.TryDecode(answer, out DnsMessage? message));
        Assert.True(message.IsResponse);
        Assert.DoesNotContain(_two.ToString(), message.Records.First(r => r.Type == DnsType.Ptr).Target, StringComparison.OrdinalIgnoreCase);
        Assert.Equal($"dnsaddr={Lan}/p2p/{_two}", Assert.Single(message.Records.Single(r => r.Type == DnsType.Txt).Strings));
        Assert.Equal(4001, message.Records.Single(r => r.Type == DnsType.Srv).Port);

        session.Receive(Neighbour, answer, _now);
        Assert.True(session.TryTakeFound(out MdnsPeer found));
        Assert.Equal(_two, found.Id);
        Assert.Equal([Lan], found.Addresses);
        session.Receive(Neighbour, answer, _now);
        Assert.False(session.TryTakeFound(out _), "the same peer is told once");
        other.Receive(Neighbour, answer, _now);
        Assert.False(other.TryTakeFound(out _), "nobody finds himself");
    }

    [Fact]
    public void Answers_are_few_however_often_it_is_asked()
    {
        MdnsSession session = New(_one);
        byte[] question = Sent(session, _now)!;
        int answers = 0;
        for (int i = 0; i < 1000; i++)
        {
            Instant now = _now + TimeSpan.FromMilliseconds(i);
            session.Receive(Neighbour, question, now);
            while (Sent(session, now) is { } sent)
                answers += DnsMessage.TryDecode(sent, out DnsMessage? message) && message.IsResponse ? 1 : 0;
        }
        Assert.Equal(1, answers);
    }

    [Fact]
    public void Services_are_told_to_who_asks_for_all()
    {
        MdnsSession session = New(_one);
        Sent(session, _now);
        session.Receive(Neighbour, new DnsMessage(false, [new DnsQuestion("_services._dns-sd._udp.local", DnsType.Ptr)], []).Encode(), _now);
        Assert.True(DnsMessage.TryDecode(Sent(session, _now)!, out DnsMessage? message));
        Assert.Equal("_p2p._udp.local", message.Records.Single().Target);
    }

    [Fact]
    public void Nothing_is_believed_that_leads_nearer_than_its_sender_or_names_two_peers()
    {
        MdnsSession session = New(_one);
        session.Receive(Neighbour, Answer("a", $"dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/{_two}"), _now);
        session.Receive(Neighbour, Answer("b", $"dnsaddr={Lan}/p2p/{_two}", $"dnsaddr={Lan}/p2p/{_one}"), _now);
        session.Receive(Neighbour, Answer("c", "dnsaddr=/ip4/192.168.1.9/tcp/1", "dnsaddr=nonsense", "other=1"), _now);
        session.Receive(new IPEndPoint(Neighbour.Address, 40000), Answer("d", $"dnsaddr={Lan}/p2p/{_two}"), _now);
        Assert.False(session.TryTakeFound(out _));
        session.Receive(Neighbour, Answer("e", $"dnsaddr={Lan}/p2p/{_two}"), _now);
        Assert.True(session.TryTakeFound(out _));
        Assert.Null(SentTo(session, AddressReach.Global));
    }

    [Fact]
    public void A_flood_of_peers_is_bounded_and_noise_is_nothing()
    {
        var options = new MdnsOptions { MaxPeers = 50 };
        var session = new MdnsSession(_one, options, new Random(1));
        var random = new Random(3);
        for (int i = 0; i < 2000; i++)
            session.Receive(Neighbour, Answer("n" + i, $"dnsaddr={Lan}/p2p/{KadNet.NewPeer(random)}"), _now);
        int found = 0;
        while (session.TryTakeFound(out _))
            found++;
        Assert.Equal(50, found);
        byte[] good = Answer("x", $"dnsaddr={Lan}/p2p/{_two}");
        for (int i = 0; i < good.Length; i++)
        {
            DnsMessage.TryDecode(good.AsSpan(0, i), out DnsMessage? cut);
            Assert.Null(cut);
        }
        for (int i = 0; i < 20_000; i++)
        {
            byte[] noise = [.. good];
            for (int k = random.Next(1, 5); k > 0; k--)
                noise[random.Next(noise.Length)] = (byte)random.Next(256);
            session.Receive(Neighbour, noise, _now);
        }
        // A name that points to itself, and one that points forward.
        Assert.False(DnsMessage.TryDecode([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1], out _));
        Assert.False(DnsMessage.TryDecode([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 14, 0, 12, 0, 1], out _));
        Assert.False(DnsMessage.TryDecode([0, 0, 0x80, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], out _));
    }

    [Fact]
    public async Task Two_hosts_of_a_network_connect()
    {
        CancellationToken limit = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
        // Loopback carries no multicast over IPv6; the interop tests have a network that does.
        IPAddress bind = IPAddress.Loopback;
        // A service of our own, so that other runs on this machine are not met.
        var options = new MdnsServiceOptions { Bind = bind, Session = new MdnsOptions { ServiceName = $"_t{Guid.NewGuid():N}._udp.local" } };
        await using PeerHost one = await StartAsync(bind), two = await StartAsync(bind);
        var connected = new TaskCompletionSource();
        var foundTwo = new TaskCompletionSource<MdnsPeer>();
        one.Connected += _ => connected.TrySetResult();
        await using MdnsService first = MdnsService.Start(one, options);
        first.Found += p => foundTwo.TrySetResult(p);
        await using MdnsService second = MdnsService.Start(two, options);
        MdnsPeer found = await foundTwo.Task.WaitAsync(limit);
        Assert.Equal(two.Id, found.Id);
        Assert.Equal(two.Addresses, found.Addresses);
        await connected.Task.WaitAsync(limit);
    }

    private static Task<PeerHost> StartAsync(IPAddress bind) => PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.FromTcp(new IPEndPoint(bind, 0))] });

    private static MdnsSession New(PeerId id) => new(id, new MdnsOptions(), new Random(id.GetHashCode()));

    private static byte[]? Sent(MdnsSession session, Instant now) => session.TryTransmit([Lan, Multiaddr.Parse("/ip4/127.0.0.1/tcp/4001")], now, out Func<AddressReach, byte[]?> message) ? message(AddressReach.Private) : null;

    private byte[]? SentTo(MdnsSession session, AddressReach reach)
    {
        Sent(session, _now);
        session.Receive(Neighbour, new DnsMessage(false, [new DnsQuestion("_p2p._udp.local", DnsType.Ptr)], []).Encode(), _now);
        return session.TryTransmit([Lan], _now, out Func<AddressReach, byte[]?> message) ? message(reach) : [];
    }

    private static byte[] Answer(string name, params string[] strings) => new DnsMessage(true, [],
    [
        new DnsRecord("_p2p._udp.local", DnsType.Ptr) { Target = name + "._p2p._udp.local" },
        new DnsRecord(name + "._p2p._udp.local", DnsType.Txt) { Strings = strings },
    ]).Encode();
}
