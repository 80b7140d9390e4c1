using Compeer.Formats.Hashing;

namespace Compeer.Formats.Merkle;

/// <summary>Checks answers to hash requests against a file's root. <see cref="HashTree"/> makes them.</summary>
/// <remarks>Spec: BEP 52, "hash request" and "hashes".</remarks>
public static class HashProof
{
    /// <summary>Whether hashes that a peer sent lead to the root; only then may the first <see cref="HashRange.Length"/> be believed.</summary>
    /// <param name="answer">The range, then one uncle for each layer up to the root.</param>
    /// <param name="range">What was asked, proved to the root.</param>
    /// <param name="treeHeight">Layers from the leaves to the root.</param>
    /// <param name="root">The file's root.</param>
    public static bool Verify(ReadOnlySpan<Sha256Hash> answer, HashRange range, int treeHeight, Sha256Hash root)
    {
        int uncles = Math.Max(0, treeHeight - range.BaseLayer - range.RangeHeight);
        if (!range.IsWellFormed || range.BaseLayer > treeHeight || answer.Length != range.Length + uncles)
            return false;
        if (range.Index > 0 && range.Index + (long)range.Length > 1L << (treeHeight - range.BaseLayer))
            return false;
        if (range.BaseLayer + range.RangeHeight > treeHeight)
            return VerifyWide(answer, range, treeHeight, root);
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
        return hash == root;
    }

    /// <summary>A range wider than the whole tree: its front is the layer, and all behind that must be padding.</summary>
    private static bool VerifyWide(ReadOnlySpan<Sha256Hash> answer, HashRange range, int treeHeight, Sha256Hash root)
    {
        int width = 1 << (treeHeight - range.BaseLayer);
        Sha256Hash pad = MerkleTree.Pad(range.BaseLayer);
        return !answer[width..].ContainsAnyExcept(pad)
            && MerkleTree.Root(answer[..width], range.BaseLayer, treeHeight - range.BaseLayer) == root;
    }
}
