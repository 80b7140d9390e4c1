using System.Net;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Turn;

namespace Compeer.Tests.Turn;

public sealed class TurnServerTests
{
    private static readonly IPEndPoint At = IPEndPoint.Parse("192.0.2.9:6881");
    private static readonly byte[] Hello = [1, 2, 3, 4, 5];

    private readonly TurnWorld _world = new();

    [Fact]
    public void Nothing_passes_in_either_direction_without_permission()
    {
        TurnClientSession client = _world.Allocated(At);
        _world.SendToRelay(client, TurnWorld.Peer, Hello);
        _world.Send(SendIndication(TurnWorld.Peer, Hello), At);
        Assert.Empty(_world.AtClients);
        Assert.Empty(_world.AtPeers);
        Assert.Equal(2, _world.Server.Dropped);

        client.Permit(TurnWorld.Peer.Address, _world.Now);
        _world.Pump(client, At);
        _world.Send(SendIndication(TurnWorld.Peer, Hello), At);
        _world.SendToRelay(client, TurnWorld.Peer, Hello);
        _world.SendToRelay(client, IPEndPoint.Parse("198.51.100.8:5000"), Hello);
        Assert.Single(_world.AtPeers);
        Assert.Single(_world.AtClients);
        Assert.Equal(2 * Hello.Length, _world.Server.RelayedBytes);
    }

