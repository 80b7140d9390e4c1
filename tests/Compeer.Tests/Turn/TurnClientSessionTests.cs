using System.Buffers;
using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Turn;

namespace Compeer.Tests.Turn;

public sealed class TurnClientSessionTests
{
    private static readonly IPEndPoint At = IPEndPoint.Parse("192.0.2.9:6881");
    private static readonly byte[] Hello = [1, 2, 3, 4, 5];

    private readonly TurnWorld _world = new();

    [Fact]
    public void It_allocates_with_a_password_and_learns_both_addresses()
    {
        TurnClientSession client = _world.NewClient();
        client.Allocate(_world.Now);
        _world.Pump(client, At);
        Assert.True(client.TryTakeEvent(out TurnClientEvent e));
        TurnAllocated allocated = Assert.IsType<TurnAllocated>(e);
        Assert.Equal(At, allocated.Mapped);
        Assert.Equal(_world.Relays.Values.Single(), allocated.Relayed);
        Assert.Equal(1, _world.Server.Allocations);
    }

    [Theory]
    [InlineData("ann", "guess")]
    [InlineData("eve", "secret")]
    public void A_wrong_password_or_name_is_refused_and_said(string user, string password)
    {
        TurnClientSession client = _world.NewClient(user, password);
        client.Allocate(_world.Now);
        _world.Pump(client, At);
        Assert.Equal(TurnCloseReason.Unauthorized, Closed(client).Reason);
        Assert.Equal(0, _world.Server.Allocations);
        Assert.Empty(_world.Relays);
    }

    [Fact]
    public void Datagrams_go_both_ways_first_by_indication_then_by_channel()
    {
        TurnClientSession client = _world.Allocated(At);
        client.Permit(TurnWorld.Peer.Address, _world.Now);
        _world.Pump(client, At);
        Assert.True(client.TryTakeEvent(out TurnClientEvent e));
        Assert.Equal(new TurnPermitted(TurnWorld.Peer.Address), e);

        _world.SendToRelay(client, TurnWorld.Peer, Hello);
        int withIndication = _world.FromServer[^1].Length;
        byte[] output = new byte[100];
        Assert.True(client.Wrap(Hello, TurnWorld.Peer, output, _world.Now) > Hello.Length + 30);
        _world.Wrap(client, At, TurnWorld.Peer, Hello);
        Assert.Equal(Hello.Length + 4, client.Wrap(Hello, TurnWorld.Peer, output, _world.Now));
        _world.Wrap(client, At, TurnWorld.Peer, Hello);
        _world.SendToRelay(client, TurnWorld.Peer, Hello);

        Assert.True(withIndication > Hello.Length + 30);
        Assert.Equal(Hello.Length + 4, _world.FromServer[^1].Length);
        Assert.Equal(2, _world.AtPeers.Count);
        Assert.All(_world.AtPeers, sent => Assert.Equal((client.Relayed, TurnWorld.Peer), (sent.From, sent.To)));
        Assert.All(_world.AtClients, got => Assert.Equal(TurnWorld.Peer, got.From));
        Assert.Equal([Hello, Hello], _world.AtClients.Select(got => got.Data));
    }

    [Fact]
    public void Sending_to_somebody_new_asks_for_permission_by_itself()
    {
        TurnClientSession client = _world.Allocated(At);
        _world.Wrap(client, At, TurnWorld.Peer, Hello);
        Assert.Empty(_world.AtPeers);
        Assert.True(client.IsPermitted(TurnWorld.Peer.Address));
        _world.Wrap(client, At, TurnWorld.Peer, Hello);
        Assert.Single(_world.AtPeers);
    }

    [Fact]
    public void It_keeps_allocation_permission_and_channel_alive_through_stale_nonces()
    {
        TurnClientSession client = _world.Allocated(At);
        client.Permit(TurnWorld.Peer.Address, _world.Now);
        _world.Pump(client, At);
        for (int hour = 0; hour < 5; hour++)
        {
            _world.Run(client, At, TimeSpan.FromHours(1));
            _world.SendToRelay(client, TurnWorld.Peer, Hello);
        }
        Assert.Equal(5, _world.AtClients.Count);
        Assert.Single(_world.Relays);
        Assert.False(client.IsClosed);
    }

    [Fact]
    public void A_peer_that_is_forbidden_again_loses_its_permission_within_five_minutes()
    {
        TurnClientSession client = _world.Allocated(At);
        client.Permit(TurnWorld.Peer.Address, _world.Now);
        _world.Pump(client, At);
        client.Forbid(TurnWorld.Peer.Address);
        _world.Run(client, At, TimeSpan.FromMinutes(6));
        _world.SendToRelay(client, TurnWorld.Peer, Hello);
        Assert.Empty(_world.AtClients);
    }

