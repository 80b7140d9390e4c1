using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.Rendezvous;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Rendezvous;

namespace Compeer.Tests.Rendezvous;

public sealed class RendezvousTests
{
    private static readonly Multiaddr Somewhere = Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001");
    private static readonly Instant Start = Instant.Zero + TimeSpan.FromHours(1);

    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task Peers_meet_at_a_point_page_by_page()
    {
        await using PeerHost point = await StartAsync(), one = await StartAsync(), two = await StartAsync(), asking = await StartAsync();
        await using RendezvousService service = RendezvousService.Start(point);
        foreach (PeerHost host in (PeerHost[])[one, two, asking])
            host.AddAddresses(point.Id, point.Addresses);
        Assert.Equal(TimeSpan.FromHours(2), await one.RegisterAsync(point.Id, "app", cancellationToken: _limit));
        await two.RegisterAsync(point.Id, "other", TimeSpan.FromHours(3), _limit);

        RendezvousPeers app = await asking.DiscoverAsync(point.Id, "app", cancellationToken: _limit);
        Assert.Equal([one.Id], app.Peers.Select(p => p.Peer));
        Assert.Equal(one.Addresses, asking.AddressesOf(one.Id));
        RendezvousPeers first = await asking.DiscoverAsync(point.Id, null, limit: 1, cancellationToken: _limit);
        RendezvousPeers rest = await asking.DiscoverAsync(point.Id, null, first.Cookie, cancellationToken: _limit);
        Assert.Equal([one.Id, two.Id], first.Peers.Concat(rest.Peers).Select(p => p.Peer));

        await two.RegisterAsync(point.Id, "app", cancellationToken: _limit);
        RendezvousPeers fresh = await asking.DiscoverAsync(point.Id, "app", app.Cookie, cancellationToken: _limit);
        Assert.Equal([two.Id], fresh.Peers.Select(p => p.Peer));
        RendezvousException refused = await Assert.ThrowsAsync<RendezvousException>(() => asking.DiscoverAsync(point.Id, "other", app.Cookie, cancellationToken: _limit));
        Assert.Equal(RendezvousStatus.InvalidCookie, refused.Status);
        refused = await Assert.ThrowsAsync<RendezvousException>(() => one.RegisterAsync(point.Id, "app", TimeSpan.FromDays(9), _limit));
        Assert.Equal(RendezvousStatus.InvalidTtl, refused.Status);

        await one.UnregisterAsync(point.Id, "app", _limit);
        await UntilAsync(() => service.Count == 2);
        await two.DisposeAsync();
        await UntilAsync(() => service.Count == 0);
    }

    [Fact]
    public void Only_a_peer_itself_is_registered_and_only_so_often_and_so_long()
    {
        PrivateIdentity one = PrivateIdentity.Generate(), two = PrivateIdentity.Generate();
        var point = new RendezvousPoint(OpenSslKeys.Instance, new RendezvousLimits { MaxOfPeer = 3, MaxRegistrations = 5 }, new Random(1));
        PeerId first = PeerId.FromPublicKey(one.PublicKey), second = PeerId.FromPublicKey(two.PublicKey);
        Assert.Equal(RendezvousStatus.InvalidSignedPeerRecord, Register(point, second, one, "a"));
        Assert.Equal(RendezvousStatus.InvalidSignedPeerRecord, point.Answer(first, new RendezvousMessage(RendezvousType.Register) { Namespace = "a", SignedPeerRecord = new byte[100_000] }, Start)!.Status);
        Assert.Equal(RendezvousStatus.InvalidNamespace, Register(point, first, one, ""));
        Assert.Equal(RendezvousStatus.InvalidNamespace, Register(point, first, one, new string('n', 256)));
        Assert.Equal(RendezvousStatus.InvalidTtl, Register(point, first, one, "a", 1));
        Assert.Equal(RendezvousStatus.InvalidTtl, Register(point, first, one, "a", ulong.MaxValue));
        Assert.Equal(0, point.Count);
        foreach (string name in (string[])["a", "b", "c", "a"])
            Assert.Equal(RendezvousStatus.Ok, Register(point, first, one, name));
        Assert.Equal(RendezvousStatus.NotAuthorized, Register(point, first, one, "d"));
        Assert.Equal(RendezvousStatus.Ok, Register(point, second, two, "a"));
        Assert.Equal(RendezvousStatus.Ok, Register(point, second, two, "b"));
        Assert.Equal(RendezvousStatus.Unavailable, Register(point, second, two, "c"));
        Assert.Equal(5, point.Count);
        point.OnDisconnected(first);
        Assert.Equal(2, point.Count);
        Assert.Null(point.Answer(first, new RendezvousMessage(RendezvousType.Unregister) { Namespace = "a" }, Start));
        Assert.Equal(2, point.Count);
        Assert.Empty(point.Answer(first, new RendezvousMessage(RendezvousType.Discover), Start + TimeSpan.FromHours(3))!.Registrations);
        point.OnDeadline(Start + TimeSpan.FromHours(3));
        Assert.Equal((0, Instant.Never), (point.Count, point.NextDeadline));
    }

