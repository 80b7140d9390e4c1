using Compeer.Formats.Bencoding;

namespace Compeer.Formats.Torrents;

/// <summary>What a torrent may ask of us. Worst-case memory at the defaults: the file, 60 MB of tokens, 300 bytes a file and 4 times <see cref="MaxPathBytes"/>.</summary>
public sealed record MetainfoLimits
{
    /// <summary>The defaults.</summary>
    public static MetainfoLimits Default { get; } = new();

    /// <summary>Decoder limits.</summary>
    public BencodeLimits Bencode { get; init; } = BencodeLimits.Default;

    /// <summary>Pieces.</summary>
    public int MaxPieces { get; init; } = 2_097_152;

    /// <summary>Files, pad files included.</summary>
    public int MaxFiles { get; init; } = 500_000;

    /// <summary>Bytes of a piece.</summary>
    public int MaxPieceLength { get; init; } = 512 << 20;

    /// <summary>Elements of a path.</summary>
    public int MaxPathElements { get; init; } = 100;

    /// <summary>Bytes of one path: what the usual systems can open.</summary>
    public int MaxPathLength { get; init; } = 4096;

    /// <summary>
    /// Bytes of all paths, each element counted with 16 more: a v2 tree says a folder's name once for all that is in it,
    /// so a small torrent could otherwise take any amount of memory.
    /// </summary>
    public int MaxPathBytes { get; init; } = 64 << 20;

    /// <summary>Bytes in all.</summary>
    public long MaxTotalLength { get; init; } = 1L << 50;

    /// <summary>Trackers and web seeds, each.</summary>
    public int MaxUrls { get; init; } = 500;
}