    [Fact]
    public void Silence_is_broken_so_that_the_NAT_in_between_does_not_forget()
    {
        TurnClientSession client = _world.Allocated(At);
        Instant begin = _world.Now;
        var output = new ArrayBufferWriter<byte>();
        client.OnDeadline(begin + TimeSpan.FromSeconds(20));
        Assert.True(client.TryTransmit(output, begin + TimeSpan.FromSeconds(20)));
        Assert.Equal(20, output.WrittenCount);
        Assert.True(StunMessage.TryRead(output.WrittenSpan, out StunMessage message));
        Assert.Equal((StunClass.Indication, StunMethod.Binding), (message.Class, message.Method));
    }

    [Fact]
    public void Closing_gives_the_port_back()
    {
        TurnClientSession client = _world.Allocated(At);
        client.Close(_world.Now);
        _world.Pump(client, At);
        Assert.Equal(TurnCloseReason.Released, Closed(client).Reason);
        Assert.Empty(_world.Relays);
        Assert.Null(client.Relayed);
        Assert.Null(client.NextDeadline);
    }

    [Fact]
    public void An_allocation_left_behind_on_the_same_port_is_replaced()
    {
        _world.Allocated(At);
        TurnClientSession second = _world.Allocated(At);
        Assert.Equal(second.Relayed, Assert.Single(_world.Relays).Value);
    }

    [Fact]
    public void An_allocation_of_somebody_else_on_the_same_port_is_left_alone()
    {
        _world.Allocated(At);
        TurnClientSession bob = _world.NewClient("bob", "hidden");
        bob.Allocate(_world.Now);
        _world.Pump(bob, At);
        Assert.True(Closed(bob).Reason is TurnCloseReason.AllocationLost or TurnCloseReason.Unauthorized);
        Assert.Single(_world.Relays);
    }

    [Theory]
    [InlineData(1, 10, TurnCloseReason.QuotaReached)]
    [InlineData(10, 1, TurnCloseReason.NoCapacity)]
    public void Quotas_are_told_apart(int perUser, int total, TurnCloseReason reason)
    {
        var world = new TurnWorld(TurnWorld.Options with { MaxAllocationsPerUser = perUser, MaxAllocations = total });
        world.Allocated(At);
        TurnClientSession second = world.NewClient();
        second.Allocate(world.Now);
        world.Pump(second, IPEndPoint.Parse("192.0.2.10:6881"));
        Assert.Equal(reason, Closed(second).Reason);
    }

    [Fact]
    public void A_server_that_forgot_the_allocation_ends_it()
    {
        TurnClientSession client = _world.Allocated(At);
        var restarted = new TurnWorld { Now = _world.Now };
        restarted.Run(client, At, TimeSpan.FromMinutes(11));
        Assert.Equal(TurnCloseReason.AllocationLost, Closed(client).Reason);
        Assert.Equal(0, client.Wrap(Hello, TurnWorld.Peer, new byte[100], restarted.Now));
    }

    [Fact]
    public void A_server_that_never_answers_is_given_up()
    {
        TurnClientSession client = _world.NewClient();
        _world.LosesAnswer = _ => true;
        client.Allocate(_world.Now);
        _world.Run(client, At, TimeSpan.FromMinutes(1));
        Assert.Equal(TurnCloseReason.Timeout, Closed(client).Reason);
    }

    [Fact]
    public void Lost_answers_are_asked_for_again()
    {
        int answers = 0;
        _world.LosesAnswer = _ => ++answers % 2 == 1;
        TurnClientSession client = _world.NewClient();
        client.Allocate(_world.Now);
        _world.Run(client, At, TimeSpan.FromSeconds(10));
        Assert.NotNull(client.Relayed);
        Assert.Single(_world.Relays);
    }

    [Fact]
    public void Forged_answers_change_nothing()
    {
        TurnClientSession client = _world.NewClient();
        client.Allocate(_world.Now);
        byte[] first = Transmit(client);
        byte[] challenge = Assert.Single(_world.Send(first, At));
        Assert.Equal(TurnReceived.NotMine, client.Receive(challenge, IPEndPoint.Parse("203.0.113.1:3479"), _world.Now, out _, out _));
        _world.Deliver(client, challenge);
        byte[] second = Transmit(client);

        // An answer that says where to, from the right place, with the right id, by somebody without the password.
        Assert.True(StunMessage.TryRead(second, out StunMessage request));
        foreach (byte[] key in (byte[][])[[], [1, 2, 3]])
        {
            var forged = new StunMessageWriter(new byte[200], StunClass.Success, StunMethod.Allocate, request.Id);
            forged.AddXorAddress(StunAttributeType.XorRelayedAddress, IPEndPoint.Parse("192.0.2.66:666"));
            forged.AddUInt32(StunAttributeType.Lifetime, 600);
            if (key.Length > 0)
                forged.AddIntegrity(key);
            _world.Deliver(client, forged.Written.ToArray());
            var refusal = new StunMessageWriter(new byte[200], StunClass.Error, StunMethod.Allocate, request.Id);
            refusal.AddError(486);
            if (key.Length > 0)
                refusal.AddIntegrity(key);
            _world.Deliver(client, refusal.Written.ToArray());
        }
        Assert.Null(client.Relayed);
        Assert.False(client.TryTakeEvent(out _));
        _world.Deliver(client, Assert.Single(_world.Send(second, At)));
        Assert.Equal(TurnWorld.ServerEndPoint.Address, client.Relayed!.Address);
    }

