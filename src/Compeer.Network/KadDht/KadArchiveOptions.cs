namespace Compeer.Network.KadDht;

/// <summary>Bounds of a <see cref="KadFileArchive"/>. Worst case: twice <see cref="MaxBytes"/> on the disk while the file is made anew, and 100 bytes of memory an entry.</summary>
public sealed record KadArchiveOptions
{
    /// <summary>Bytes of the file. What does not fit any more is not written, and lost at the next start.</summary>
    public long MaxBytes { get; init; } = 64L << 20;

    /// <summary>Entries: values, providers, and what the node publishes.</summary>
    public int MaxEntries { get; init; } = 65_536;

    /// <summary>Told of what was damaged or could not be written, for a log.</summary>
    public Action<string>? Note { get; init; }
}
