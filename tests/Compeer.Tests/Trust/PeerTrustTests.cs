using Compeer.Protocols.Trust;

namespace Compeer.Tests.Trust;

public class PeerTrustTests
{
    private static List<int> Failed(PeerTrust trust, int piece, int[] sources, ulong[] digests, bool[]? wrong = null)
    {
        var liars = new List<int>();
        trust.OnFailed(piece, sources, digests, wrong, liars);
        return liars;
    }

    private static List<int> Passed(PeerTrust trust, int piece, int[] sources, params ulong[] digests)
    {
        var liars = new List<int>();
        trust.OnPassed(piece, sources, digests, liars);
        return liars;
    }

    [Fact]
    public void The_only_source_of_a_wrong_piece_is_convicted_at_once() =>
        Assert.Equal([7], Failed(new PeerTrust(), 0, [7, 7, 7], [1, 2, 3]));

    [Fact]
    public void The_liar_of_a_mixed_piece_is_found_when_the_right_data_comes()
    {
        var trust = new PeerTrust();
        Assert.Empty(Failed(trust, 5, [1, 2, 3, 1], [10, 66, 12, 13]));
        Assert.True(trust.HasFailed(5));
        Assert.All(new[] { 1, 2, 3 }, peer => Assert.True(trust.IsOnParole(peer)));
        Assert.Equal([2], Passed(trust, 5, [4, 4, 4, 4], 10, 11, 12, 13));
        Assert.False(trust.HasFailed(5));
        Assert.Empty(Passed(trust, 5, [4, 4, 4, 4], 10, 11, 12, 13));
    }

    [Fact]
    public void Several_liars_of_several_attempts_are_each_named_once()
    {
        var trust = new PeerTrust();
        Failed(trust, 5, [1, 2, 3, 3], [66, 11, 67, 68]);
        Failed(trust, 5, [4, 2, 1, 1], [69, 11, 12, 13]);
        Assert.Equal([1, 3, 4], Passed(trust, 5, [2, 2, 2, 2], 10, 11, 12, 13).Order());
    }

    [Fact]
    public void Two_versions_of_one_block_convict_before_the_piece_is_right()
    {
        var trust = new PeerTrust();
        Assert.Empty(Failed(trust, 5, [1, 2], [10, 66]));
        Assert.Equal([2], Failed(trust, 5, [1, 2], [10, 67]));
    }

    [Fact]
    public void A_block_known_to_be_wrong_by_its_own_hash_convicts_and_clears_the_others()
    {
        var trust = new PeerTrust();
        Assert.Equal([2], Failed(trust, 5, [1, 2, 3], [], [false, true, false]));
        Assert.False(trust.IsOnParole(1));
    }

    [Fact]
    public void Parole_ends_with_a_right_piece()
    {
        var trust = new PeerTrust();
        Failed(trust, 5, [1, 2], [10, 66]);
        Passed(trust, 6, [1, 1]);
        Assert.False(trust.IsOnParole(1));
        Assert.True(trust.IsOnParole(2));
    }

    [Fact]
    public void Points_fall_by_two_and_convict_at_minus_seven()
    {
        var trust = new PeerTrust();
        var honest = 100;
        for (int piece = 0; piece < 3; piece++)
            Assert.Empty(Failed(trust, piece, [1, honest++], [1, 2])); // -6
        Assert.Equal([1], Failed(trust, 3, [1, honest], [1, 2]));      // -8
    }

    [Fact]
    public void Good_pieces_are_worth_eight_points_at_most()
    {
        var trust = new PeerTrust();
        for (int piece = 0; piece < 1000; piece++)
            Passed(trust, piece, [1]);
        int honest = 100;
        for (int piece = 0; piece < 7; piece++)
            Assert.Empty(Failed(trust, piece, [1, honest++], [1, 2])); // 8 - 14 = -6
        Assert.Equal([1], Failed(trust, 7, [1, honest], [1, 2]));
    }

    [Fact]
    public void A_piece_written_without_digests_keeps_its_evidence()
    {
        var trust = new PeerTrust();
        Failed(trust, 5, [1, 2], [10, 66]);
        Assert.Empty(Passed(trust, 5, [1, 1]));
        Assert.Equal([2], Passed(trust, 5, [1, 1], 10, 11));
    }

    [Fact]
    public void Evidence_is_bounded_and_the_newest_is_kept()
    {
        var trust = new PeerTrust();
        for (int piece = 0; piece < 5000; piece++)
            Failed(trust, piece, [2 * piece, 2 * piece + 1], [10, 66]);
        Assert.Equal(256, Enumerable.Range(0, 5000).Count(trust.HasFailed));
        Assert.Equal([9999], Passed(trust, 4999, [1, 1], 10, 11));
    }

    /// <summary>Whatever the mixture, evidence names liars only; the points alone may hit a peer that keeps bad company.</summary>
    [Fact]
    public void Honest_peers_are_never_named_by_evidence()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var trust = new PeerTrust();
            var banned = new HashSet<int>();
            int[] liarsAre = [.. Enumerable.Range(0, random.Next(1, 4))];
            for (int round = 0; round < 400; round++)
            {
                int piece = random.Next(5);
                int[] pool = [.. Enumerable.Range(0, 10).Where(p => !banned.Contains(p))];
                var sources = new int[8];
                var digests = new ulong[8];
                for (int block = 0; block < 8; block++)
                {
                    sources[block] = pool[random.Next(pool.Length)];
                    bool lie = liarsAre.Contains(sources[block]) && random.Next(3) == 0;
                    digests[block] = (ulong)(piece * 100 + block) + (lie ? (ulong)random.Next(1, 1000) << 32 : 0);
                }
                bool right = digests.All(d => d >> 32 == 0);
                List<int> named = right ? Passed(trust, piece, sources, digests) : Failed(trust, piece, sources, digests);
                if (right)
                    Assert.All(named, p => Assert.Contains(p, liarsAre));
                banned.UnionWith(named.Where(liarsAre.Contains));
            }
            Assert.Equal(liarsAre, banned.Order());
        }
    }
}
