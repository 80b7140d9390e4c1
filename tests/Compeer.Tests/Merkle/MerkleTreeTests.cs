using System.Security.Cryptography;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Tests.Merkle;

public class MerkleTreeTests
{
    internal static Sha256Hash[] Leaves(int count, int seed = 1)
    {
        var random = new Random(seed);
        var leaves = new Sha256Hash[count];
        byte[] bytes = new byte[32];
        for (int i = 0; i < count; i++)
        {
            random.NextBytes(bytes);
            leaves[i] = new Sha256Hash(bytes);
        }
        return leaves;
    }

    /// <summary>The definition, with the padding written out.</summary>
    internal static byte[] Naive(ReadOnlySpan<Sha256Hash> leaves, long width)
    {
        if (width == 1)
            return leaves.IsEmpty ? new byte[32] : leaves[0].ToArray();
        int half = (int)(width / 2);
        return SHA256.HashData([.. Naive(leaves[..Math.Min(half, leaves.Length)], half), .. Naive(leaves[Math.Min(half, leaves.Length)..], half)]);
    }

    [Fact]
    public void Roots_are_those_of_the_definition()
    {
        for (int count = 0; count <= 70; count++)
        {
            int height = MerkleTree.Height(count);
            Sha256Hash[] leaves = Leaves(count);
            Assert.Equal(Convert.ToHexStringLower(Naive(leaves, 1L << height)), MerkleTree.Root(leaves, 0, height).ToString());
            Assert.Equal(Convert.ToHexStringLower(Naive(leaves, 4L << height)), MerkleTree.Root(leaves, 0, height + 2).ToString());
        }
    }

    [Fact]
    public void A_root_over_a_layer_is_the_root_over_the_leaves()
    {
        for (int count = 1; count <= 70; count++)
        {
            Sha256Hash[] row = Leaves(count);
            int height = MerkleTree.Height(count);
            Sha256Hash root = MerkleTree.Root(row, 0, height);
            for (int layer = 0; layer < height; layer++)
            {
                Assert.Equal(root, MerkleTree.Root(row, layer, height - layer));
                row = MerkleTree.Parents(row, layer);
            }
            Assert.Equal([root], row);
        }
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 1, 0)]
    [InlineData(16384, 1, 0)]
    [InlineData(16385, 2, 1)]
    [InlineData(49152, 3, 2)]
    [InlineData(65537, 5, 3)]
    [InlineData(1L << 50, 1L << 36, 36)]
    public void Leaves_and_heights_of_lengths(long length, long leaves, int height)
    {
        Assert.Equal(leaves, MerkleTree.LeafCount(length));
        Assert.Equal(height, MerkleTree.Height(leaves));
    }

    [Fact]
    public void Padding_is_hashed_layer_by_layer()
    {
        Assert.Equal(default, MerkleTree.Pad(0));
        Assert.Equal(Sha256Hash.Of(new byte[64]), MerkleTree.Pad(1));
        Assert.Equal(Convert.ToHexStringLower(Naive([], 1024)), MerkleTree.Pad(10).ToString());
    }

    [Fact]
    public void More_hashes_than_fit_are_the_callers_defect() =>
        Assert.Throws<ArgumentException>(() => MerkleTree.Root(Leaves(3), 0, 1));
}
