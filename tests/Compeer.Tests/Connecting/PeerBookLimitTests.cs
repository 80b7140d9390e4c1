using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using static Compeer.Tests.Connecting.BookKit;

namespace Compeer.Tests.Connecting;

/// <summary>Nobody can aim our dials at a victim, or fill the book with rubbish.</summary>
public sealed class PeerBookLimitTests
{
    private static readonly IPAddress Victim = IPAddress.Parse("30.0.0.1");

    [Theory]
    [InlineData("0.0.0.0:1")]
    [InlineData("255.255.255.255:1")]
    [InlineData("224.0.0.1:1")]
    [InlineData("[ff02::1]:1")]
    [InlineData("[::]:1")]
    [InlineData("30.0.0.1:0")]
    public void What_cannot_be_a_peer_is_refused(string endpoint) => Assert.Equal(PeerRefusal.Impossible, new BookKit().Add(endpoint, PeerSource.User));

    [Theory]
    [InlineData("192.168.1.5:1", "40.0.0.1", PeerRefusal.LocalFromStranger)]
    [InlineData("127.0.0.1:22", "40.0.0.1", PeerRefusal.LocalFromStranger)]
    [InlineData("[fe80::1]:1", "2001:db8::1", PeerRefusal.LocalFromStranger)]
    [InlineData("127.0.0.1:22", "192.168.1.9", PeerRefusal.LocalFromStranger)]
    [InlineData("192.168.1.5:1", "10.0.0.1", PeerRefusal.None)]
    [InlineData("127.0.0.1:22", "127.0.0.1", PeerRefusal.None)]
    [InlineData("30.0.0.1:1", "192.168.1.9", PeerRefusal.None)]
    public void An_address_may_not_reach_less_far_than_its_teller(string endpoint, string teller, PeerRefusal expected) =>
        Assert.Equal(expected, new BookKit().Add(endpoint, PeerSource.PeerExchange, teller: teller));

    [Theory]
    [InlineData("30.0.0.1")]
    [InlineData("10.20.0.1")]
    [InlineData("2001:db8::1")]
    public void A_hundred_peers_that_name_a_thousand_ports_of_a_victim_make_us_dial_it_a_few_times_an_hour(string victim)
    {
        var kit = new BookKit();
        var address = IPAddress.Parse(victim);
        var random = new Random(7);
        var total = new Dictionary<int, int>();
        for (int minute = 0; minute < 180; minute++)
        {
            for (int liar = 0; liar < 100; liar++)
            {
                var named = new IPEndPoint(address, random.Next(1, 1001));
                kit.Book.Add(named, PeerSource.PeerExchange, At(60 * minute), new IPAddress([10, 99, 0, (byte)liar]));
            }
            int dials = kit.DialInVain(60 * minute, 60 * (minute + 1)).GetValueOrDefault(address);
            total[minute / 60] = total.GetValueOrDefault(minute / 60) + dials;
        }
        Assert.InRange(total[0], 1, 6);
        Assert.InRange(total[1], 0, 3);
        Assert.InRange(total[2], 0, 3);
        Assert.True(kit.Book.Count <= 4);
    }

    [Fact]
    public void A_whole_network_of_victims_is_spared_too()
    {
        var kit = new BookKit();
        for (int host = 0; host < 256; host++)
            kit.Book.Add(new IPEndPoint(new IPAddress([30, 0, 0, (byte)host]), 80), PeerSource.PeerExchange, At(0), IPAddress.Parse("40.0.0.1"));
        Assert.InRange(kit.DialInVain(0, 3600).Values.Sum(), 12, 24);
    }

    [Fact]
    public void One_port_of_an_address_and_few_of_a_network_are_dialled_at_a_time()
    {
        var kit = new BookKit();
        for (int port = 1; port <= 4; port++)
            kit.Add($"30.0.0.1:{port}");
        Assert.Single(kit.Dialled());
        for (int host = 2; host < 20; host++)
            kit.Add($"30.0.0.{host}:1");
        Assert.Equal(3, kit.Dialled(0.5).Count);
        Assert.Contains(kit.Book.Explain(At(0.5)).Waiting.Keys, why => why.Contains("are being tried", StringComparison.Ordinal));
        kit.Fail("30.0.0.1:1", 1);
        Assert.Single(kit.Dialled(1.6));
    }

    [Fact]
    public void A_local_network_is_one_network_and_not_held_back()
    {
        var kit = new BookKit();
        for (int host = 1; host <= 30; host++)
            kit.Add($"192.168.1.{host}:1");
        Assert.Equal(30, kit.Dialled().Count);
    }

