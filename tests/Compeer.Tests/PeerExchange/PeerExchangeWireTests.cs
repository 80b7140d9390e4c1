using System.Net;
using System.Text;
using Compeer.Protocols.PeerWire;
using Compeer.Tests.PeerWire;

namespace Compeer.Tests.PeerExchange;

/// <summary>ut_pex among the other messages of a connection.</summary>
public sealed class PeerExchangeWireTests
{
    private const int Ours = 5;

    [Fact]
    public void It_is_offered_sent_and_heard()
    {
        PeerWireSession session = Offering();
        Assert.Contains("6:ut_pexi5e", Encoding.Latin1.GetString(session.Sent()), StringComparison.Ordinal);
        session.SendPeerExchange("de"u8);
        Assert.Empty(session.Sent());
        session.Feed(WireBytes.Extended(0, "d1:md6:ut_pexi9eee"));
        Assert.Equal(9, session.Remote.PeerExchange);
        session.SendPeerExchange("de"u8);
        Assert.Equal(WireBytes.Extended(9, "de"), session.Sent());
        Assert.StartsWith("PeerExchange", Assert.Single(session.Feed(WireBytes.Extended(Ours, "d5:added0:e"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_offer_nothing_is_said_or_heard()
    {
        PeerWireSession session = WireSession.New();
        session.SendExtensions(1, 1, true, IPAddress.Loopback);
        Assert.DoesNotContain("ut_pex", Encoding.Latin1.GetString(session.Sent()), StringComparison.Ordinal);
        session.Feed(WireBytes.Extended(0, "d1:md6:ut_pexi9eee"));
        session.SendPeerExchange("de"u8);
        session.WithdrawPeerExchange();
        Assert.Empty(session.Sent());
        Assert.Empty(session.Feed(WireBytes.Extended(Ours, "de")));
        Assert.Null(session.Closed);
    }

    [Fact]
    public void It_can_be_taken_back()
    {
        PeerWireSession session = Offering();
        session.Sent();
        session.Feed(WireBytes.Extended(0, "d1:md6:ut_pexi9eee"));
        session.WithdrawPeerExchange();
        Assert.Equal(WireBytes.Extended(0, "d1:md6:ut_pexi0eee"), session.Sent());
        session.SendPeerExchange("de"u8);
        Assert.Empty(session.Sent());
        Assert.Empty(session.Feed(WireBytes.Extended(Ours, "de")));
    }

    private static PeerWireSession Offering()
    {
        PeerWireSession session = WireSession.New();
        session.SendExtensions(1, 1, true, IPAddress.Loopback, offersPeerExchange: true);
        return session;
    }
}