    [Fact]
    public void Challenges_without_end_are_not_followed_without_end()
    {
        TurnClientSession client = _world.NewClient();
        client.Allocate(_world.Now);
        int requests = 0;
        for (; !client.IsClosed && requests < 100; requests++)
        {
            Assert.True(StunMessage.TryRead(Transmit(client), out StunMessage request));
            var challenge = new StunMessageWriter(new byte[200], StunClass.Error, StunMethod.Allocate, request.Id);
            challenge.AddError(requests == 0 ? 401 : 438);
            challenge.AddText(StunAttributeType.Realm, "r");
            challenge.AddText(StunAttributeType.Nonce, $"n{requests}");
            _world.Deliver(client, challenge.Written.ToArray());
        }
        Assert.InRange(requests, 2, 6);
        Assert.Equal(TurnCloseReason.BadAnswer, Closed(client).Reason);
    }

    [Fact]
    public void Data_of_peers_that_were_not_permitted_and_of_unknown_channels_is_not_passed_on()
    {
        TurnClientSession client = _world.Allocated(At);
        var indication = new StunMessageWriter(new byte[200], StunClass.Indication, StunMethod.Data, new(1, 1));
        indication.AddXorAddress(StunAttributeType.XorPeerAddress, TurnWorld.Peer);
        indication.Add(StunAttributeType.Data, Hello);
        _world.Deliver(client, indication.Written.ToArray());
        _world.Deliver(client, [0x40, 0, 0, 1, 9]);
        _world.Deliver(client, [0x40, 0, 0xFF, 0xFF, 9]);
        Assert.Empty(_world.AtClients);
    }

    [Fact]
    public void Permissions_are_bounded_and_a_refusal_is_remembered()
    {
        TurnClientSession client = _world.Allocated(At);
        for (int i = 0; i < 300; i++)
            client.Permit(new IPAddress(new byte[] { 198, 51, 100, (byte)i }) is var a && i > 255 ? IPAddress.Parse($"192.0.2.{i - 200}") : a, _world.Now);
        Assert.False(client.Permit(IPAddress.Parse("192.0.2.200"), _world.Now));
        _world.Pump(client, At);
        Assert.InRange(Events(client).OfType<TurnPermitted>().Count(), 1, TurnWorld.Options.MaxPermissions);

        TurnClientSession other = _world.Allocated(IPEndPoint.Parse("192.0.2.11:1"));
        var inside = IPEndPoint.Parse("10.0.0.1:80");
        _world.Wrap(other, IPEndPoint.Parse("192.0.2.11:1"), inside, Hello);
        Assert.Equal(IPAddress.Parse("10.0.0.1"), Assert.Single(Events(other).OfType<TurnNotPermitted>()).Peer);
        Assert.Equal(0, other.Wrap(Hello, inside, new byte[100], _world.Now));
        Assert.Empty(_world.AtPeers);
    }

    [Fact]
    public void Random_and_changed_datagrams_never_throw()
    {
        TurnClientSession client = _world.Allocated(At);
        client.Permit(TurnWorld.Peer.Address, _world.Now);
        _world.Pump(client, At);
        _world.Wrap(client, At, TurnWorld.Peer, Hello);
        _world.SendToRelay(client, TurnWorld.Peer, Hello);
        var random = new Random(3);
        byte[][] seen = [.. _world.FromServer];
        for (int i = 0; i < 50_000; i++)
        {
            byte[] datagram = [.. seen[random.Next(seen.Length)]];
            datagram[random.Next(datagram.Length)] = (byte)random.Next(256);
            _world.Deliver(client, datagram[..random.Next(datagram.Length + 1)]);
        }
        Assert.False(client.IsClosed);
    }

    private byte[] Transmit(TurnClientSession client)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.True(client.TryTransmit(output, _world.Now));
        return output.WrittenSpan.ToArray();
    }

    private static List<TurnClientEvent> Events(TurnClientSession client)
    {
        List<TurnClientEvent> events = [];
        while (client.TryTakeEvent(out TurnClientEvent e))
            events.Add(e);
        return events;
    }

    private static TurnClosed Closed(TurnClientSession client)
    {
        Assert.True(client.IsClosed);
        return Assert.IsType<TurnClosed>(Events(client)[^1]);
    }
}
