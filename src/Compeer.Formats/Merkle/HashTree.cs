using Compeer.Formats.Hashing;

namespace Compeer.Formats.Merkle;

/// <summary>
/// All layers of one file's tree from some layer up to the root, so that an answer to a hash request costs no hashing.
/// Immutable. Memory: 64 bytes for each hash of the lowest layer.
/// </summary>
/// <remarks>Spec: BEP 52, "hash request" and "hashes".</remarks>
public sealed class HashTree
{
    private readonly Sha256Hash[][] _rows;

    /// <param name="hashes">The hashes of the lowest layer, without padding; copied.</param>
    /// <param name="lowestLayer">That layer; 0 is the leaves.</param>
    /// <param name="height">The root's layer.</param>
    /// <exception cref="ArgumentException">No hashes, or more than such a tree is wide.</exception>
    public HashTree(ReadOnlySpan<Sha256Hash> hashes, int lowestLayer, int height)
    {
        if (hashes.IsEmpty || lowestLayer < 0 || lowestLayer > height || hashes.Length > 1L << (height - lowestLayer))
            throw new ArgumentException("The hashes do not fit a tree of this height.", nameof(hashes));
        LowestLayer = lowestLayer;
        Height = height;
        _rows = new Sha256Hash[height - lowestLayer + 1][];
        _rows[0] = hashes.ToArray();
        for (int i = 1; i < _rows.Length; i++)
            _rows[i] = MerkleTree.Parents(_rows[i - 1], lowestLayer + i - 1);
    }

    /// <summary>The lowest layer that is known.</summary>
    public int LowestLayer { get; }

    /// <summary>The root's layer: layers from the leaves up to it.</summary>
    public int Height { get; }

    /// <summary>The root.</summary>
    public Sha256Hash Root => _rows[^1][0];

    /// <summary>
    /// The hashes that answer a request: the range, then the uncles upwards. Null when it asks for a layer below the
    /// lowest, for hashes beyond the tree, or for nothing but padding.
    /// </summary>
    public Sha256Hash[]? Answer(HashRange range)
    {
        if (!range.IsWellFormed || range.BaseLayer < LowestLayer || range.BaseLayer > Height)
            return null;
        long width = 1L << (Height - range.BaseLayer);
        if (range.Index >= Row(range.BaseLayer).Length || (range.Index > 0 && range.Index + (long)range.Length > width))
            return null;
        var answer = new Sha256Hash[range.Length + UncleCount(range)];
        for (int i = 0; i < range.Length; i++)
            answer[i] = HashAt(range.BaseLayer, range.Index + i);
        AddUncles(answer.AsSpan(range.Length), range.BaseLayer + range.RangeHeight, range.Index / range.Length);
        return answer;
    }

    /// <summary>
    /// The answer to a request below <see cref="LowestLayer"/>, from the hashes at the request's layer under one hash of
    /// the lowest layer, which covers the whole range: leaves of one piece, proved through the piece layer. Null when the
    /// range does not lie under that one hash.
    /// </summary>
    /// <param name="range">The request.</param>
    /// <param name="hashesBelow">All hashes at the request's layer under that one hash, without padding.</param>
    public Sha256Hash[]? AnswerBelow(HashRange range, ReadOnlySpan<Sha256Hash> hashesBelow)
    {
        int depth = LowestLayer - range.BaseLayer;
        if (!range.IsWellFormed || depth < range.RangeHeight || hashesBelow.IsEmpty || hashesBelow.Length > 1L << depth)
            return null;
        int position = range.Index >> depth;
        if (position >= Row(LowestLayer).Length)
            return null;
        var below = new HashTree(hashesBelow, range.BaseLayer, LowestLayer);
        Sha256Hash[]? lower = below.Answer(range with { Index = range.Index & ((1 << depth) - 1), ProofLayers = Math.Min(range.ProofLayers, depth - 1) });
        if (lower is null)
            return null;
        var answer = new Sha256Hash[range.Length + UncleCount(range)];
        lower.CopyTo(answer, 0);
        if (answer.Length > lower.Length)
            AddUncles(answer.AsSpan(lower.Length), LowestLayer, position);
        return answer;
    }

    private int UncleCount(HashRange range) => Math.Min(range.UncleCount, Math.Max(0, Height - range.BaseLayer - range.RangeHeight));

    private void AddUncles(Span<Sha256Hash> uncles, int layer, int position)
    {
        for (int i = 0; i < uncles.Length; i++, layer++, position /= 2)
            uncles[i] = HashAt(layer, position ^ 1);
    }

    private Sha256Hash[] Row(int layer) => _rows[layer - LowestLayer];

    private Sha256Hash HashAt(int layer, int index)
    {
        Sha256Hash[] row = Row(layer);
        return index < row.Length ? row[index] : MerkleTree.Pad(layer);
    }
}
