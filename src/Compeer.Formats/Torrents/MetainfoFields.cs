using System.Collections.Immutable;

namespace Compeer.Formats.Torrents;

/// <summary>The parsed content of a torrent, before it has behaviour.</summary>
internal sealed record MetainfoFields
{
    public required InfoHashes InfoHashes { get; init; }

    public required string Name { get; init; }

    /// <summary>The name as it stands, undecodable bytes replaced.</summary>
    public required string OriginalName { get; init; }

    public required int PieceLength { get; init; }

    public required int PieceCount { get; init; }

    public required ImmutableArray<TorrentFile> Files { get; init; }

    /// <summary>End of the last file in the space of pieces.</summary>
    public required long TotalLength { get; init; }

    /// <summary>SHA-1 hashes, 20 bytes each; empty without a v1 part.</summary>
    public ReadOnlyMemory<byte> V1Pieces { get; init; }

    public required ReadOnlyMemory<byte> InfoBytes { get; init; }

    public bool IsPrivate { get; init; }

    public string? Source { get; init; }

    public ImmutableArray<ImmutableArray<string>> TrackerTiers { get; init; } = [];

    public ImmutableArray<string> WebSeeds { get; init; } = [];

    public ImmutableArray<NodeAddress> Nodes { get; init; } = [];

    public string? Comment { get; init; }

    public string? CreatedBy { get; init; }

    public DateTimeOffset? CreationDate { get; init; }

    public ImmutableArray<string> Problems { get; init; } = [];
}
