using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.HolePunching;
using Machine = Compeer.Protocols.HolePunching.HolePunching;

namespace Compeer.Tests.HolePunching;

public sealed class HolePunchingTests
{
    private static readonly HolePunchingOptions Options = new();
    private static readonly IPEndPoint Target = IPEndPoint.Parse("5.5.5.5:7001");

    [Fact]
    public void A_peer_that_named_the_target_is_asked_first_and_its_connect_is_a_dial()
    {
        Machine machine = With(Peer(1), Peer(2), Peer(3));
        machine.OnIntroduced(2, Target);
        Assert.True(machine.Ask(Target, At(0)));
        Assert.Equal(["2 Rendezvous 5.5.5.5:7001 None"], Sent(machine));
        machine.Receive(2, Connect("5.5.5.5:7001"), At(1));
        Assert.Equal([new PunchNow(Target, Target, true, 2)], Happened(machine));
        Assert.Equal(Instant.Never, machine.NextDeadline);
    }

    [Fact]
    public void The_relays_view_of_the_targets_port_is_better_than_ours()
    {
        Machine machine = With(Peer(1));
        machine.Ask(Target, At(0));
        machine.Receive(1, Connect("5.5.5.5:40000"), At(1));
        Assert.Equal([new PunchNow(IPEndPoint.Parse("5.5.5.5:40000"), Target, true, 1)], Happened(machine));
    }

    [Fact]
    public void Relays_are_asked_one_after_the_other_until_none_is_left()
    {
        Machine machine = With(Peer(1), Peer(2, supports: false), Peer(3), Peer(4));
        Assert.True(machine.Ask(Target, At(0)));
        Assert.False(machine.Ask(Target, At(0)));
        Assert.Equal(["1 Rendezvous 5.5.5.5:7001 None"], Sent(machine));
        machine.Receive(3, Error(HolePunchError.NoSuchPeer), At(1));
        Assert.Empty(Sent(machine));
        machine.Receive(1, Error(HolePunchError.NotConnected), At(1));
        Assert.Equal(["3 Rendezvous 5.5.5.5:7001 None"], Sent(machine));
        machine.OnDeadline(machine.NextDeadline);
        Assert.Equal(["4 Rendezvous 5.5.5.5:7001 None"], Sent(machine));
        machine.Receive(4, Error(HolePunchError.NoSupport), At(10));
        Assert.Empty(Sent(machine));
        Assert.Empty(Happened(machine));
        Assert.Equal(At(0) + Options.Patience, machine.NextDeadline);
        machine.OnDeadline(machine.NextDeadline);
        Assert.Equal([new RendezvousFailed(Target, HolePunchError.NoSupport)], Happened(machine));
        Assert.True(machine.Ask(Target, At(60)));
    }

    [Fact]
    public void Only_so_many_relays_are_asked_for_one_target()
    {
        Machine machine = With([.. Enumerable.Range(1, 20).Select(n => Peer(n))]);
        machine.Ask(Target, At(0));
        for (int i = 0; i < 20; i++)
            machine.OnDeadline(At(100 * (i + 1)));
        Assert.Equal(Options.MaxRelaysPerTarget, Sent(machine).Length);
        Assert.Equal([new RendezvousFailed(Target, HolePunchError.None)], Happened(machine));
    }

    [Theory]
    [InlineData("0.0.0.0:7001")]
    [InlineData("224.0.0.1:7001")]
    [InlineData("255.255.255.255:7001")]
    [InlineData("5.5.5.5:0")]
    [InlineData("5.5.5.5:53")]
    [InlineData("[ff02::1]:7001")]
    public void Nobody_asks_for_dials_or_introduces_to_what_is_no_peer(string endpoint)
    {
        Machine machine = With(Peer(1), Peer(2));
        Assert.False(machine.Ask(IPEndPoint.Parse(endpoint), At(0)));
        machine.Receive(1, Connect(endpoint), At(0));
        Assert.Empty(Happened(machine));
        machine.Receive(1, Rendezvous(endpoint), At(0));
        Assert.Equal([$"1 Error {endpoint} NoSuchPeer"], Sent(machine));
    }

