using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.CircuitRelay;

namespace Compeer.Tests.CircuitRelay;

public sealed class RelayTableTests
{
    private static readonly Instant Start = new(TimeSpan.TicksPerDay);
    private static readonly PeerId[] Peers = [.. Enumerable.Range(0, 40).Select(_ => PeerId.FromPublicKey(PrivateIdentity.Generate().PublicKey))];

    [Fact]
    public void Places_are_limited_in_all_and_for_each_address_and_can_be_refreshed()
    {
        var table = new RelayTable(new RelayLimits { MaxReservations = 10, MaxReservationsPerAddress = 4 });
        for (int i = 0; i < 6; i++)
            Assert.Equal(i < 4 ? CircuitStatus.Ok : CircuitStatus.ReservationRefused, table.TryReserve(Peers[i], IPAddress.Loopback, false, Start));
        for (int i = 6; i < 16; i++)
            Assert.Equal(i < 12 ? CircuitStatus.Ok : CircuitStatus.ReservationRefused, table.TryReserve(Peers[i], new IPAddress(new byte[] { 10, 0, 0, (byte)i }), false, Start));
        Assert.Equal(10, table.ReservationCount);
        Assert.Equal(CircuitStatus.Ok, table.TryReserve(Peers[0], IPAddress.Loopback, false, Start));
        Assert.Equal(10, table.ReservationCount);
    }

    [Fact]
    public void One_prefix_of_IPv6_counts_as_one_address()
    {
        var table = new RelayTable(new RelayLimits { MaxReservationsPerAddress = 1 });
        Assert.Equal(CircuitStatus.Ok, table.TryReserve(Peers[0], IPAddress.Parse("2001:db8:0:100::1"), false, Start));
        Assert.Equal(CircuitStatus.ReservationRefused, table.TryReserve(Peers[1], IPAddress.Parse("2001:db8:0:1ff::2"), false, Start));
        Assert.Equal(CircuitStatus.Ok, table.TryReserve(Peers[1], IPAddress.Parse("2001:db8:0:200::2"), false, Start));
    }

    [Fact]
    public void Nothing_is_given_over_a_relay()
    {
        var table = new RelayTable(new RelayLimits());
        Assert.Equal(CircuitStatus.PermissionDenied, table.TryReserve(Peers[0], IPAddress.Loopback, true, Start));
        Assert.Equal(CircuitStatus.Ok, table.TryReserve(Peers[0], IPAddress.Loopback, false, Start));
        Assert.Equal(CircuitStatus.PermissionDenied, table.TryOpen(Peers[1], Peers[0], true, Start));
    }

    [Fact]
    public void A_circuit_needs_a_place_at_its_far_end_that_has_not_run_out()
    {
        var limits = new RelayLimits();
        var table = new RelayTable(limits);
        Assert.Equal(CircuitStatus.NoReservation, table.TryOpen(Peers[1], Peers[0], false, Start));
        table.TryReserve(Peers[0], IPAddress.Loopback, false, Start);
        Assert.Equal(CircuitStatus.Ok, table.TryOpen(Peers[1], Peers[0], false, Start + limits.ReservationTime - TimeSpan.FromSeconds(1)));
        Assert.Equal(CircuitStatus.NoReservation, table.TryOpen(Peers[1], Peers[0], false, Start + limits.ReservationTime));
        table.TryReserve(Peers[0], IPAddress.Loopback, false, Start);
        table.Release(Peers[0]);
        Assert.Equal(CircuitStatus.NoReservation, table.TryOpen(Peers[1], Peers[0], false, Start));
    }

    [Fact]
    public void Circuits_are_limited_for_each_end_and_what_ends_makes_room()
    {
        var table = new RelayTable(new RelayLimits { MaxCircuitsPerPeer = 2 });
        table.TryReserve(Peers[0], IPAddress.Loopback, false, Start);
        table.TryReserve(Peers[1], IPAddress.Loopback, false, Start);
        Assert.Equal(CircuitStatus.Ok, table.TryOpen(Peers[2], Peers[0], false, Start));
        Assert.Equal(CircuitStatus.Ok, table.TryOpen(Peers[3], Peers[0], false, Start));
        Assert.Equal(CircuitStatus.ResourceLimitExceeded, table.TryOpen(Peers[4], Peers[0], false, Start));
        Assert.Equal(CircuitStatus.Ok, table.TryOpen(Peers[2], Peers[1], false, Start));
        Assert.Equal(CircuitStatus.ResourceLimitExceeded, table.TryOpen(Peers[2], Peers[1], false, Start));
        Assert.Equal(3, table.CircuitCount);
        table.Close(Peers[3], Peers[0]);
        Assert.Equal(CircuitStatus.Ok, table.TryOpen(Peers[4], Peers[0], false, Start));
    }
}
