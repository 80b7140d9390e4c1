using System.Runtime.InteropServices;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;

namespace Compeer.Content.Hashing;

/// <summary>Compares pieces with every hash that their torrents have for them. Single-threaded but for what is static.</summary>
internal sealed class PieceVerifier
{
    private static readonly byte[] Zeros = new byte[MerkleTree.LeafBytes];

    private readonly List<IReadOnlyList<ReadOnlyMemory<byte>>> _padded = [];
    private readonly List<ReadOnlyMemory<byte>> _blocks = [];
    private readonly List<int> _leafCounts = [];
    private Sha1Hash[] _sha1 = [];
    private Sha256Hash[] _leaves = [];

    /// <summary>Says of each piece whether it is right. A hybrid's must match both its hashes; one whose piece layer is unknown counts by v1 alone.</summary>
    public void Verify(List<WholePiece> pieces)
    {
        foreach (WholePiece piece in pieces)
        {
            Metainfo metainfo = piece.Metainfo!;
            if (metainfo.InfoHashes.V1 is not null)
                _padded.Add(Padded(piece.Content, metainfo.PieceLengthAt(piece.Index)));
            bool hasV2 = metainfo.InfoHashes.V2 is not null && metainfo.TryGetV2Piece(piece.Index, out _, out _);
            _leafCounts.Add(hasV2 ? piece.Content.Count : 0);
            if (hasV2)
                _blocks.AddRange(piece.Content);
        }
        Span<Sha256Hash> leaves = Room(ref _leaves, _blocks.Count);
        Span<Sha1Hash> sha1 = Room(ref _sha1, _padded.Count);
        HashLanes.Best.Sha256(CollectionsMarshal.AsSpan(_blocks), leaves);
        HashLanes.Best.Sha1(CollectionsMarshal.AsSpan(_padded), sha1);
        for (int i = 0; i < pieces.Count; i++)
        {
            WholePiece piece = pieces[i];
            bool hasV1 = piece.Metainfo!.InfoHashes.V1 is not null;
            piece.IsValid = Matches(piece.Metainfo, piece.Index, hasV1 ? sha1[0] : default, leaves[.._leafCounts[i]]);
            sha1 = sha1[(hasV1 ? 1 : 0)..];
            leaves = leaves[_leafCounts[i]..];
        }
        _padded.Clear();
        _blocks.Clear();
        _leafCounts.Clear();
    }

    /// <summary>
    /// Whether a piece is right, by hashes that were computed already: SHA-1 over the padded piece, SHA-256 of each 16 KiB of its data. Without
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

    private static Span<T> Room<T>(ref T[] array, int count)
    {
        if (array.Length < count)
            array = new T[count];
        return array.AsSpan(0, count);
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