    [Fact]
    public void Permissions_end_after_five_minutes_channels_after_ten_allocations_after_their_lifetime()
    {
        _world.Allocated(At);
        byte[] nonce = _world.NonceFor(At);
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(Channel(0x4001, TurnWorld.Peer, nonce), At)));
        Assert.Empty(_world.Send([0x40, 1, 0, 1, 9], At));
        Assert.Single(_world.AtPeers);
        _world.Now += TimeSpan.FromMinutes(5);
        _world.Send([0x40, 1, 0, 1, 9], At);
        Assert.Single(_world.AtPeers);
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(Permission(nonce, TurnWorld.Peer.Address), At)));
        _world.Send([0x40, 1, 0, 1, 9], At);
        Assert.Equal(2, _world.AtPeers.Count);
        _world.Now += TimeSpan.FromMinutes(5);
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(Permission(nonce, TurnWorld.Peer.Address), At)));
        _world.Send([0x40, 1, 0, 1, 9], At);
        Assert.Equal(2, _world.AtPeers.Count);
        _world.Server.OnDeadline(_world.Now);
        Assert.Equal(0, _world.Server.Allocations);
        Assert.Null(_world.Server.NextDeadline);
    }

    [Fact]
    public void A_channel_has_one_peer_and_a_peer_one_channel()
    {
        _world.Allocated(At);
        byte[] nonce = _world.NonceFor(At);
        var other = IPEndPoint.Parse("198.51.100.8:5000");
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(Channel(0x4001, TurnWorld.Peer, nonce), At)));
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(Channel(0x4001, TurnWorld.Peer, nonce), At)));
        Assert.Equal(400, TurnWorld.CodeOf(_world.Send(Channel(0x4001, other, nonce), At)));
        Assert.Equal(400, TurnWorld.CodeOf(_world.Send(Channel(0x4002, TurnWorld.Peer, nonce), At)));
        Assert.Equal(400, TurnWorld.CodeOf(_world.Send(Channel(0x3FFF, other, nonce), At)));
        Assert.Equal(400, TurnWorld.CodeOf(_world.Send(Channel(0x7FFF, other, nonce), At)));
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(Channel(0x4002, other, nonce), At)));
        _world.Now += TimeSpan.FromMinutes(9);
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(Refresh(nonce, 600), At)));
        _world.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(Channel(0x4001, other, nonce), At)));
    }

    [Theory]
    [InlineData("127.0.0.1", 403)]
    [InlineData("10.1.2.3", 403)]
    [InlineData("192.168.0.1", 403)]
    [InlineData("169.254.1.1", 403)]
    [InlineData("224.0.0.1", 403)]
    [InlineData("255.255.255.255", 403)]
    [InlineData("0.0.0.0", 403)]
    [InlineData("::1", 443)]
    [InlineData("::ffff:127.0.0.1", 443)]
    [InlineData("198.51.100.7", 0)]
    public void Only_places_on_the_Internet_are_relayed_to(string peer, int code)
    {
        _world.Allocated(At);
        byte[] nonce = _world.NonceFor(At);
        Assert.Equal(code, TurnWorld.CodeOf(_world.Send(Permission(nonce, IPAddress.Parse(peer)), At)));
        Assert.Equal(code, TurnWorld.CodeOf(_world.Send(Channel(0x4001, new IPEndPoint(IPAddress.Parse(peer), 9), nonce), At)));
        Assert.Equal(403, TurnWorld.CodeOf(_world.Send(Permission(nonce, IPAddress.Parse("198.51.100.9"), IPAddress.Parse("127.0.0.1")), At)));
    }

    [Fact]
    public void Its_own_machine_is_reached_only_at_the_ports_of_other_allocations()
    {
        TurnClientSession ann = _world.Allocated(At), other = _world.Allocated(IPEndPoint.Parse("192.0.2.10:1"));
        ann.Permit(TurnWorld.ServerEndPoint.Address, _world.Now);
        _world.Pump(ann, At);
        _world.Send(SendIndication(new(TurnWorld.ServerEndPoint.Address, 22), Hello), At);
        _world.Send(SendIndication(TurnWorld.ServerEndPoint, Hello), At);
        Assert.Empty(_world.AtPeers);
        _world.Send(SendIndication(other.Relayed!, Hello), At);
        Assert.Single(_world.AtPeers);
    }

    [Fact]
    public void A_nonce_is_bound_to_the_client_and_expires()
    {
        byte[] nonce = _world.NonceFor(At);
        var elsewhere = IPEndPoint.Parse("192.0.2.9:6882");
        Assert.Equal(438, TurnWorld.CodeOf(_world.Send(TurnWorld.Request(StunMethod.Allocate, nonce, "ann", "secret"), elsewhere)));
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(TurnWorld.Request(StunMethod.Allocate, nonce, "ann", "secret"), At)));
        _world.Now += 2 * TurnWorld.Options.NonceLifetime;
        Assert.Equal(438, TurnWorld.CodeOf(_world.Send(Refresh(nonce, 600), At)));
        Assert.Equal(401, TurnWorld.CodeOf(_world.Send(TurnWorld.Request(StunMethod.Refresh, _world.NonceFor(At), "ann", "wrong"), At)));
        Assert.Equal(400, TurnWorld.CodeOf(_world.Send(WithoutNonce(), At)));
    }

    [Fact]
    public void Lifetimes_stay_between_the_default_and_an_hour()
    {
        _world.Allocated(At);
        byte[] nonce = _world.NonceFor(At);
        foreach ((uint wanted, uint granted) in new (uint, uint)[] { (1, 600), (600, 600), (1800, 1800), (uint.MaxValue, 3600), (0, 0) })
        {
            Assert.True(StunMessage.TryRead(Assert.Single(_world.Send(Refresh(nonce, wanted), At)), out StunMessage answer));
            Assert.True(answer.TryGetUInt32(StunAttributeType.Lifetime, out uint seconds));
            Assert.Equal(granted, seconds);
            Assert.True(answer.HasIntegrity(StunCredentials.Key("ann", "compeer", "secret")));
        }
        Assert.Equal(437, TurnWorld.CodeOf(_world.Send(Refresh(nonce, 600), At)));
        Assert.Empty(_world.Relays);
    }

    [Fact]
    public void What_it_cannot_do_it_refuses()
    {
        byte[] nonce = _world.NonceFor(At);
        Assert.Equal(440, Try((ref StunMessageWriter w) => w.AddUInt32(StunAttributeType.RequestedAddressFamily, 2u << 24)));
        Assert.Equal(440, Try((ref StunMessageWriter w) => w.AddUInt32(StunAttributeType.RequestedAddressFamily, 9u << 24)));
        Assert.Equal(420, Try((ref StunMessageWriter w) => w.Add(StunAttributeType.DontFragment, [])));
        Assert.Equal(420, Try((ref StunMessageWriter w) => w.Add((StunAttributeType)0x7FFF, [])));
        Assert.Equal(508, Try((ref StunMessageWriter w) => w.Add(StunAttributeType.EvenPort, [0x80])));
        Assert.Equal(508, Try((ref StunMessageWriter w) => w.Add(StunAttributeType.EvenPort, [])));
        Assert.Equal(437, TurnWorld.CodeOf(_world.Send(Permission(nonce, TurnWorld.Peer.Address), At)));
        Assert.Equal(400, TurnWorld.CodeOf(_world.Send(Protected(StunMethod.Allocate, nonce), At)));
        Assert.Equal(0, _world.Server.Allocations);

        int Try(TurnWorld.StunAdd add) => TurnWorld.CodeOf(_world.Send(TurnWorld.Request(StunMethod.Allocate, nonce, "ann", "secret", add), At));
    }

    [Fact]
    public void An_even_port_is_given_to_who_asks_for_one()
    {
        byte[] nonce = _world.NonceFor(At);
        Assert.Equal(0, TurnWorld.CodeOf(_world.Send(TurnWorld.Request(StunMethod.Allocate, nonce, "ann", "secret", (ref StunMessageWriter w) => w.Add(StunAttributeType.EvenPort, [0])), At)));
        Assert.Equal(0, _world.Relays.Values.Single().Port % 2);
    }

    [Fact]
    public void A_port_that_cannot_be_opened_is_said_and_forgotten()
    {
        _world.FailRelays = true;
        Assert.Equal(508, TurnWorld.CodeOf(_world.Send(TurnWorld.Request(StunMethod.Allocate, _world.NonceFor(At), "ann", "secret"), At)));
        Assert.Equal(0, _world.Server.Allocations);
    }

    [Fact]
    public void Before_the_password_less_than_three_times_the_bytes_come_back()
    {
        long sent = 0, answered = 0;
        var random = new Random(9);
        byte[][] probes =
        [
            new StunMessageWriter(new byte[20], StunClass.Request, StunMethod.Binding, new(1, 1)).Written.ToArray(),
            new StunMessageWriter(new byte[20], StunClass.Request, StunMethod.Allocate, new(1, 1)).Written.ToArray(),
            new StunMessageWriter(new byte[20], StunClass.Request, StunMethod.Refresh, new(1, 1)).Written.ToArray(),
            TurnWorld.Request(StunMethod.Allocate, [], "", ""),
            TurnWorld.Request(StunMethod.Allocate, "stale"u8, "ann", "secret"),
            TurnWorld.Request(StunMethod.CreatePermission, "x"u8, "", ""),
            [0x40, 0, 0, 0],
        ];
        for (int i = 0; i < 2000; i++)
        {
            byte[] probe = probes[random.Next(probes.Length)];
            int back = _world.Send(probe, new IPEndPoint(new IPAddress(random.NextInt64(1L << 32)), 53)).Sum(a => a.Length);
            Assert.True(back < 3 * probe.Length, $"{back} bytes for {probe.Length}");
            sent += probe.Length;
            answered += back;
        }
        Assert.True(answered > 0 && answered < 3 * sent);
        Assert.Equal(0, _world.Server.Allocations);
    }

    [Fact]
    public void A_flood_of_allocations_stays_within_the_quotas()
    {
        var world = new TurnWorld(TurnWorld.Options with { MaxAllocations = 12, RateLimit = new() { PerAddress = 10_000, Total = 10_000 } });
        int granted = 0;
        for (int i = 0; i < 500; i++)
        {
            var client = new IPEndPoint(At.Address, 1000 + i);
            string user = i % 2 == 0 ? "ann" : "bob";
            int code = TurnWorld.CodeOf(world.Send(TurnWorld.Request(StunMethod.Allocate, world.NonceFor(client), user, user == "ann" ? "secret" : "hidden"), client));
            Assert.Contains(code, (int[])[0, 486, 508]);
            granted += code == 0 ? 1 : 0;
        }
        Assert.Equal((12, 12, 12), (granted, world.Relays.Count, world.Server.Allocations));
    }

    [Fact]
    public void Permissions_and_channels_of_an_allocation_are_bounded()
    {
        var world = new TurnWorld(TurnWorld.Options with { RateLimit = new() { PerAddress = 10_000, Total = 10_000 } });
        world.Allocated(At);
        byte[] nonce = world.NonceFor(At);
        int[] codes = [.. Enumerable.Range(0, 200).Select(i => TurnWorld.CodeOf(world.Send(Permission(nonce, IPAddress.Parse($"198.51.100.{i}")), At)))];
        Assert.Equal(64, codes.Count(c => c == 0));
        Assert.Equal(136, codes.Count(c => c == 508));
        codes = [.. Enumerable.Range(0, 200).Select(i => TurnWorld.CodeOf(world.Send(Channel((ushort)(0x4000 + i), new(IPAddress.Parse("198.51.100.1"), 1 + i), nonce), At)))];
        Assert.Equal(64, codes.Count(c => c == 0));
    }

    [Fact]
    public void An_allocation_has_its_bandwidth()
    {
        var world = new TurnWorld(TurnWorld.Options with { BytesPerSecond = 100_000 });
        TurnClientSession client = world.Allocated(At);
        client.Permit(TurnWorld.Peer.Address, world.Now);
        world.Pump(client, At);
        for (int i = 0; i < 1000; i++)
            world.SendToRelay(client, TurnWorld.Peer, new byte[1000]);
        Assert.InRange(world.Server.RelayedBytes, 100_000, 140_000);
        world.Now += TimeSpan.FromSeconds(1);
        for (int i = 0; i < 1000; i++)
            world.SendToRelay(client, TurnWorld.Peer, new byte[1000]);
        Assert.InRange(world.Server.RelayedBytes, 200_000, 260_000);
    }

    [Fact]
    public void Requests_of_one_address_are_limited()
    {
        int answers = Enumerable.Range(0, 1000).Count(_ => _world.Send(TurnWorld.Request(StunMethod.Allocate, [], "", ""), At).Count > 0);
        Assert.Equal(TurnWorld.Options.RateLimit.PerAddress, answers);
    }

    [Fact]
    public void Random_and_changed_datagrams_never_throw()
    {
        var world = new TurnWorld(TurnWorld.Options with { RateLimit = new() { PerAddress = int.MaxValue, Total = int.MaxValue } });
        world.Allocated(At);
        byte[] nonce = world.NonceFor(At);
        byte[][] good = [Permission(nonce, TurnWorld.Peer.Address), Channel(0x4001, TurnWorld.Peer, nonce), Refresh(nonce, 600), SendIndication(TurnWorld.Peer, Hello), [0x40, 1, 0, 1, 9]];
        foreach (byte[] datagram in good)
        {
            for (int length = 0; length <= datagram.Length; length++)
                world.Send(datagram[..length], At);
        }
        var random = new Random(4);
        for (int i = 0; i < 50_000; i++)
        {
            byte[] datagram = [.. good[random.Next(good.Length)]];
            datagram[random.Next(datagram.Length)] = (byte)random.Next(256);
            world.Send(datagram, At);
        }
        Assert.Equal(1, world.Server.Allocations);
    }

    private static byte[] SendIndication(IPEndPoint peer, byte[] data)
    {
        var writer = new StunMessageWriter(new byte[200], StunClass.Indication, StunMethod.Send, new(5, 5));
        writer.AddXorAddress(StunAttributeType.XorPeerAddress, peer);
        writer.Add(StunAttributeType.Data, data);
        return writer.Written.ToArray();
    }

    private static byte[] Channel(ushort number, IPEndPoint peer, byte[] nonce) => TurnWorld.Request(StunMethod.ChannelBind, nonce, "ann", "secret", (ref StunMessageWriter w) =>
    {
        w.AddUInt32(StunAttributeType.ChannelNumber, (uint)number << 16);
        w.AddXorAddress(StunAttributeType.XorPeerAddress, peer);
    });

    private static byte[] Permission(byte[] nonce, params IPAddress[] peers) => TurnWorld.Request(StunMethod.CreatePermission, nonce, "ann", "secret", (ref StunMessageWriter w) =>
    {
        foreach (IPAddress peer in peers)
            w.AddXorAddress(StunAttributeType.XorPeerAddress, new(peer, 0));
    });

    private static byte[] Refresh(byte[] nonce, uint seconds) =>
        TurnWorld.Request(StunMethod.Refresh, nonce, "ann", "secret", (ref StunMessageWriter w) => w.AddUInt32(StunAttributeType.Lifetime, seconds));

    private static byte[] Protected(StunMethod method, byte[] nonce)
    {
        var writer = new StunMessageWriter(new byte[300], StunClass.Request, method, new(6, 6));
        writer.AddText(StunAttributeType.Username, "ann");
        writer.AddText(StunAttributeType.Realm, "compeer");
        writer.Add(StunAttributeType.Nonce, nonce);
        writer.AddIntegrity(StunCredentials.Key("ann", "compeer", "secret"));
        return writer.Written.ToArray();
    }

    private static byte[] WithoutNonce()
    {
        var writer = new StunMessageWriter(new byte[300], StunClass.Request, StunMethod.Refresh, new(6, 6));
        writer.AddIntegrity(StunCredentials.Key("ann", "compeer", "secret"));
        return writer.Written.ToArray();
    }
}
