using Compeer.Formats.Hashing;

namespace Compeer.Formats.Merkle;

/// <summary>Answers and checks requests for hashes of one file's tree.</summary>
/// <remarks>Spec: BEP 52, "hash request" and "hashes".</remarks>
public static class HashProof
{
    /// <summary>
    /// The hashes that answer a request: the range, then the uncles upwards. Null when the request goes beyond the tree.
    /// </summary>
    /// <param name="layerHashes">All hashes of the file's tree at <see cref="HashRange.BaseLayer"/>, without padding.</param>
    /// <param name="range">A well-formed request.</param>
    /// <param name="treeHeight">Layers from the leaves to the root.</param>
    public static Sha256Hash[]? Build(ReadOnlySpan<Sha256Hash> layerHashes, HashRange range, int treeHeight)
    {
        long width = 1L << Math.Max(0, treeHeight - range.BaseLayer);
        if (!range.IsWellFormed || range.BaseLayer > treeHeight || range.Index + (long)range.Length > Math.Max(width, range.Length) || range.Index >= layerHashes.Length)
            return null;
        int uncles = Math.Min(range.UncleCount, Math.Max(0, treeHeight - range.BaseLayer - range.RangeHeight));
        var answer = new Sha256Hash[range.Length + uncles];
        for (int i = 0; i < range.Length; i++)
            answer[i] = HashAt(layerHashes, range.Index + i, range.BaseLayer);
        Sha256Hash[] row = layerHashes.ToArray();
        int layer = range.BaseLayer;
        for (; layer < range.BaseLayer + range.RangeHeight; layer++)
            row = MerkleTree.Parents(row, layer);
        int position = range.Index / range.Length;
        for (int i = 0; i < uncles; i++, layer++, position /= 2)
        {
            answer[range.Length + i] = HashAt(row, position ^ 1, layer);
            row = MerkleTree.Parents(row, layer);
        }
        return answer;
    }

    /// <summary>Whether hashes that a peer sent lead to the root; only then may the first <see cref="HashRange.Length"/> be believed.</summary>
    public static bool Verify(ReadOnlySpan<Sha256Hash> answer, HashRange range, int treeHeight, Sha256Hash root)
    {
        int uncles = Math.Max(0, treeHeight - range.BaseLayer - range.RangeHeight);
        if (!range.IsWellFormed || answer.Length != range.Length + uncles)
            return false;
        Sha256Hash hash = MerkleTree.Root(answer[..range.Length], range.BaseLayer, range.RangeHeight);
        int position = range.Index / range.Length;
        Span<Sha256Hash> pair = stackalloc Sha256Hash[2];
        foreach (Sha256Hash uncle in answer[range.Length..])
        {
            pair[position & 1] = hash;
            pair[~position & 1] = uncle;
            HashLanes.Best.Sha256Pairs(pair, pair);
            hash = pair[0];
            position /= 2;
        }
        // A range wider than the whole tree is padding above the root; compare at the root's own height.
        return range.BaseLayer + range.RangeHeight <= treeHeight
            ? hash == root
            : MerkleTree.Root(answer[..(1 << (treeHeight - range.BaseLayer))], range.BaseLayer, treeHeight - range.BaseLayer) == root;
    }

    private static Sha256Hash HashAt(ReadOnlySpan<Sha256Hash> row, int index, int layer) =>
        index < row.Length ? row[index] : MerkleTree.Pad(layer);
}
