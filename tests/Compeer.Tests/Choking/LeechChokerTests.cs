using Compeer.Protocols.Choking;
using static Compeer.Tests.Choking.ChokerTestKit;

namespace Compeer.Tests.Choking;

public class LeechChokerTests
{
    private static readonly ChokerOptions Options = new() { Slots = 5 }; // 4 regular, 1 optimistic

    [Fact]
    public void Serves_those_who_gave_most_and_one_other()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(12);
        foreach (ChokedPeer peer in peers)
            peer.Gave = peer.Id * 1000;
        int[] served = choker.Round(peers, 0);
        Assert.Equal(5, served.Length);
        Assert.Equal([1, 9, 10, 11, 12], served); // 1 has waited longest
    }

    [Fact]
    public void Serves_nobody_who_is_not_interested()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(6);
        foreach (ChokedPeer peer in peers)
            (peer.Gave, peer.IsInterested) = (1000, peer.Id > 4);
        Assert.Equal([5, 6], choker.Round(peers, 0));
        Assert.Empty(choker.Rechoke([], At(10)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(40)]
    public void Respects_the_number_of_slots(int slots)
    {
        var choker = new LeechChoker(new ChokerOptions { Slots = slots });
        List<ChokedPeer> peers = Peers(30);
        var random = new Random(slots);
        for (int round = 0; round < 60; round++)
        {
            foreach (ChokedPeer peer in peers)
            {
                peer.Gave = random.Next(3) == 0 ? random.Next(1 << 20) : 0;
                peer.Took += peer.IsUnchoked ? random.Next(1 << 20) : 0;
                peer.IsInterested = random.Next(5) > 0;
            }
            int[] served = choker.Round(peers, round * 10);
            Assert.InRange(served.Length, Math.Min(1, slots), slots);
            Assert.All(served, id => Assert.True(peers[id - 1].IsInterested));
        }
    }

    [Fact]
    public void The_optimistic_slot_goes_round_longest_waiting_first()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(10);
        var turns = new List<int>();
        for (int round = 0; round < 36; round++)
        {
            foreach (ChokedPeer peer in peers.Where(p => p.Id <= 4))
                peer.Gave = 100_000;
            int optimistic = choker.Round(peers, round * 10).Single(id => id > 4);
            if (turns.LastOrDefault() != optimistic)
                turns.Add(optimistic);
        }
        Assert.Equal([5, 6, 7, 8, 9, 10, 5, 6, 7, 8, 9, 10], turns); // three rounds each
    }

    [Fact]
    public void A_newcomer_that_gives_more_displaces_the_weakest()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(6);
        foreach (ChokedPeer peer in peers.Where(p => p.Id <= 5))
            peer.Gave = peer.Id * 1000;
        choker.Round(peers, 0);
        foreach (ChokedPeer peer in peers)
            peer.Gave = peer.Id * 1000;
        Assert.Equal([1, 3, 4, 5, 6], choker.Round(peers, 10)); // 1 has the optimistic turn, 2 lost its place
    }

    [Fact]
    public void Unearned_slots_are_given_to_newcomers()
    {
        var choker = new LeechChoker(Options);
        Assert.Equal([1, 2, 3, 4, 5], choker.Round(Peers(7), 0));
        Assert.Equal([1, 2], new LeechChoker(Options).Round(Peers(2), 0));
    }

    [Fact]
    public void A_snubbing_peer_gets_the_optimistic_slot_only()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(4);
        foreach (ChokedPeer peer in peers)
            (peer.Gave, peer.IsSnubbing) = (1000, peer.Id <= 3);
        Assert.Equal([1, 4], choker.Round(peers, 0));
    }

    [Fact]
    public void A_free_rider_gets_the_optimistic_slot_only_and_rests_between_turns()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(3); // fewer than slots
        ChokedPeer rider = peers[2];
        int servedRounds = 0;
        for (int round = 0; round < 120; round++)
        {
            foreach (ChokedPeer peer in peers)
            {
                peer.Took += peer.IsUnchoked ? 1 << 20 : 0;
                peer.Gave = peer == rider ? 0 : 1 << 20;
            }
            int[] served = choker.Round(peers, round * 10);
            Assert.Contains(1, served);
            Assert.Contains(2, served);
            servedRounds += served.Contains(3) ? 1 : 0;
            if (!served.Contains(3))
                Assert.False(choker.MayServeAtOnce(3));
        }
        Assert.True(choker.MayServeAtOnce(1));
        Assert.InRange(servedRounds, 28, 34); // one turn in four, and the first until it was in debt
    }

    [Fact]
    public void Trickling_does_not_make_a_free_rider_a_partner()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(3);
        int servedRounds = 0;
        for (int round = 0; round < 120; round++)
        {
            foreach (ChokedPeer peer in peers)
            {
                peer.Took += peer.IsUnchoked ? 4 << 20 : 0;
                peer.Gave = peer.Id < 3 ? 4 << 20 : 16 << 10;
            }
            servedRounds += choker.Round(peers, round * 10).Contains(3) ? 1 : 0;
        }
        Assert.True(servedRounds < 80, $"{servedRounds}");
    }

    [Fact]
    public void Nobody_owes_for_what_it_cannot_give()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(3);
        for (int round = 0; round < 30; round++)
        {
            foreach (ChokedPeer peer in peers)
            {
                peer.Took += peer.IsUnchoked ? 1 << 20 : 0;
                peer.IsInteresting = false;
            }
            Assert.Equal([1, 2, 3], choker.Round(peers, round * 10));
        }
    }

    [Fact]
    public void A_lone_debtor_is_served_rather_than_nobody()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(1);
        for (int round = 0; round < 30; round++)
        {
            peers[0].Took += 1 << 20;
            Assert.Equal([1], choker.Round(peers, round * 10));
        }
    }

    [Fact]
    public void A_debtor_that_pays_is_a_partner_again()
    {
        var choker = new LeechChoker(Options);
        List<ChokedPeer> peers = Peers(3);
        for (int round = 0; round < 12; round++)
        {
            foreach (ChokedPeer peer in peers)
                (peer.Took, peer.Gave) = (peer.Took + (peer.IsUnchoked ? 1 << 20 : 0), peer.Id < 3 ? 1 << 20 : 0);
            choker.Round(peers, round * 10);
        }
        Assert.False(choker.MayServeAtOnce(3));
        peers[2].Gave = 1 << 20;
        Assert.Contains(3, choker.Round(peers, 120));
        Assert.True(choker.MayServeAtOnce(3));
    }

    [Fact]
    public void The_same_history_gives_the_same_choices()
    {
        string Run()
        {
            var choker = new LeechChoker(Options);
            List<ChokedPeer> peers = Peers(20);
            var random = new Random(3);
            var log = new List<string>();
            for (int round = 0; round < 50; round++)
            {
                foreach (ChokedPeer peer in peers)
                    peer.Gave = random.Next(4) * 1000;
                log.Add(string.Join(',', choker.Round(peers, round * 10)));
            }
            return string.Join(';', log);
        }
        Assert.Equal(Run(), Run());
    }
}
