using Compeer.Formats.Torrents;
using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Storage;

/// <summary>Where the content of each file of a torrent lies, in its own place or in the side file, and the handles of what is open there. Thread-safe, but for <see cref="SetOwn"/>.</summary>
internal sealed class FilePlaces : IDisposable
{
    private readonly Metainfo _metainfo;
    private readonly GuardedPath _root;
    private readonly bool[] _own;
    private readonly string?[] _paths;
    private readonly bool _preallocate;
    private readonly FileStamps _stamps;
    private readonly FileHandles _handles = new();

    /// <param name="metainfo">The torrent.</param>
    /// <param name="directory">Where its files lie or shall lie.</param>
    /// <param name="own">One flag a file: it has its own place. Taken over.</param>
    /// <param name="sidePath">The side file.</param>
    /// <param name="preallocate">Reserve the whole length when a file is made; otherwise files are sparse.</param>
    /// <param name="stamps">Told of files that are made or given their length.</param>
    public FilePlaces(Metainfo metainfo, string directory, bool[] own, string sidePath, bool preallocate, FileStamps stamps)
    {
        _metainfo = metainfo;
        _root = new GuardedPath(directory);
        _own = own;
        SidePath = sidePath;
        _preallocate = preallocate;
        _stamps = stamps;
        _paths = new string?[metainfo.Files.Length];
    }

    /// <summary>The side file.</summary>
    public string SidePath { get; }

    /// <summary>The folder, absolute.</summary>
    public string Directory => _root.Root;

    /// <summary>The file lies in its own place, not in the side file.</summary>
    public bool IsOwn(int fileIndex) => _own[fileIndex];

    /// <summary>Changes where a file lies from now on; nothing of it is moved. Nobody reads or writes meanwhile.</summary>
    public void SetOwn(int fileIndex, bool own) => _own[fileIndex] = own;

    /// <summary>The absolute path of a file's own place, checked.</summary>
    /// <exception cref="StorageException">The path is unsafe.</exception>
    public string PathOf(int fileIndex) => _paths[fileIndex] ??= _root.Resolve(_metainfo.Files[fileIndex].SafePath, fileIndex);

    /// <summary>Where the content of a file lies now.</summary>
    /// <exception cref="StorageException">The path is unsafe.</exception>
    public string Route(int fileIndex) => _own[fileIndex] ? PathOf(fileIndex) : SidePath;

    /// <summary>Where a slice begins in the file that <see cref="Route"/> leads to.</summary>
    public long OffsetOf(int piece, FileSlice slice) =>
        _own[slice.FileIndex] ? slice.FileOffset : ((long)piece * _metainfo.PieceLength) + slice.PieceOffset;

    /// <summary>Makes the empty files that are to be there.</summary>
    /// <exception cref="StorageException">The system refuses.</exception>
    public void CreateEmptyFiles()
    {
        foreach (TorrentFile file in _metainfo.Files)
        {
            if (file.Length != 0 || file.IsPad || file.SymlinkTarget is not null || !_own[file.Index])
                continue;
            string path = PathOf(file.Index);
            if (File.Exists(path))
                continue;
            using SafeFileHandle made = Open(path, file.Index, 0, write: true);
        }
    }

    /// <summary>Closes a file so that the next use opens what is there then.</summary>
    public void Reopen(int fileIndex) => _handles.Drop(PathOf(fileIndex));

    /// <summary>A handle of a path for a file's content, opened if need be, and made if it is to be written to.</summary>
    /// <exception cref="StorageException">A link is on the way, or the folder cannot be made.</exception>
    /// <exception cref="IOException">The system refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public FileHandles.Lease Borrow(string path, int fileIndex, bool write)
    {
        long length = _own[fileIndex] ? _metainfo.Files[fileIndex].Length : -1;
        return _handles.Borrow(path, write, p => Open(p, fileIndex, length, write));
    }

    public void Dispose() => _handles.Dispose();

    private SafeFileHandle Open(string path, int fileIndex, long length, bool write)
    {
        if (length >= 0)
            _root.RefuseLinks(path, fileIndex);
        if (!write)
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        MakeFolder(Path.GetDirectoryName(path)!, fileIndex);
        bool fresh = !File.Exists(path);
        SafeFileHandle handle = fresh && _preallocate && length > 0
            ? File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.None, length)
            : File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            if (length >= 0 && RandomAccess.GetLength(handle) != length)
            {
                RandomAccess.SetLength(handle, length);
                _stamps[fileIndex] = new FileStamp(length, File.GetLastWriteTimeUtc(handle).Ticks);
            }
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void MakeFolder(string folder, int fileIndex)
    {
        try
        {
            System.IO.Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageFailure.Denied, fileIndex, $"The folder '{folder}' cannot be made: {e.Message} Choose another with --dir.", e);
        }
    }
}
