using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.HolePunching;
using Machine = Compeer.Protocols.HolePunching.HolePunching;

namespace Compeer.Tests.HolePunching;

/// <summary>Of two peers that were introduced to each other, one is told of the other's port at a relay.</summary>
public sealed class RelayedIntroductionTests
{
    private static readonly HolePunchingOptions Options = new();

    [Theory]
    [InlineData(null, null)]
    [InlineData("7.0.0.1:5000", null, "2 Connect 7.0.0.1:5000")]
    [InlineData(null, "7.0.0.2:5000", "1 Connect 7.0.0.2:5000")]
    [InlineData("7.0.0.1:5000", "7.0.0.2:5000", "1 Connect 7.0.0.2:5000")]
    [InlineData("7.0.0.3:5000", "7.0.0.2:5000", "2 Connect 7.0.0.3:5000")]
    public void One_relay_is_told_after_a_while_whoever_asked(string? first, string? second, params string[] told)
    {
        foreach (int asker in (int[])[1, 2])
        {
            var machine = new Machine(Options);
            machine.OnPeer(1, Peer(1, first), At(0));
            machine.OnPeer(2, Peer(2, second), At(0));

            machine.Receive(asker, Rendezvous(3 - asker), At(0));

            Assert.Equal(2, Sent(machine).Length);
            Assert.Equal(told.Length == 0 ? Instant.Never : At(0) + Options.RelayDelay, machine.NextDeadline);
            machine.OnDeadline(At(0) + Options.RelayDelay);
            Assert.Equal(told, Sent(machine));
        }
    }

    [Theory]
    [InlineData("192.168.0.1:5000")]
    [InlineData("127.0.0.1:5000")]
    [InlineData("224.0.0.1:5000")]
    [InlineData("7.0.0.1:53")]
    [InlineData("[2001:db8::1]:5000")]
    public void What_could_be_no_relay_of_that_peer_is_not_passed_on(string relayed)
    {
        var machine = new Machine(Options);
        machine.OnPeer(1, Peer(1, relayed), At(0));
        machine.OnPeer(2, Peer(2, null), At(0));
        machine.Receive(2, Rendezvous(1), At(0));
        Sent(machine);
        machine.OnDeadline(At(60));
        Assert.Empty(Sent(machine));
    }

    [Fact]
    public void A_peer_that_went_meanwhile_is_told_nothing_and_what_waits_is_bounded()
    {
        var machine = new Machine(Options);
        machine.OnPeer(1, Peer(1, "7.0.0.1:5000"), At(0));
        for (int n = 2; n < 200; n++)
        {
            machine.OnPeer(n, Peer(n, null), At(0));
            machine.Receive(1, Rendezvous(n), At(n * 10));
        }
        machine.OnPeerGone(2);
        Sent(machine);
        machine.OnDeadline(At(10_000));
        Assert.Equal(Options.MaxQuestions - 1, Sent(machine).Length);
    }

    private static HolePunchPeer Peer(int n, string? relayed) => new(
        Listen(n), Listen(n), Listen(n), IPEndPoint.Parse("8.8.8.8:7000"), true, relayed is null ? null : IPEndPoint.Parse(relayed));

    private static IPEndPoint Listen(int n) => IPEndPoint.Parse($"9.0.0.{n}:7001");

    private static HolePunchMessage Rendezvous(int n) => new(HolePunchMessageType.Rendezvous, Listen(n));

    private static Instant At(double seconds) => Instant.Zero + TimeSpan.FromHours(1) + TimeSpan.FromSeconds(seconds);

    private static string[] Sent(Machine machine)
    {
        var sent = new List<string>();
        while (machine.TryTakeMessage(out int to, out HolePunchMessage message))
            sent.Add($"{to} {message.Type} {message.EndPoint}");
        return [.. sent];
    }
}
