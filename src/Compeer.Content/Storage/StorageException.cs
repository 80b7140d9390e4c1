namespace Compeer.Content.Storage;

/// <summary>What the disk refused, in the kinds that need different answers.</summary>
public enum StorageFailure
{
    /// <summary>No room: the torrent waits and goes on when there is some.</summary>
    DiskFull,

    /// <summary>A file is not as we left it: its pieces count no longer until they are hashed again.</summary>
    Changed,

    /// <summary>A path would leave the torrent's folder, or a link stands where a file should.</summary>
    UnsafePath,

    /// <summary>The system does not let us read or write there.</summary>
    Denied,

    /// <summary>The device failed.</summary>
    Failed,
}

/// <summary>A disk operation failed for a reason outside this program.</summary>
public sealed class StorageException : IOException
{
    public StorageException()
    {
    }

    public StorageException(string message)
        : base(message)
    {
    }

    public StorageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <param name="failure">The kind.</param>
    /// <param name="fileIndex">Index in the torrent of the file concerned, or -1.</param>
    /// <param name="message">Thing, cause and next step.</param>
    /// <param name="inner">What the system said.</param>
    public StorageException(StorageFailure failure, int fileIndex, string message, Exception? inner = null)
        : base(message, inner)
    {
        Failure = failure;
        FileIndex = fileIndex;
    }

    /// <summary>The kind.</summary>
    public StorageFailure Failure { get; } = StorageFailure.Failed;

    /// <summary>Index in the torrent of the file concerned, or -1.</summary>
    public int FileIndex { get; } = -1;

    /// <summary>Sorts what the system threw for <paramref name="path"/> into our kinds.</summary>
    public static StorageException From(Exception e, int fileIndex, string path)
    {
        const int noSpace = 28;
        const int quota = 122;
        const int windowsDiskFull = unchecked((int)0x80070070);
        return e switch
        {
            StorageException already => already,
            UnauthorizedAccessException => new(StorageFailure.Denied, fileIndex, $"'{path}' cannot be opened: permission denied. Check who owns the folder.", e),
            FileNotFoundException or DirectoryNotFoundException => new(StorageFailure.Changed, fileIndex, $"'{path}' is gone: it was moved or deleted.", e),
            IOException io when io.HResult is noSpace or quota or windowsDiskFull => new(StorageFailure.DiskFull, fileIndex, $"No room on the disk for '{path}'. Free some space; the download goes on by itself.", e),
            _ => new(StorageFailure.Failed, fileIndex, $"'{path}': {e.Message}", e),
        };
    }
}