    [Fact]
    public void Many_peers_behind_one_address_are_all_reached()
    {
        var kit = new BookKit(new PeerBookOptions { MaxPortsPerAddress = 20 });
        for (int port = 1; port <= 20; port++)
            kit.Add($"30.0.0.1:{port}");
        for (double second = 0; second < 60; second++)
        {
            foreach (string endpoint in kit.Dialled(second))
                kit.Connect(endpoint, second);
        }
        Assert.Equal(20, kit.Book.Explain(At(60)).Connected);
    }

    [Fact]
    public void A_port_that_failed_makes_room_for_another_and_a_working_one_does_not()
    {
        var kit = new BookKit();
        for (int port = 1; port <= 4; port++)
            kit.Add($"30.0.0.1:{port}");
        Assert.Equal(PeerRefusal.TooManyPorts, kit.Add("30.0.0.1:5"));
        string first = Assert.Single(kit.Dialled());
        kit.Fail(first);
        Assert.Equal(PeerRefusal.None, kit.Add("30.0.0.1:5"));
        Assert.Equal(PeerSource.None, kit.Book.SourceOf(Peer(first)));
        Assert.Equal(PeerRefusal.TooManyPorts, kit.Add("30.0.0.1:6"));
        Assert.Equal(PeerRefusal.None, kit.Add("30.0.0.1:7", PeerSource.User));
    }

    [Fact]
    public void What_a_person_named_is_not_held_back_by_what_others_named()
    {
        var kit = new BookKit();
        for (int port = 1; port <= 4; port++)
            kit.Add($"{Victim}:{port}");
        kit.DialInVain(0, 600);
        kit.Add($"{Victim}:99", PeerSource.User, 600);
        Assert.Contains($"{Victim}:99", kit.Dialled(600));
    }

    [Fact]
    public void A_source_that_was_always_wrong_comes_last_and_gets_better_when_it_is_right()
    {
        var kit = new BookKit();
        for (int i = 0; i < 8; i++)
            kit.Book.Add(Far(i), PeerSource.PeerExchange, At(0), IPAddress.Parse("40.0.0.1"));
        foreach (string endpoint in kit.Dialled())
            kit.Fail(endpoint);
        kit.Book.Add(Far(1000), PeerSource.PeerExchange, At(100), IPAddress.Parse("40.0.0.1"));
        for (int i = 2000; i < 2010; i++)
            kit.Book.Add(Far(i), PeerSource.PeerExchange, At(100), IPAddress.Parse("40.0.0.2"));
        List<string> order = kit.Dialled(100);
        Assert.True(order.IndexOf(Far(1000).ToString()) >= 10, string.Join(' ', order));
        Assert.Contains("nearly always wrong", kit.Book.Explain(Far(1000), At(100)), StringComparison.Ordinal);
        kit.Book.OnConnected(Far(1000), dialled: true, At(100));
        Assert.DoesNotContain("nearly always wrong", kit.Book.Explain(Far(0), At(100)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_opinion_saves_an_address_from_a_doubted_source()
    {
        var kit = new BookKit();
        for (int i = 0; i < 9; i++)
            kit.Book.Add(Far(i), PeerSource.PeerExchange, At(0), IPAddress.Parse("40.0.0.1"));
        for (int i = 0; i < 8 && kit.Book.TryNext(At(0), out IPEndPoint endpoint); i++)
            kit.Book.OnFailed(endpoint, NoAnswer, At(0));
        IPEndPoint left = Enumerable.Range(0, 9).Select(Far).Single(p => kit.Book.Explain(p, At(0)).Contains("its turn", StringComparison.Ordinal));
        Assert.Contains("wrong", kit.Book.Explain(left, At(0)), StringComparison.Ordinal);
        kit.Book.Add(left, PeerSource.Tracker, At(0));
        Assert.DoesNotContain("wrong", kit.Book.Explain(left, At(0)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_book_forgets_failures_and_never_who_works()
    {
        var kit = new BookKit(new PeerBookOptions { MaxPeers = 10 });
        for (int i = 0; i < 10; i++)
            Assert.Equal(PeerRefusal.None, kit.Book.Add(Far(i), PeerSource.Tracker, At(0)));
        Assert.Equal(PeerRefusal.Full, kit.Book.Add(Far(10), PeerSource.Tracker, At(0)));
        kit.Dialled();
        kit.Book.OnFailed(Far(3), NoAnswer, At(0));
        Assert.Equal(PeerRefusal.None, kit.Book.Add(Far(10), PeerSource.Tracker, At(0)));
        Assert.Equal(PeerSource.None, kit.Book.SourceOf(Far(3)));
        Assert.Equal(10, kit.Book.Count);
    }

    [Fact]
    public void A_peer_that_comes_again_and_again_with_other_ports_does_not_fill_the_book()
    {
        var kit = new BookKit();
        for (int port = 1; port <= 1000; port++)
            kit.Add($"30.0.0.1:{port}", PeerSource.Incoming);
        Assert.Equal(4, kit.Book.Count);
    }
}