    [Fact]
    public void A_question_waits_for_a_peer_that_speaks_it()
    {
        Machine machine = With(Peer(1, supports: false));
        Assert.True(machine.Ask(Target, At(0)));
        Assert.True(machine.Ask(IPEndPoint.Parse("[2001:db8::1]:7001"), At(0)));
        Assert.Empty(Sent(machine));
        machine.OnPeer(1, Peer(1).Facts, At(5));
        Assert.Equal(["1 Rendezvous 5.5.5.5:7001 None"], Sent(machine));
        machine.OnPeer(2, Peer(2).Facts, At(6));
        Assert.Empty(Sent(machine));
        machine.Receive(1, Connect("5.5.5.5:7001"), At(7));
        machine.OnDeadline(At(60));
        Assert.Equal([new PunchNow(Target, Target, true, 1), new RendezvousFailed(IPEndPoint.Parse("[2001:db8::1]:7001"), HolePunchError.None)], Happened(machine));
    }

    [Fact]
    public void A_connected_target_is_neither_asked_for_nor_dialled()
    {
        Machine machine = With(Peer(1), Peer(2));
        Assert.False(machine.Ask(IPEndPoint.Parse("9.0.0.2:7002"), At(0)));
        machine.Receive(1, Connect("9.0.0.2:7002"), At(0));
        Assert.Empty(Happened(machine));
    }

    [Fact]
    public void A_relay_tells_both_where_the_other_is()
    {
        Machine machine = With(Peer(1), Peer(2));
        machine.Receive(1, Rendezvous("9.0.0.2:7002"), At(0));
        Assert.Equal(["2 Connect 9.0.0.1:7001 None", "1 Connect 9.0.0.2:7002 None"], Sent(machine));
        machine.Receive(1, Rendezvous("9.0.0.2:50002"), At(0));
        Assert.Equal(["2 Connect 9.0.0.1:7001 None", "1 Connect 9.0.0.2:7002 None"], Sent(machine));
        machine.OnPeerGone(2);
        machine.Receive(1, Rendezvous("9.0.0.2:7002"), At(0));
        Assert.Equal(["1 Error 9.0.0.2:7002 NotConnected"], Sent(machine));
    }

    [Fact]
    public void A_rendezvous_that_cannot_be_says_why()
    {
        Machine machine = With(Peer(1), Peer(2, supports: false), Local(3));
        machine.Receive(1, Rendezvous("9.0.0.9:7001"), At(0));
        machine.Receive(1, Rendezvous("9.0.0.2:7002"), At(0));
        machine.Receive(1, Rendezvous("8.8.8.8:7000"), At(0));
        machine.Receive(1, Rendezvous("9.0.0.1:7001"), At(0));
        machine.Receive(1, Rendezvous("192.168.0.3:7003"), At(0));
        Assert.Equal(
            [
                "1 Error 9.0.0.9:7001 NotConnected", "1 Error 9.0.0.2:7002 NoSupport", "1 Error 8.8.8.8:7000 NoSelf",
                "1 Error 9.0.0.1:7001 NoSuchPeer", "1 Error 192.168.0.3:7003 NotConnected",
            ],
            Sent(machine));
    }

    [Fact]
    public void A_peer_that_did_not_say_it_speaks_this_is_not_heard()
    {
        Machine machine = With(Peer(1, supports: false), Peer(2));
        foreach (HolePunchMessage message in (HolePunchMessage[])[Rendezvous("9.0.0.2:7002"), Connect("5.5.5.5:7001"), Error(HolePunchError.NoSelf)])
        {
            machine.Receive(1, message, At(0));
            machine.Receive(77, message, At(0));
        }
        Assert.Empty(Sent(machine));
        Assert.Empty(Happened(machine));
    }

    [Fact]
    public void One_peers_questions_are_bounded_whatever_else_it_says()
    {
        Machine machine = With(Peer(1), Peer(2));
        for (int i = 0; i < 1000; i++)
        {
            machine.OnPeer(1, Peer(1).Facts, At(0));
            machine.Receive(1, Rendezvous("9.0.0.9:7001"), At(0));
        }
        Assert.Equal(Options.RelayBurst, Sent(machine).Length);
        machine.Receive(1, Rendezvous("9.0.0.9:7001"), At(Options.RelayInterval.TotalSeconds));
        machine.Receive(1, Rendezvous("9.0.0.9:7001"), At(Options.RelayInterval.TotalSeconds));
        Assert.Single(Sent(machine));
    }

