using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;

namespace Compeer.Content.Hashing;

/// <summary>Compares a piece's bytes with every hash the torrent has for it. Thread-safe.</summary>
internal static class PieceVerifier
{
    private static readonly byte[] Zeros = new byte[MerkleTree.LeafBytes];

    /// <summary>Whether the bytes are right. A hybrid's must match both its hashes; one whose piece layer is unknown counts by v1 alone.</summary>
    /// <param name="metainfo">The torrent.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="blocks">Its data without trailing padding, in parts of 16 KiB.</param>
    public static bool IsValid(Metainfo metainfo, int piece, IReadOnlyList<ReadOnlyMemory<byte>> blocks)
    {
        Sha256Hash[] leaves = metainfo.InfoHashes.V2 is not null && metainfo.TryGetV2Piece(piece, out _, out _) ? Leaves(blocks) : [];
        Sha1Hash sha1 = default;
        if (metainfo.InfoHashes.V1 is not null)
            HashLanes.Best.Sha1([Padded(blocks, metainfo.PieceLengthAt(piece))], new Span<Sha1Hash>(ref sha1));
        return Matches(metainfo, piece, sha1, leaves);
    }

    /// <summary>
    /// The same by hashes that were computed already: SHA-1 over the padded piece, SHA-256 of each 16 KiB of its data. Without
    /// the latter v2 is not looked at: the piece layer may have come while the piece was hashed without it.
    /// </summary>
    public static bool Matches(Metainfo metainfo, int piece, Sha1Hash sha1, ReadOnlySpan<Sha256Hash> leaves)
    {
        bool checkedByAny = false;
        if (!leaves.IsEmpty && metainfo.TryGetV2Piece(piece, out Sha256Hash root, out int height))
        {
            if (MerkleTree.Root(leaves, 0, height) != root)
                return false;
            checkedByAny = true;
        }
        return metainfo.InfoHashes.V1 is null ? checkedByAny : sha1 == metainfo.GetV1PieceHash(piece);
    }

    /// <summary>SHA-256 of each block.</summary>
    public static Sha256Hash[] Leaves(IReadOnlyList<ReadOnlyMemory<byte>> blocks)
    {
        var leaves = new Sha256Hash[blocks.Count];
        HashLanes.Best.Sha256(blocks as ReadOnlyMemory<byte>[] ?? [.. blocks], leaves);
        return leaves;
    }

    /// <summary>v1 hashes the padding behind a file too.</summary>
    private static IReadOnlyList<ReadOnlyMemory<byte>> Padded(IReadOnlyList<ReadOnlyMemory<byte>> blocks, int length)
    {
        int missing = length;
        foreach (ReadOnlyMemory<byte> block in blocks)
            missing -= block.Length;
        if (missing == 0)
            return blocks;
        return [.. blocks, .. Padding(missing)];
    }

    /// <summary>So many zero bytes, in parts of at most 16 KiB.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Padding(int lengthBytes)
    {
        for (; lengthBytes > 0; lengthBytes -= Zeros.Length)
            yield return Zeros.AsMemory(0, Math.Min(lengthBytes, Zeros.Length));
    }
}
