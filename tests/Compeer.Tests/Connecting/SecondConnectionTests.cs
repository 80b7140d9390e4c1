using System.Net;
using System.Text;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.Connecting;

/// <summary>Who claims the id of a connected peer takes over only from where that peer is.</summary>
public sealed class SecondConnectionTests
{
    private const string AtRelay = "203.0.113.5:50000";
    private const string SaysRelay = "d5:relay6:\u00CB\u0000\u0071\u0005\u00C3\u0050e";
    private const string SaysRelayAndAddress = "d4:ipv44:\u0050\u0001\u0002\u00035:relay6:\u00CB\u0000\u0071\u0005\u00C3\u0050e";

    [Theory]
    [InlineData("80.1.2.3:9999", true)]
    [InlineData("80.1.2.4:7001", false)]
    public void A_direct_peer_is_known_by_its_address(string newcomer, bool may) => AssertMay(may, newcomer, "80.1.2.3:7001", isRelayed: false, "de");

    [Theory]
    [InlineData("80.1.2.3:9999", true)]
    [InlineData("80.1.2.4:7001", false)]
    public void So_is_one_that_came_through_our_relay(string newcomer, bool may) => AssertMay(may, newcomer, "80.1.2.3:7001", isRelayed: true, "de");

    [Fact]
    public void One_that_came_through_our_relay_may_come_from_its_own_port_at_a_relay() => AssertMay(true, AtRelay, "80.1.2.3:7001", isRelayed: true, SaysRelay);

    [Theory]
    [InlineData(AtRelay, SaysRelay, true)]
    [InlineData("80.1.2.3:9999", SaysRelay, false)]
    [InlineData("80.1.2.3:9999", SaysRelayAndAddress, true)]
    [InlineData("80.1.2.4:9999", SaysRelayAndAddress, false)]
    [InlineData("203.0.113.5:50001", SaysRelayAndAddress, false)]
    public void One_at_a_relay_is_known_by_what_it_said_there(string newcomer, string said, bool may) => AssertMay(may, newcomer, AtRelay, isRelayed: true, said);

    private static void AssertMay(bool may, string newcomer, string first, bool isRelayed, string said)
    {
        var extensions = new RemoteExtensions();
        Assert.True(extensions.TryUpdate(Encoding.Latin1.GetBytes(said)));
        Assert.Equal(may, SecondConnection.MayComeFrom(IPEndPoint.Parse(newcomer), IPEndPoint.Parse(first), isRelayed, extensions));
    }
}
