using Compeer.Formats.Torrents;

namespace Compeer.Content.Hashing;

/// <summary>A whole piece in memory, to be compared with its hashes by <see cref="PieceHashers"/>.</summary>
/// <param name="index">Which of the torrent's pieces.</param>
/// <param name="lengthBytes">Its data, without padding.</param>
internal abstract class WholePiece(int index, int lengthBytes)
{
    public int Index { get; } = index;

    public int LengthBytes { get; } = lengthBytes;

    /// <summary>Its data without trailing padding, in parts of 16 KiB; stays as it is until the piece's taker was called.</summary>
    public abstract IReadOnlyList<ReadOnlyMemory<byte>> Content { get; }

    /// <summary>The hashes to compare with; set when it is given to the threads.</summary>
    public Metainfo? Metainfo { get; set; }

    /// <summary>It matches every hash that the torrent has for it; known when the taker is called.</summary>
    public bool IsValid { get; set; }
}
