namespace Compeer.Content.Storage;

/// <summary>What a file looked like when its content was last known: a difference means that somebody else wrote.</summary>
/// <param name="LengthBytes">Length.</param>
/// <param name="ModifiedTicks">Modification time, UTC, in units of 100 ns; as fine as the file system keeps it.</param>
public readonly record struct FileStamp(long LengthBytes, long ModifiedTicks)
{
    /// <summary>The stamp of a path, or null when no file is there.</summary>
    public static FileStamp? Of(string path)
    {
        var info = new FileInfo(path);
        return info.Exists ? new FileStamp(info.Length, info.LastWriteTimeUtc.Ticks) : null;
    }
}
