using Compeer.Protocols.Choking;
using static Compeer.Tests.Choking.ChokerTestKit;

namespace Compeer.Tests.Choking;

public class SeedChokerTests
{
    private static readonly ChokerOptions Options = new() { Slots = 2 };

    private static int[] Next(SeedChoker choker, List<ChokedPeer> peers, double seconds, long took)
    {
        foreach (ChokedPeer peer in peers.Where(p => p.IsUnchoked))
            peer.Took += took;
        return choker.Round(peers, seconds);
    }

    [Theory]
    [InlineData("quota reached at once, a minute not over", 30L * Piece, 50, false)]
    [InlineData("quota and a minute", 5L * Piece, 60, true)]
    [InlineData("a minute, quota not reached", 2L * Piece, 90, false)]
    [InlineData("quota reached after a minute", 2L * Piece, 100, true)]
    [InlineData("slow, before the limit", 16384, 290, false)]
    [InlineData("slow, at the limit", 16384, 300, true)]
    public void A_turn_lasts_a_quota_and_a_minute_but_not_for_ever(string name, long perRound, int seconds, bool isOver)
    {
        var choker = new SeedChoker(Options);
        List<ChokedPeer> peers = Peers(4);
        Assert.Equal([1, 2], choker.Round(peers, 0));
        int[] served = [];
        for (int now = 10; now <= seconds; now += 10)
            served = Next(choker, peers, now, perRound);
        Assert.True((isOver ? (int[])[3, 4] : [1, 2]).SequenceEqual(served), name);
    }

    [Fact]
    public void Everybody_gets_a_turn_longest_waiting_first()
    {
        var choker = new SeedChoker(Options);
        List<ChokedPeer> peers = Peers(6);
        var turns = new List<int[]>();
        for (int now = 0; now < 360; now += 10)
        {
            int[] served = Next(choker, peers, now, 20L * Piece);
            if (turns.Count == 0 || !turns[^1].SequenceEqual(served))
                turns.Add(served);
        }
        Assert.Equal([[1, 2], [3, 4], [5, 6], [1, 2], [3, 4], [5, 6]], turns);
    }

    [Fact]
    public void Who_holds_a_slot_without_using_it_loses_it()
    {
        var choker = new SeedChoker(Options);
        List<ChokedPeer> peers = Peers(3);
        Assert.Equal([1, 2], choker.Round(peers, 0));
        peers[0].Took += 1;
        Assert.Equal([1, 2], choker.Round(peers, 10));
        peers[0].Took += 1;
        Assert.Equal([1, 3], choker.Round(peers, 20));
    }

    [Fact]
    public void A_turn_goes_on_while_nobody_waits()
    {
        var choker = new SeedChoker(Options);
        List<ChokedPeer> peers = Peers(2);
        for (int now = 0; now < 900; now += 10)
            Assert.Equal([1, 2], Next(choker, peers, now, 5L * Piece));
    }

    [Fact]
    public void A_peer_that_comes_again_waits_like_a_newcomer()
    {
        var choker = new SeedChoker(new ChokerOptions { Slots = 1 });
        List<ChokedPeer> peers = Peers(2);
        Assert.Equal([1], choker.Round(peers, 0));
        peers.Add(new ChokedPeer(3) { ChangedAt = At(30) }); // 1 under another number
        for (int now = 10; now <= 60; now += 10)
            Next(choker, peers, now, 20L * Piece);
        Assert.Equal([2], Next(choker, peers, 70, 20L * Piece));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(50)]
    public void Respects_slots_and_interest(int slots)
    {
        var choker = new SeedChoker(new ChokerOptions { Slots = slots });
        List<ChokedPeer> peers = Peers(20);
        var random = new Random(slots);
        for (int now = 0; now < 600; now += 10)
        {
            foreach (ChokedPeer peer in peers)
                peer.IsInterested = random.Next(3) > 0;
            int[] served = Next(choker, peers, now, random.Next(10 * Piece));
            Assert.Equal(Math.Min(slots, peers.Count(p => p.IsInterested)), served.Length);
            Assert.All(served, id => Assert.True(peers[id - 1].IsInterested));
        }
    }
}
