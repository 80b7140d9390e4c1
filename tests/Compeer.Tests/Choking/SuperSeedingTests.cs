using Compeer.Protocols.Choking;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.Choking;

public class SuperSeedingTests
{
    private static List<int> Have(SuperSeeding seeding, int peer, int piece)
    {
        var satisfied = new List<int>();
        seeding.OnHave(peer, piece, satisfied);
        return satisfied;
    }

    [Fact]
    public void Each_peer_is_shown_another_piece()
    {
        var seeding = new SuperSeeding(20, new Random(1));
        int[] shown = [.. Enumerable.Range(0, 20).Select(peer => seeding.Next(peer, new PieceSet(20)))];
        Assert.Equal(Enumerable.Range(0, 20), shown.Order());
        Assert.Equal(shown[3], seeding.Current(3));
    }

    [Fact]
    public void The_next_piece_is_earned_when_another_peer_has_the_last_one()
    {
        var seeding = new SuperSeeding(20, new Random(1));
        int piece = seeding.Next(1, new PieceSet(20));
        Assert.Empty(Have(seeding, 1, piece)); // its own word is worth nothing
        Assert.Empty(Have(seeding, 2, (piece + 1) % 20));
        Assert.Equal([1], Have(seeding, 2, piece));
    }

    [Fact]
    public void What_nobody_has_is_shown_before_what_others_have()
    {
        var seeding = new SuperSeeding(20, new Random(1));
        Assert.Equal(13, seeding.Next(1, new PieceSet(20), piece => piece == 13 ? 0 : 1));
    }

    [Fact]
    public void A_piece_that_others_had_already_need_not_be_passed_on()
    {
        var seeding = new SuperSeeding(2, new Random(1));
        int piece = seeding.Next(1, new PieceSet(2), _ => 3);
        Assert.Equal([1], Have(seeding, 1, piece));
    }

    [Fact]
    public void Who_has_everything_or_is_gone_is_shown_nothing()
    {
        var seeding = new SuperSeeding(2, new Random(1));
        var all = new PieceSet(2);
        all.AddAll();
        Assert.Equal(-1, seeding.Next(1, all));
        Assert.Equal(-1, seeding.Current(1));
        int piece = seeding.Next(2, new PieceSet(2));
        seeding.PeerGone(2);
        Assert.Equal(-1, seeding.Current(2));
        Assert.Empty(Have(seeding, 3, piece));
    }

    /// <summary>The point of it all: the first seed sends little more than one copy while the swarm completes.</summary>
    [Fact]
    public void A_swarm_completes_with_little_more_than_one_copy_from_the_seed()
    {
        const int Pieces = 200;
        const int Peers = 6;
        var random = new Random(4);
        var seeding = new SuperSeeding(Pieces, random);
        PieceSet[] have = [.. Enumerable.Range(0, Peers).Select(_ => new PieceSet(Pieces))];
        int Copies(int piece) => have.Count(h => h[piece]);
        int sent = 0;
        for (int peer = 0; peer < Peers; peer++)
            seeding.Next(peer, have[peer], Copies);
        for (int round = 0; have.Any(h => !h.IsComplete); round++)
        {
            Assert.True(round < 200_000, "stalled");
            int peer = random.Next(Peers);
            int piece = random.Next(Pieces);
            bool fromSeed = random.Next(3) == 0 && seeding.Current(peer) >= 0;
            if (fromSeed)
                piece = seeding.Current(peer);
            if (!(fromSeed || Copies(piece) > 0) || !have[peer].Add(piece))
                continue;
            sent += fromSeed ? 1 : 0;
            foreach (int satisfied in Have(seeding, peer, piece))
                seeding.Next(satisfied, have[satisfied], Copies);
            if (seeding.Current(peer) >= 0 && have[peer].IsComplete)
                seeding.PeerGone(peer);
        }
        Assert.InRange(sent, Pieces, Pieces * 2);
    }
}
