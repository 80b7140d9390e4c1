using System.Numerics;
using Compeer.Formats.Hashing;

namespace Compeer.Formats.Merkle;

/// <summary>
/// Binary SHA-256 trees over 16 KiB leaves, as v2 torrents use them: leaves beyond the end of a file are zero, and the
/// width is a power of two. A layer's number is its distance from the leaves.
/// </summary>
/// <remarks>Spec: BEP 52, "pieces root".</remarks>
public static class MerkleTree
{
    /// <summary>Bytes under one leaf.</summary>
    public const int LeafBytes = 16 * 1024;

    private static readonly Sha256Hash[] Pads = MakePads();

    /// <summary>The hash at a layer of a subtree whose leaves are all beyond the end. Layers 0..63.</summary>
    public static Sha256Hash Pad(int layer) => Pads[layer];

    /// <summary>Leaves of a length in bytes; an empty file has none.</summary>
    public static long LeafCount(long lengthBytes) => (lengthBytes + LeafBytes - 1) / LeafBytes;

    /// <summary>Data cut into what each leaf hashes.</summary>
    public static ReadOnlyMemory<byte>[] Leaves(ReadOnlyMemory<byte> data)
    {
        var leaves = new ReadOnlyMemory<byte>[LeafCount(data.Length)];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = data[(i * LeafBytes)..Math.Min((i + 1) * LeafBytes, data.Length)];
        return leaves;
    }

    /// <summary>The number of layers above <paramref name="width"/> hashes: log2 of the width rounded up to a power of two.</summary>
    public static int Height(long width) => width <= 1 ? 0 : BitOperations.Log2((ulong)(width - 1)) + 1;

    /// <summary>
    /// The root over consecutive hashes of one layer.
    /// </summary>
    /// <param name="hashes">Those that are there; missing ones at the end count as padding.</param>
    /// <param name="layer">Their layer.</param>
    /// <param name="height">Layers from there to the root; the tree is 2^height wide.</param>
    /// <exception cref="ArgumentException">More hashes than the width.</exception>
    public static Sha256Hash Root(ReadOnlySpan<Sha256Hash> hashes, int layer, int height)
    {
        if (hashes.Length > 1L << height)
            throw new ArgumentException("There are more hashes than the tree is wide.", nameof(hashes));
        if (hashes.IsEmpty)
            return Pad(layer + height);
        Sha256Hash[] row = new Sha256Hash[hashes.Length + 1];
        hashes.CopyTo(row);
        int count = hashes.Length;
        for (int up = 0; up < height; up++)
            count = Reduce(row, count, layer + up);
        return row[0];
    }

    /// <summary>The layer above: each two neighbours hashed, an odd last one with padding.</summary>
    public static Sha256Hash[] Parents(ReadOnlySpan<Sha256Hash> hashes, int layer)
    {
        Sha256Hash[] row = new Sha256Hash[hashes.Length + 1];
        hashes.CopyTo(row);
        int count = Reduce(row, hashes.Length, layer);
        return row[..count];
    }

    private static int Reduce(Sha256Hash[] row, int count, int layer)
    {
        if (count % 2 != 0)
            row[count++] = Pad(layer);
        HashLanes.Best.Sha256Pairs(row.AsSpan(0, count), row);
        return count / 2;
    }

    private static Sha256Hash[] MakePads()
    {
        var pads = new Sha256Hash[64];
        Span<byte> pair = stackalloc byte[2 * Sha256Hash.LengthBytes];
        for (int i = 1; i < pads.Length; i++)
        {
            pads[i - 1].AsSpan().CopyTo(pair);
            pads[i - 1].AsSpan().CopyTo(pair[Sha256Hash.LengthBytes..]);
            pads[i] = Sha256Hash.Of(pair);
        }
        return pads;
    }
}
