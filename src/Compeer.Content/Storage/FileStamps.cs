using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Storage;

/// <summary>How each file of a torrent was left when it was last written or checked, by which the writes of other programs are noticed. Thread-safe.</summary>
/// <param name="files">How many files there are.</param>
internal sealed class FileStamps(int files)
{
    private readonly FileState[] _states = NewStates(files);

    /// <summary>Held while a file is written to: the system lets one writer into a file at a time, and others spin until it is their turn.</summary>
    public Lock WritingOf(int fileIndex) => _states[fileIndex].Writing;

    /// <summary>What we last left of a file, or null when we know nothing of it.</summary>
    public FileStamp? this[int fileIndex]
    {
        get
        {
            FileState state = _states[fileIndex];
            lock (state)
                return state.Stamp;
        }

        set
        {
            FileState state = _states[fileIndex];
            lock (state)
                state.Stamp = value;
        }
    }

    /// <summary>Called before a write to a file that is open.</summary>
    /// <exception cref="StorageException">It is gone, or another program wrote to it.</exception>
    public void BeginWrite(int fileIndex, string path)
    {
        FileState state = _states[fileIndex];
        lock (state)
        {
            state.Check(fileIndex, path);
            state.Writers++;
        }
    }

    /// <summary>Called after each write that began.</summary>
    public void EndWrite(int fileIndex, SafeFileHandle handle)
    {
        FileState state = _states[fileIndex];
        lock (state)
        {
            state.Writers--;
            state.Stamp = new FileStamp(RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle).Ticks);
        }
    }

    /// <summary>Called after a read, so that bytes written by somebody else before it are noticed before they are used.</summary>
    /// <exception cref="StorageException">The file is gone, or another program wrote to it.</exception>
    public void CheckUnchanged(int fileIndex, string path)
    {
        FileState state = _states[fileIndex];
        lock (state)
            state.Check(fileIndex, path);
    }

    /// <summary>What is thrown for a file that is not as it was left.</summary>
    public static StorageException Changed(int fileIndex, string path, string how) =>
        new(StorageFailure.Changed, fileIndex, $"'{path}' changed underneath: {how}. Its pieces are checked again before anything is served.");

    private static FileState[] NewStates(int files)
    {
        var states = new FileState[files];
        for (int i = 0; i < files; i++)
            states[i] = new FileState();
        return states;
    }

    private sealed class FileState
    {
        /// <summary>Made for the first writer: most files of most torrents are only read.</summary>
        public Lock Writing => field ?? Interlocked.CompareExchange(ref field, new Lock(), null) ?? field;

        public int Writers { get; set; }

        public FileStamp? Stamp { get; set; }

        public void Check(int fileIndex, string path)
        {
            if (FileStamp.Of(path) is not { } now)
                throw Changed(fileIndex, path, "it was deleted or moved");
            if (Writers == 0 && Stamp is { } known && known != now)
                throw Changed(fileIndex, path, "another program wrote to it");
        }
    }
}
