using System.Collections.Immutable;
using Compeer.Formats.Hashing;

namespace Compeer.Formats.Torrents;

/// <summary>One file of a torrent.</summary>
public sealed record TorrentFile
{
    /// <summary>Index in <see cref="Metainfo.Files"/>.</summary>
    public required int Index { get; init; }

    /// <summary>The path's elements as they stand in the torrent, undecodable bytes replaced; never to be used on a disk.</summary>
    public required ImmutableArray<string> Path { get; init; }

    /// <summary>The path to use on a disk: relative, '/' separated, beginning with the torrent's own folder where it has one; sanitised and unique within the torrent.</summary>
    public required string SafePath { get; init; }

    /// <summary>Length in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>First byte in the space of pieces.</summary>
    public required long Offset { get; init; }

    /// <summary>Zeros that align what follows; never on a disk. Spec: BEP 47.</summary>
    public bool IsPad { get; init; }

    /// <summary>Spec: BEP 47, attribute x.</summary>
    public bool IsExecutable { get; init; }

    /// <summary>Spec: BEP 47, attribute h.</summary>
    public bool IsHidden { get; init; }

    /// <summary>Where a symbolic link points, '/' separated within the torrent; null for files. Spec: BEP 47, attribute l.</summary>
    public string? SymlinkTarget { get; init; }

    /// <summary>Root of the file's Merkle tree; null in v1 torrents and for empty files.</summary>
    public Sha256Hash? PiecesRoot { get; init; }
}
