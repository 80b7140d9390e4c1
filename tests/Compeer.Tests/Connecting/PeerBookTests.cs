using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using static Compeer.Tests.Connecting.BookKit;

namespace Compeer.Tests.Connecting;

/// <summary>Whom to dial next, and when again.</summary>
public sealed class PeerBookTests
{
    [Fact]
    public void The_order_is_named_then_local_then_reached_before_then_the_rest()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1");
        kit.Add("30.0.1.1:1", PeerSource.Remembered);
        kit.Add("192.168.1.5:1", PeerSource.LocalNetwork);
        kit.Add("30.0.2.1:1", PeerSource.Link);
        kit.Add("30.0.3.1:1", PeerSource.User);
        List<string> order = kit.Dialled();
        Assert.Equal(["30.0.2.1:1", "30.0.3.1:1"], order.Take(2).Order());
        Assert.Equal(["192.168.1.5:1", "30.0.1.1:1", "30.0.0.1:1"], order.Skip(2));
    }

    [Fact]
    public void Among_equals_canonical_priority_decides()
    {
        var kit = new BookKit();
        IPEndPoint[] peers = [.. Enumerable.Range(1, 30).Select(Far)];
        foreach (IPEndPoint peer in peers)
            kit.Book.Add(peer, PeerSource.Tracker, At(0));
        IPEndPoint own = IPEndPoint.Parse("80.1.2.3:6881");
        Assert.Equal(peers.OrderByDescending(p => Protocols.PeerWire.PeerPriority.Compute(own, p)).Select(p => p.ToString()), kit.Dialled());
    }

    [Fact]
    public void When_our_address_becomes_known_the_order_follows()
    {
        var kit = new BookKit();
        IPEndPoint[] peers = [.. Enumerable.Range(1, 30).Select(Far)];
        foreach (IPEndPoint peer in peers)
            kit.Book.Add(peer, PeerSource.Tracker, At(0));
        IPEndPoint own = IPEndPoint.Parse("77.7.7.7:6881");
        kit.Book.UseOwnEndPoint(own);
        Assert.Equal(peers.OrderByDescending(p => Protocols.PeerWire.PeerPriority.Compute(own, p)).Select(p => p.ToString()), kit.Dialled());
    }

    [Fact]
    public void Who_failed_less_often_comes_first()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1", PeerSource.User);
        Assert.Single(kit.Dialled());
        kit.Fail("30.0.0.1:1");
        kit.Add("30.0.1.1:1", PeerSource.User);
        Assert.Equal(["30.0.1.1:1", "30.0.0.1:1"], kit.Dialled(10));
    }

    [Fact]
    public void The_wait_doubles_with_each_failure_and_is_spread()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1", PeerSource.User);
        double now = 0;
        var waits = new List<double>();
        for (int i = 0; i < 12; i++)
        {
            Assert.Single(kit.Dialled(now));
            kit.Fail("30.0.0.1:1", now);
            double next = (kit.Book.NextDue!.Value - At(0)).TotalSeconds;
            waits.Add(next - now);
            now = next;
        }
        for (int i = 0; i < waits.Count; i++)
            Assert.InRange(waits[i], 0.75 * Math.Min(2 << i, 300) - 0.001, 1.25 * Math.Min(2 << i, 300) + 0.001);
        Assert.Equal(waits.Count, waits.Distinct().Count());
    }

    [Fact]
    public void Others_are_forgotten_after_some_failures_and_named_ones_never()
    {
        var kit = new BookKit(new PeerBookOptions { DialsPerAddress = 1000, DialsPerPrefix = 1000 });
        kit.Add("30.0.0.1:1");
        kit.Add("30.0.1.1:1", PeerSource.User);
        Dictionary<IPAddress, int> dials = kit.DialInVain(0, 36_000);
        Assert.Equal(8, dials[IPAddress.Parse("30.0.0.1")]);
        Assert.Equal(1, kit.Book.Count);
        Assert.InRange(dials[IPAddress.Parse("30.0.1.1")], 90, 200);
    }

    [Fact]
    public void A_connection_that_worked_is_tried_again_soon_and_before_strangers()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1");
        kit.Dialled();
        kit.Connect("30.0.0.1:1");
        Assert.Empty(kit.Dialled(100));
        kit.Close("30.0.0.1:1", 100);
        Assert.Empty(kit.Dialled(104));
        kit.Add("30.0.1.1:1", second: 104);
        Assert.Equal(["30.0.0.1:1", "30.0.1.1:1"], kit.Dialled(106));
    }

    [Fact]
    public void Who_answers_and_is_not_wanted_now_is_not_to_blame()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1");
        kit.Dialled();
        kit.Book.OnPutOff(Peer("30.0.0.1:1"), "there are enough connections", TimeSpan.FromSeconds(30), At(0));
        Assert.Contains("waits 30 s: there are enough connections", kit.Book.Explain(Peer("30.0.0.1:1"), At(0)), StringComparison.Ordinal);
        Assert.Equal(["30.0.0.1:1"], kit.Dialled(30));
    }

    [Fact]
    public void Ourselves_are_dialled_once()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1");
        kit.Dialled();
        kit.Book.OnOurselves(Peer("30.0.0.1:1"), At(0));
        Assert.Equal(PeerRefusal.Ourselves, kit.Add("30.0.0.1:1", PeerSource.Dht));
        Assert.Empty(kit.Dialled(1000));
    }

    [Fact]
    public void Seeds_are_left_alone_while_we_only_give()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1", isSeed: true);
        kit.Add("30.0.1.1:1");
        kit.Book.OnlyGive = true;
        Assert.Equal(["30.0.1.1:1"], kit.Dialled());
        kit.Connect("30.0.1.1:1");
        kit.Book.SetSeed(Peer("30.0.1.1:1"), true);
        kit.Close("30.0.1.1:1");
        Assert.Empty(kit.Dialled(1000));
        Assert.Contains("both sides only give", kit.Book.Explain(Peer("30.0.0.1:1"), At(0)), StringComparison.Ordinal);
        kit.Book.OnlyGive = false;
        Assert.Equal(2, kit.Dialled(1000).Count);
    }

    [Fact]
    public void A_ban_covers_all_ports_of_an_address_for_a_while()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1");
        kit.Add("30.0.0.1:2");
        kit.Book.Ban(IPAddress.Parse("30.0.0.1"), At(0));
        Assert.Equal(0, kit.Book.Count);
        Assert.Equal(PeerRefusal.Banned, kit.Add("30.0.0.1:3", second: 7199));
        Assert.Equal(PeerRefusal.None, kit.Add("30.0.0.1:3", second: 7201));
    }

    [Fact]
    public void A_private_torrent_forgets_and_refuses_what_others_than_its_tracker_told()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1", PeerSource.Dht);
        kit.Add("30.0.1.1:1", PeerSource.Link);
        kit.Add("30.0.2.1:1", PeerSource.PeerExchange);
        kit.Add("30.0.2.1:1");
        kit.Add("30.0.3.1:1", PeerSource.Incoming);
        kit.Book.OnConnected(Peer("30.0.3.1:1"), dialled: false, At(0));
        kit.Book.AcceptOnly(PeerSource.Tracker | PeerSource.User, At(0));
        Assert.Equal(1, kit.Book.Count);
        Assert.Equal(PeerSource.Tracker, kit.Book.SourceOf(Peer("30.0.2.1:1")));
        Assert.Equal(PeerRefusal.Private, kit.Add("30.0.4.1:1", PeerSource.LocalNetwork));
        Assert.Equal(PeerRefusal.None, kit.Add("30.0.5.1:1", PeerSource.User));
        Assert.Equal(["30.0.5.1:1", "30.0.2.1:1"], kit.Dialled());
    }

    [Fact]
    public void An_address_keeps_all_who_told_of_it()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1");
        Assert.Equal(PeerRefusal.None, kit.Add("30.0.0.1:1", PeerSource.PeerExchange, teller: "40.0.0.1"));
        kit.Add("30.0.0.1:1", PeerSource.LocalNetwork);
        Assert.Equal("tracker+pex+lan", kit.Book.SourceOf(Peer("30.0.0.1:1")).Describe());
        Assert.Equal(1, kit.Book.Count);
        Assert.Equal("", PeerSource.None.Describe());
    }

    [Fact]
    public void A_person_who_names_a_waiting_address_has_it_tried_at_once()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1");
        kit.Dialled();
        kit.Fail("30.0.0.1:1");
        Assert.Empty(kit.Dialled(1));
        kit.Add("30.0.0.1:1", PeerSource.User, 1);
        Assert.Equal(["30.0.0.1:1"], kit.Dialled(1));
    }

    [Fact]
    public void A_peer_that_comes_while_we_dial_it_counts_once()
    {
        var kit = new BookKit(new PeerBookOptions { MaxDialling = 1 });
        kit.Add("30.0.0.1:1");
        kit.Add("30.0.1.1:1");
        Assert.Single(kit.Dialled());
        IPEndPoint first = kit.Book.SourceOf(Peer("30.0.0.1:1")) != 0 && kit.Book.Explain(Peer("30.0.0.1:1"), At(0)).Contains("being dialled", StringComparison.Ordinal) ? Peer("30.0.0.1:1") : Peer("30.0.1.1:1");
        kit.Book.OnConnected(first, dialled: false, At(0));
        kit.Book.OnFailed(first, "it is connected already", At(0));
        Assert.Equal(1, kit.Book.Explain(At(0)).Connected);
        Assert.Single(kit.Dialled());
    }

    [Fact]
    public void What_worked_is_given_for_the_next_time_the_newest_first()
    {
        var kit = new BookKit();
        kit.Add("30.0.0.1:1");
        kit.Add("30.0.1.1:1", PeerSource.PeerExchange);
        kit.Add("30.0.2.1:1");
        kit.Add("30.0.3.1:1", PeerSource.Incoming);
        kit.Dialled();
        kit.Connect("30.0.0.1:1", 1);
        kit.Connect("30.0.1.1:1", 2);
        kit.Fail("30.0.2.1:1");
        kit.Close("30.0.0.1:1", 60);
        Assert.Equal(["30.0.1.1:1", "30.0.0.1:1"], kit.Book.Worked(200).Select(p => p.EndPoint.ToString()));
        Assert.Equal(PeerSource.PeerExchange, kit.Book.Worked(1)[0].Sources);
    }

    [Fact]
    public void It_explains_itself()
    {
        var kit = new BookKit();
        for (int i = 1; i <= 12; i++)
            kit.Book.Add(Far(i), PeerSource.Tracker, At(0));
        kit.Dialled();
        for (int i = 1; i <= 3; i++)
            kit.Book.OnConnected(Far(i), dialled: true, At(0));
        for (int i = 4; i <= 8; i++)
            kit.Book.OnFailed(Far(i), NoAnswer, At(0));
        kit.Add("192.168.1.1:1", PeerSource.PeerExchange, teller: "40.0.0.1");
        kit.Add("10.1.1.1:1", PeerSource.PeerExchange, teller: "40.0.0.1");
        Assert.Equal("12 known, 3 connected, 4 being dialled, 5 waiting to retry (no answer in time), 2 refused: LAN address from a stranger", kit.Book.Explain(At(0)).ToString());
        Assert.Equal($"{Far(1)} (from tracker) is connected", kit.Book.Explain(Far(1), At(0)));
        Assert.Matches("^20.0.4.9:6881 \\(from tracker\\) waits [0-9]+ s: no answer in time, 1 failure in a row$", kit.Book.Explain(Far(4), At(0)));
        Assert.Equal("9.9.9.9:9 is not known", kit.Book.Explain(Peer("9.9.9.9:9"), At(0)));
    }
}
