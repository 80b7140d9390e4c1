using System.Collections.Immutable;

namespace Compeer.Formats.Torrents;

/// <summary>A file that is to go into a new torrent.</summary>
/// <param name="Path">Elements below the torrent's folder; the file's own name for a torrent of one file.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsExecutable">Gets attribute x.</param>
public sealed record NewFile(ImmutableArray<string> Path, long Length, bool IsExecutable = false);
