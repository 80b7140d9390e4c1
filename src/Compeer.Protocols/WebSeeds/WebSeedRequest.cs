namespace Compeer.Protocols.WebSeeds;

/// <summary>A part of one file to be fetched with one GET.</summary>
/// <param name="FileIndex">The file within the torrent.</param>
/// <param name="Url">Where it is.</param>
/// <param name="Offset">First byte within the file.</param>
/// <param name="Length">Bytes, at least 1.</param>
/// <param name="FileLength">Bytes of the whole file, as the torrent says.</param>
public sealed record WebSeedRequest(int FileIndex, Uri Url, long Offset, long Length, long FileLength)
{
    /// <summary>The whole file is asked for, which needs no Range header.</summary>
    public bool IsWholeFile => Offset == 0 && Length == FileLength;
}
