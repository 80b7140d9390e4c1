using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Turn;

namespace Compeer.Tests.Turn;

/// <summary>A relay that forgot us or went silent is noticed; welcomed addresses share the places that there are.</summary>
public sealed class TurnLivenessTests
{
    private static readonly IPEndPoint At = IPEndPoint.Parse("192.0.2.9:6881");

    [Fact]
    public void A_relay_that_was_started_again_is_noticed_soon_after_something_was_sent()
    {
        TurnClientSession client = new TurnWorld().Allocated(At);
        var restarted = new TurnWorld();
        client.Wrap([1], TurnWorld.Peer, new byte[100], restarted.Now);

        restarted.Run(client, At, TimeSpan.FromSeconds(11));

        Assert.True(client.IsClosed);
        Assert.Equal(TurnCloseReason.AllocationLost, Closed(client).Reason);
    }

    [Fact]
    public void And_without_anything_sent_after_a_minute()
    {
        TurnClientSession client = new TurnWorld().Allocated(At);
        var restarted = new TurnWorld();
        restarted.Run(client, At, TimeSpan.FromSeconds(30));
        Assert.False(client.IsClosed);
        restarted.Run(client, At, TimeSpan.FromSeconds(40));
        Assert.Equal(TurnCloseReason.AllocationLost, Closed(client).Reason);
    }

    [Fact]
    public void A_relay_that_answers_is_kept_and_not_asked_without_need()
    {
        var world = new TurnWorld();
        TurnClientSession client = world.Allocated(At);
        int before = world.FromServer.Count;
        world.Run(client, At, TimeSpan.FromMinutes(5));
        Assert.False(client.IsClosed);
        Assert.InRange(world.FromServer.Count - before, 1, 6);
    }

    [Fact]
    public void Of_welcomed_addresses_the_longest_unused_makes_room_but_none_that_was_asked_for_by_name()
    {
        var world = new TurnWorld();
        var options = new TurnClientOptions { MaxPermissions = 3 };
        var client = new TurnClientSession(TurnWorld.ServerEndPoint, new TurnCredentials("ann", "secret"), options, new Random(1));
        client.Allocate(world.Now);
        world.Pump(client, At);
        client.Permit(Address(1), world.Now);
        client.Welcome(Address(2), world.Now);
        world.Run(client, At, TimeSpan.FromSeconds(1));
        client.Welcome(Address(3), world.Now);
        client.Welcome(Address(4), world.Now);
        world.Pump(client, At);
        Assert.False(client.IsPermitted(Address(4)));

        world.Run(client, At, options.MinPermissionTime + TimeSpan.FromSeconds(1));
        client.Welcome(Address(4), world.Now);
        world.Pump(client, At);

        Assert.Equal([true, false, true, true], ((int[])[1, 2, 3, 4]).Select(n => client.IsPermitted(Address(n))));
    }

    private static IPAddress Address(int n) => IPAddress.Parse($"198.51.100.{n}");

    private static TurnClosed Closed(TurnClientSession client)
    {
        TurnClientEvent? last = null;
        while (client.TryTakeEvent(out TurnClientEvent e))
            last = e;
        return Assert.IsType<TurnClosed>(last);
    }
}