    [Fact]
    public void Answers_are_bounded_and_the_cookie_goes_on_from_there()
    {
        PrivateIdentity one = PrivateIdentity.Generate();
        PeerId peer = PeerId.FromPublicKey(one.PublicKey);
        var point = new RendezvousPoint(OpenSslKeys.Instance, new RendezvousLimits { MaxAnswer = 7, MaxAnswerBytes = 1000 }, new Random(1));
        for (int i = 0; i < 30; i++)
            Register(point, peer, one, "n" + i);
        var seen = new HashSet<string>();
        ReadOnlyMemory<byte> cookie = default;
        for (int round = 0; round < 30; round++)
        {
            RendezvousMessage answer = point.Answer(peer, new RendezvousMessage(RendezvousType.Discover) { Cookie = cookie, Limit = ulong.MaxValue }, Start)!;
            Assert.InRange(answer.Registrations.Count, 0, 7);
            Assert.All(answer.Registrations, r => Assert.True(seen.Add(r.Namespace)));
            cookie = answer.Cookie;
        }
        Assert.Equal(30, seen.Count);
        Assert.Equal(RendezvousStatus.InvalidCookie, point.Answer(peer, new RendezvousMessage(RendezvousType.Discover) { Cookie = new byte[20] }, Start)!.Status);
    }

    [Fact]
    public void Messages_are_those_of_the_specification()
    {
        // REGISTER { ns "app", signedPeerRecord 01 02, ttl 7200 }, written down from the protobuf of the specification.
        byte[] register = Convert.FromHexString("0800120c0a0361707012020102" + "18a038");
        Assert.True(RendezvousMessage.TryDecode(register, out RendezvousMessage? read));
        Assert.Equal(("app", 7200UL), (read.Namespace, read.Seconds));
        Assert.Equal(register, read.Encode());
        // A response to DISCOVER with one registration and a cookie, status OK.
        byte[] response = Convert.FromHexString("080432130a090a0361707012020102" + "1201ff" + "1800" + "22" + "01" + "78");
        Assert.True(RendezvousMessage.TryDecode(response, out read));
        Assert.Equal("app", Assert.Single(read.Registrations).Namespace);
        Assert.Equal([0xff], read.Cookie.ToArray());
        Assert.Equal(response, read.Encode());
        Assert.False(RendezvousMessage.TryDecode([0x08, 0x00], out _));
        Assert.False(RendezvousMessage.TryDecode([0x08, 0x09, 0x12, 0x00], out _));
        for (int cut = 0; cut < response.Length; cut++)
            Assert.False(RendezvousMessage.TryDecode(response.AsSpan(0, cut), out _));
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] noise = [.. i % 2 == 0 ? register : response];
            noise[random.Next(noise.Length)] = (byte)random.Next(256);
            RendezvousMessage.TryDecode(noise, out _);
        }
        RendezvousRegistration[] many = [.. Enumerable.Range(0, 5000).Select(i => new RendezvousRegistration("n", new byte[1], 1))];
        Assert.True(RendezvousMessage.TryDecode(new RendezvousMessage(RendezvousType.DiscoverResponse) { Registrations = many }.Encode(), out read));
        Assert.Equal(RendezvousMessage.MaxRegistrations, read.Registrations.Count);
    }

    private static RendezvousStatus Register(RendezvousPoint point, PeerId from, PrivateIdentity signer, string name, ulong? seconds = null) =>
        point.Answer(from, new RendezvousMessage(RendezvousType.Register) { Namespace = name, SignedPeerRecord = PeerRecord.Seal(signer, 1, [Somewhere]).Bytes.ToArray(), Seconds = seconds }, Start)!.Status;

    private static Task<PeerHost> StartAsync() => PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(10, _limit);
    }
}