    [Fact]
    public void Many_peers_together_cannot_flood_one_target()
    {
        Machine machine = With([.. Enumerable.Range(1, 100).Select(n => Peer(n))]);
        for (int n = 2; n <= 100; n++)
        {
            for (int i = 0; i < 10; i++)
                machine.Receive(n, Rendezvous("9.0.0.1:7001"), At(0));
        }
        Assert.Equal(Options.TargetBurst, Sent(machine).Count(line => line.StartsWith("1 Connect", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_victim_named_by_many_relays_gets_a_few_dials()
    {
        Machine machine = With([.. Enumerable.Range(1, 100).Select(n => Peer(n))]);
        for (int n = 1; n <= 100; n++)
        {
            for (int port = 2000; port < 2010; port++)
                machine.Receive(n, Connect($"5.5.5.5:{port}"), At(0));
        }
        Assert.Equal(Options.MaxPunchesPerAddress, Happened(machine).Length);
        machine.Receive(1, Connect("5.5.5.5:3000"), At(Options.AddressWindow.TotalSeconds + 1));
        Assert.Single(Happened(machine));
    }

    [Fact]
    public void A_victims_IPv6_network_counts_as_one_address()
    {
        Machine machine = With(Peer(1), Peer(2), Peer(3));
        for (int i = 1; i < 20; i++)
            machine.Receive(1 + (i % 3), Connect($"[2001:db8::{i}]:7001"), At(0));
        Assert.Equal(Options.MaxPunchesPerAddress, Happened(machine).Length);
    }

    [Fact]
    public void One_relay_is_obeyed_only_so_often_and_all_together_too()
    {
        Machine machine = With([.. Enumerable.Range(1, 100).Select(n => Peer(n))]);
        for (int i = 0; i < 200; i++)
            machine.Receive(1, Connect($"5.5.{i}.1:7001"), At(0));
        Assert.Equal(Options.ConnectBurst, Happened(machine).Length);
        for (int n = 2; n <= 100; n++)
        {
            for (int i = 0; i < 10; i++)
                machine.Receive(n, Connect($"6.{n}.{i}.1:7001"), At(1));
        }
        Assert.Equal(Options.MaxPunchesPerMinute - Options.ConnectBurst, Happened(machine).Length);
    }

    [Fact]
    public void The_addresses_counted_are_bounded()
    {
        var few = new HolePunchingOptions { MaxCountedAddresses = 10, MaxPunchesPerMinute = 1000 };
        var machine = new Machine(few);
        for (int n = 1; n <= 20; n++)
            machine.OnPeer(n, Peer(n).Facts, At(0));
        for (int n = 1; n <= 20; n++)
            machine.Receive(n, Connect($"5.5.{n}.1:7001"), At(0));
        Assert.Equal(10, Happened(machine).Length);
        machine.Receive(1, Connect("6.6.6.6:7001"), At(few.AddressWindow.TotalSeconds + 1));
        Assert.Single(Happened(machine));
    }

    [Fact]
    public void Open_questions_and_introductions_are_bounded()
    {
        Machine machine = With([.. Enumerable.Range(1, 50).Select(n => Peer(n))]);
        for (int i = 0; i < 20_000; i++)
            machine.OnIntroduced(1 + (i % 7), new IPEndPoint(new IPAddress([5, 5, (byte)(i >> 8), (byte)i]), 7001));
        int asked = Enumerable.Range(0, 200).Count(i => machine.Ask(new IPEndPoint(new IPAddress([6, 6, 6, (byte)i]), 7001), At(0)));
        Assert.Equal(Options.MaxQuestions, asked);
    }

    [Fact]
    public void Addresses_of_the_local_network_do_not_come_from_outside()
    {
        Machine machine = With(Peer(1), Local(2));
        machine.Receive(1, Connect("192.168.0.77:7001"), At(0));
        machine.Receive(1, Connect("127.0.0.1:7001"), At(0));
        machine.Receive(2, Connect("127.0.0.1:7001"), At(0));
        machine.Receive(1, Connect("8.8.8.8:7000"), At(0));
        Assert.Empty(Happened(machine));
        machine.Receive(2, Connect("192.168.0.77:7001"), At(0));
        Assert.Single(Happened(machine));
    }

    [Fact]
    public void A_connect_makes_nobody_send_so_nothing_loops()
    {
        Machine machine = With(Peer(1), Peer(2));
        machine.Receive(1, Connect("9.0.0.2:7002"), At(0));
        machine.Receive(1, Connect("5.5.5.5:7001"), At(0));
        machine.Receive(1, Error(HolePunchError.NotConnected), At(0));
        Assert.Empty(Sent(machine));
    }

    [Fact]
    public void Three_machines_bring_two_together()
    {
        Machine initiator = With((9, new HolePunchPeer(Ip("7.7.7.7:7000"), Ip("7.7.7.7:7000"), Ip("7.7.7.7:7000"), Ip("192.168.1.1:33333"), true)));
        Machine relay = With(Peer(1), Peer(2));
        Machine target = With((9, new HolePunchPeer(Ip("7.7.7.7:7000"), null, Ip("7.7.7.7:7000"), Ip("192.168.1.1:44444"), true)));
        initiator.Ask(Ip("9.0.0.2:7002"), At(0));
        while (initiator.TryTakeMessage(out _, out HolePunchMessage message))
            relay.Receive(1, message, At(0));
        while (relay.TryTakeMessage(out int to, out HolePunchMessage message))
            (to == 1 ? initiator : target).Receive(9, message, At(0));
        Assert.Equal([new PunchNow(Ip("9.0.0.2:7002"), Ip("9.0.0.2:7002"), true, 9)], Happened(initiator));
        Assert.Equal([new PunchNow(Ip("9.0.0.1:7001"), Ip("9.0.0.1:7001"), false, 9)], Happened(target));
    }

    private static Machine With(params (int Number, HolePunchPeer Facts)[] peers)
    {
        var machine = new Machine(Options);
        foreach ((int number, HolePunchPeer facts) in peers)
            machine.OnPeer(number, facts, At(0));
        return machine;
    }

    /// <summary>A peer at 9.0.0.n that dialled us from port 50000 + n and listens at 7000 + n; we are 8.8.8.8:7000.</summary>
    private static (int Number, HolePunchPeer Facts) Peer(int n, bool supports = true) =>
        (n, new HolePunchPeer(Ip($"9.0.0.{n}:{50000 + n}"), Ip($"9.0.0.{n}:{7000 + n}"), Ip($"9.0.0.{n}:{7000 + n}"), Ip("8.8.8.8:7000"), supports));

    private static (int Number, HolePunchPeer Facts) Local(int n) =>
        (n, new HolePunchPeer(Ip($"192.168.0.{n}:{50000 + n}"), Ip($"192.168.0.{n}:{7000 + n}"), Ip($"192.168.0.{n}:{7000 + n}"), Ip("192.168.0.100:7000"), true));

    private static IPEndPoint Ip(string endpoint) => IPEndPoint.Parse(endpoint);

    private static Instant At(double seconds) => Instant.Zero + TimeSpan.FromHours(1) + TimeSpan.FromSeconds(seconds);

    private static HolePunchMessage Rendezvous(string endpoint) => new(HolePunchMessageType.Rendezvous, Ip(endpoint));

    private static HolePunchMessage Connect(string endpoint) => new(HolePunchMessageType.Connect, Ip(endpoint));

    private static HolePunchMessage Error(HolePunchError error) => new(HolePunchMessageType.Error, Target, error);

    private static string[] Sent(Machine machine)
    {
        var sent = new List<string>();
        while (machine.TryTakeMessage(out int to, out HolePunchMessage message))
            sent.Add($"{to} {message.Type} {message.EndPoint} {message.Error}");
        return [.. sent];
    }

    private static HolePunchEvent[] Happened(Machine machine)
    {
        var happened = new List<HolePunchEvent>();
        while (machine.TryTakeEvent(out HolePunchEvent? next))
            happened.Add(next!);
        return [.. happened];
    }
}
