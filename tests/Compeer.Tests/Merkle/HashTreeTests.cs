using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Tests.Merkle;

public class HashTreeTests
{
    private static IEnumerable<HashRange> Ranges(int height)
    {
        for (int layer = 0; layer <= height; layer++)
        {
            for (int length = 2; length <= 64; length *= 2)
            {
                for (int index = 0; index < 1 << (height - layer); index += length)
                    yield return HashRange.ToRoot(layer, index, length, height);
            }
        }
    }

    [Fact]
    public void Every_answer_leads_to_the_root_and_holds_the_hashes_asked_for()
    {
        int answered = 0;
        for (int count = 1; count <= 37; count++)
        {
            int height = MerkleTree.Height(count);
            Sha256Hash[] leaves = MerkleTreeTests.Leaves(count, count);
            var tree = new HashTree(leaves, 0, height);
            Assert.Equal(MerkleTree.Root(leaves, 0, height), tree.Root);
            foreach (HashRange range in Ranges(height))
            {
                if (tree.Answer(range) is not { } answer)
                    continue;
                answered++;
                Assert.True(HashProof.Verify(answer, range, height, tree.Root), $"{count} leaves, {range}");
                if (range.BaseLayer == 0)
                    Assert.Equal(leaves.Skip(range.Index).Take(range.Length), answer.Take(Math.Min(range.Length, count - range.Index)));
            }
        }
        Assert.True(answered > 500);
    }

    [Fact]
    public void Any_changed_hash_is_noticed()
    {
        for (int count = 1; count <= 21; count++)
        {
            int height = MerkleTree.Height(count);
            var tree = new HashTree(MerkleTreeTests.Leaves(count, count), 0, height);
            foreach (HashRange range in Ranges(height))
            {
                if (tree.Answer(range) is not { } answer)
                    continue;
                for (int i = 0; i < answer.Length; i++)
                {
                    Sha256Hash[] forged = [.. answer];
                    forged[i][31] ^= 1;
                    Assert.False(HashProof.Verify(forged, range, height, tree.Root), $"{count} leaves, {range}, hash {i}");
                }
                Assert.False(HashProof.Verify(answer.AsSpan(0, answer.Length - 1), range, height, tree.Root));
                Assert.False(HashProof.Verify([.. answer, default], range, height, tree.Root));
                Assert.False(HashProof.Verify(answer, range, height, default));
            }
        }
    }

    [Fact]
    public void Leaves_proved_through_the_piece_layer_are_those_of_the_whole_tree()
    {
        foreach (int count in new[] { 5, 8, 9, 13, 31, 32, 33, 64, 100 })
        {
            const int pieceLayer = 2;
            int height = MerkleTree.Height(count);
            Sha256Hash[] leaves = MerkleTreeTests.Leaves(count, count);
            var whole = new HashTree(leaves, 0, height);
            var upper = new HashTree(MerkleTree.Parents(MerkleTree.Parents(leaves, 0), 1), pieceLayer, height);
            Assert.Equal(whole.Root, upper.Root);
            for (int piece = 0; piece < (count + 3) / 4; piece++)
            {
                ReadOnlySpan<Sha256Hash> below = leaves.AsSpan(piece * 4, Math.Min(4, count - piece * 4));
                foreach (HashRange range in new HashRange[] { new(0, piece * 4, 4, 0), new(0, piece * 4, 2, 0), new(0, piece * 4 + 2, 2, 0) })
                {
                    for (int proofs = 0; proofs < height + 2; proofs++)
                        Assert.Equal(whole.Answer(range with { ProofLayers = proofs }), upper.AnswerBelow(range with { ProofLayers = proofs }, below));
                }
            }
        }
    }

    [Theory]
    [InlineData("length 1", 0, 0, 1, 0)]
    [InlineData("length 0", 0, 0, 0, 0)]
    [InlineData("length negative", 0, 0, -2, 0)]
    [InlineData("length no power of two", 0, 0, 3, 0)]
    [InlineData("length above the limit", 0, 0, 1024, 0)]
    [InlineData("length of billions", 0, 0, 1 << 30, 0)]
    [InlineData("index negative", 0, -2, 2, 0)]
    [InlineData("index between", 0, 1, 2, 0)]
    [InlineData("index beyond the tree", 0, 16, 2, 0)]
    [InlineData("index in padding only", 0, 12, 4, 0)]
    [InlineData("index at the end of integers", 0, int.MaxValue - 1, 2, 0)]
    [InlineData("layer above the root", 5, 0, 2, 0)]
    [InlineData("layer negative", -1, 0, 2, 0)]
    [InlineData("layer of thousands", 4000, 0, 2, 0)]
    [InlineData("proof negative", 0, 0, 2, -1)]
    [InlineData("proof of billions", 0, 0, 2, int.MaxValue)]
    public void Impossible_requests_get_no_answer(string name, int layer, int index, int length, int proofs)
    {
        Assert.NotEmpty(name);
        var tree = new HashTree(MerkleTreeTests.Leaves(11), 0, 4);
        var range = new HashRange(layer, index, length, proofs);
        Assert.Null(tree.Answer(range));
        Assert.Null(new HashTree(MerkleTreeTests.Leaves(3), 2, 4).AnswerBelow(range, MerkleTreeTests.Leaves(4)));
    }

    [Fact]
    public void A_layer_below_the_lowest_is_not_answered() =>
        Assert.Null(new HashTree(MerkleTreeTests.Leaves(4), 2, 4).Answer(new HashRange(0, 0, 2, 0)));

    [Fact]
    public void More_proof_than_there_are_layers_ends_at_the_root()
    {
        var tree = new HashTree(MerkleTreeTests.Leaves(8), 0, 3);
        Assert.Equal(2 + 2, tree.Answer(new HashRange(0, 0, 2, 40))!.Length);
    }

    [Fact]
    public void A_range_wider_than_the_tree_may_hold_only_padding_behind_it()
    {
        Sha256Hash[] leaves = MerkleTreeTests.Leaves(3);
        var tree = new HashTree(leaves, 0, 2);
        var range = HashRange.ToRoot(0, 0, 8, 2);
        Sha256Hash[] answer = tree.Answer(range)!;
        Assert.True(HashProof.Verify(answer, range, 2, tree.Root));
        answer[7] = leaves[0];
        Assert.False(HashProof.Verify(answer, range, 2, tree.Root));
    }

    [Fact]
    public void Uncles_are_counted_as_the_specification_counts_them()
    {
        // Length 4 needs no uncle from the layer right above it: the first log2(4)-1 = 1 of the proof layers is left out.
        Assert.Equal(0, new HashRange(0, 0, 4, 1).UncleCount);
        Assert.Equal(1, new HashRange(0, 0, 4, 2).UncleCount);
        Assert.Equal(1, new HashRange(0, 0, 2, 1).UncleCount);
        Assert.Equal(0, new HashRange(0, 0, 2, 0).UncleCount);
        Assert.Equal(new HashRange(1, 8, 4, 8), HashRange.ToRoot(1, 8, 4, 10));
    }
}
