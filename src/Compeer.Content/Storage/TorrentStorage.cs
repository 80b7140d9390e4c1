using Compeer.Formats.Torrents;
using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Storage;

/// <summary>
/// A torrent's files on disk, addressed by piece. Thread-safe; every call blocks, so only disk workers make them.
/// Content of files that nobody ever wanted goes to one sparse side file, so that pieces which straddle a wanted and an
/// unwanted file can still be kept and served; <see cref="Adopt"/> moves it out of there.
/// </summary>
public sealed class TorrentStorage : IDisposable
{
    private readonly Metainfo _metainfo;
    private readonly GuardedPath _root;
    private readonly bool[] _own;
    private readonly string _sidePath;
    private readonly FileHandles _handles = new();
    private readonly FileState[] _states;
    private readonly string?[] _paths;
    private readonly bool _preallocate;
    private readonly ReaderWriterLockSlim _places = new(); // written to while content changes its place

    /// <param name="metainfo">The torrent.</param>
    /// <param name="directory">Where its files lie or shall lie.</param>
    /// <param name="own">One flag a file: it lies, or shall lie, in its own place, not in the side file.</param>
    /// <param name="sidePath">The side file.</param>
    /// <param name="preallocate">Reserve the whole length when a file is made; otherwise files are sparse.</param>
    public TorrentStorage(Metainfo metainfo, string directory, bool[] own, string sidePath, bool preallocate = false)
    {
        _metainfo = metainfo;
        _root = new GuardedPath(directory);
        _own = own;
        _sidePath = sidePath;
        _preallocate = preallocate;
        Layout = new PieceLayout(metainfo);
        _states = new FileState[metainfo.Files.Length];
        _paths = new string?[_states.Length];
        for (int i = 0; i < _states.Length; i++)
            _states[i] = new FileState();
    }

    /// <summary>Which bytes of a piece lie where.</summary>
    public PieceLayout Layout { get; }

    /// <summary>The folder, absolute.</summary>
    public string Directory => _root.Root;

    /// <summary>The file lies in its own place, not in the side file.</summary>
    public bool IsOwn(int fileIndex) => _own[fileIndex];

    /// <summary>The absolute path of a file, checked.</summary>
    /// <exception cref="StorageException">The path is unsafe.</exception>
    public string PathOf(int fileIndex) => _paths[fileIndex] ??= _root.Resolve(_metainfo.Files[fileIndex].SafePath, fileIndex);

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

    /// <summary>Writes consecutive blocks that begin at the start of a piece, each file's part in one vectored call.</summary>
    /// <exception cref="StorageException">The system refuses, or a file changed underneath.</exception>
    public void Write(int piece, IReadOnlyList<ReadOnlyMemory<byte>> blocks)
    {
        int length = 0;
        foreach (ReadOnlyMemory<byte> block in blocks)
            length += block.Length;
        var slices = new List<FileSlice>(4);
        Layout.Slice(piece, 0, length, slices);
        _places.EnterReadLock();
        try
        {
            foreach (FileSlice slice in slices)
            {
                if (!_metainfo.Files[slice.FileIndex].IsPad)
                    WriteSlice(piece, slice, slices.Count == 1 ? blocks : Cut(blocks, slice.PieceOffset, slice.Length));
            }
        }
        finally
        {
            _places.ExitReadLock();
        }
    }

    /// <summary>Fills <paramref name="target"/> from <paramref name="begin"/> of a piece; pad files, and the gaps between the files of a v2 torrent, read as zeros.</summary>
    /// <exception cref="StorageException">The system refuses, or a file is missing, short or changed since we last wrote or checked it.</exception>
    public void Read(int piece, int begin, Memory<byte> target)
    {
        var slices = new List<FileSlice>(4);
        Layout.Slice(piece, begin, target.Length, slices);
        if (slices.Sum(s => s.Length) < target.Length)
            target.Span.Clear();
        _places.EnterReadLock();
        try
        {
            foreach (FileSlice slice in slices)
            {
                Memory<byte> part = target.Slice(slice.PieceOffset - begin, slice.Length);
                if (_metainfo.Files[slice.FileIndex].IsPad)
                    part.Span.Clear();
                else
                    ReadSlice(piece, slice, part);
            }
        }
        finally
        {
            _places.ExitReadLock();
        }
    }

    /// <summary>Fills parts that follow one another from <paramref name="begin"/> of a piece, in one vectored call where one file holds them all.</summary>
    /// <exception cref="StorageException">As above.</exception>
    public void Read(int piece, int begin, IReadOnlyList<Memory<byte>> parts)
    {
        int length = 0;
        for (int i = 0; i < parts.Count; i++)
            length += parts[i].Length;
        if (Layout.TrySlice(piece, begin, length, out FileSlice slice) && !_metainfo.Files[slice.FileIndex].IsPad && TryReadWhole(piece, slice, parts))
            return;
        for (int i = 0; i < parts.Count; begin += parts[i++].Length)
            Read(piece, begin, parts[i]);
    }

    /// <summary>The file as it is on the disk now, or null when it is not there; the empty stamp for files kept in the side file.</summary>
    public FileStamp? StampOnDisk(int fileIndex) =>
        _metainfo.Files[fileIndex].IsPad || !_own[fileIndex] ? default(FileStamp) : FileStamp.Of(PathOf(fileIndex));

    /// <summary>What we last left of a file, or null when we know nothing of it.</summary>
    public FileStamp? KnownStamp(int fileIndex)
    {
        FileState state = _states[fileIndex];
        lock (state)
            return state.Stamp;
    }

    /// <summary>Trusts a file as it is, or forgets it (null).</summary>
    public void SetKnownStamp(int fileIndex, FileStamp? stamp)
    {
        FileState state = _states[fileIndex];
        lock (state)
            state.Stamp = stamp;
    }

    /// <summary>Closes a file so that the next use opens what is there then.</summary>
    public void Reopen(int fileIndex) => _handles.Drop(PathOf(fileIndex));

    /// <summary>Flushes the files of a piece's range to the device.</summary>
    /// <exception cref="StorageException">The flush failed: what was written since the last good one cannot be trusted.</exception>
    public void Flush(IEnumerable<int> fileIndexes)
    {
        foreach (int index in fileIndexes)
        {
            string path = Route(index);
            try
            {
                using FileHandles.Lease lease = Borrow(path, index, write: true);
                RandomAccess.FlushToDisk(lease.Handle);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw StorageException.From(e, index, path);
            }
        }
    }

    /// <summary>
    /// Gives files their own place and takes what there is of them out of the side file, where it stays too. Flushed: afterwards the
    /// journal may say so.
    /// </summary>
    /// <exception cref="StorageException">The system refuses; the files stay where they were, and may be tried again.</exception>
    public void Adopt(IReadOnlyCollection<int> files)
    {
        _places.EnterWriteLock();
        try
        {
            foreach (int file in files.Where(f => !_own[f]))
                Adopt(file);
        }
        finally
        {
            _places.ExitWriteLock();
        }
        Flush(files.Where(f => _metainfo.Files[f].Length > 0));
        CreateEmptyFiles();
    }

    public void Dispose() => _handles.Dispose();

    /// <summary>Of a file that was never wanted only what shares a piece with others can be here: its first piece and its last.</summary>
    private void Adopt(int file)
    {
        var kept = new List<(int Piece, FileSlice Slice, byte[] Content)>();
        (int first, int end) = Layout.PiecesOf(file);
        foreach (int piece in new[] { first, end - 1 }.Distinct().Where(p => p >= 0 && p < end && File.Exists(_sidePath)))
        {
            var slices = new List<FileSlice>(4);
            Layout.Slice(piece, 0, _metainfo.DataLengthAt(piece), slices);
            foreach (FileSlice slice in slices.Where(s => s.FileIndex == file))
            {
                byte[] content = new byte[slice.Length];
                using FileHandles.Lease lease = Borrow(_sidePath, file, write: false);
                int read = RandomAccess.Read(lease.Handle, content, SideOffset(piece, slice));
                if (read > 0)
                    kept.Add((piece, slice with { Length = read }, content[..read]));
            }
        }
        _own[file] = true;
        try
        {
            foreach ((int piece, FileSlice slice, byte[] content) in kept)
                WriteSlice(piece, slice, [content]);
        }
        catch
        {
            _own[file] = false;
            throw;
        }
    }

    private static List<ReadOnlyMemory<byte>> Cut(IReadOnlyList<ReadOnlyMemory<byte>> blocks, int begin, int length)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        int position = 0;
        foreach (ReadOnlyMemory<byte> block in blocks)
        {
            int from = Math.Max(begin, position);
            int to = Math.Min(begin + length, position + block.Length);
            if (from < to)
                parts.Add(block[(from - position)..(to - position)]);
            position += block.Length;
        }
        return parts;
    }

    private void WriteSlice(int piece, FileSlice slice, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        string path = Route(slice.FileIndex);
        bool side = !_own[slice.FileIndex];
        FileState state = _states[slice.FileIndex];
        try
        {
            using FileHandles.Lease lease = Borrow(path, slice.FileIndex, write: true);
            if (!side)
                BeginWrite(slice.FileIndex, state, path);
            try
            {
                // The system lets one writer into a file at a time, and others spin until it is their turn.
                lock (state.Writing)
                    RandomAccess.Write(lease.Handle, parts, side ? SideOffset(piece, slice) : slice.FileOffset);
            }
            finally
            {
                if (!side)
                    EndWrite(state, lease.Handle);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, slice.FileIndex, path);
        }
    }

    private void ReadSlice(int piece, FileSlice slice, Memory<byte> target)
    {
        string path = Route(slice.FileIndex);
        bool side = !_own[slice.FileIndex];
        try
        {
            using FileHandles.Lease lease = Borrow(path, slice.FileIndex, write: false);
            long offset = side ? SideOffset(piece, slice) : slice.FileOffset;
            for (int done = 0; done < target.Length;)
            {
                int read = RandomAccess.Read(lease.Handle, target.Span[done..], offset + done);
                if (read == 0)
                    throw Changed(slice.FileIndex, path, "it is shorter than it was");
                done += read;
            }
            if (!side)
                CheckUnchanged(slice.FileIndex, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, slice.FileIndex, path);
        }
    }

    private bool TryReadWhole(int piece, FileSlice slice, IReadOnlyList<Memory<byte>> parts)
    {
        _places.EnterReadLock();
        try
        {
            return TryReadAtOnce(piece, slice, parts);
        }
        finally
        {
            _places.ExitReadLock();
        }
    }

    /// <summary>False when the system gave less than was asked for, which it may.</summary>
    private bool TryReadAtOnce(int piece, FileSlice slice, IReadOnlyList<Memory<byte>> parts)
    {
        string path = Route(slice.FileIndex);
        bool side = !_own[slice.FileIndex];
        try
        {
            using FileHandles.Lease lease = Borrow(path, slice.FileIndex, write: false);
            if (RandomAccess.Read(lease.Handle, parts, side ? SideOffset(piece, slice) : slice.FileOffset) < slice.Length)
                return false;
            if (!side)
                CheckUnchanged(slice.FileIndex, path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, slice.FileIndex, path);
        }
    }

    private static void BeginWrite(int fileIndex, FileState state, string path)
    {
        lock (state)
        {
            FileStamp? now = FileStamp.Of(path);
            if (now is null)
                throw Changed(fileIndex, path, "it was deleted or moved");
            if (state.Writers == 0 && state.Stamp is { } known && known != now)
                throw Changed(fileIndex, path, "another program wrote to it");
            state.Writers++;
        }
    }

    private static void EndWrite(FileState state, SafeFileHandle handle)
    {
        lock (state)
        {
            state.Writers--;
            state.Stamp = new FileStamp(RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle).Ticks);
        }
    }

    /// <summary>Called after a read, so that bytes written by somebody else before it are noticed before they are used.</summary>
    private void CheckUnchanged(int fileIndex, string path)
    {
        FileState state = _states[fileIndex];
        lock (state)
        {
            if (FileStamp.Of(path) is not { } now)
                throw Changed(fileIndex, path, "it was deleted or moved");
            if (state.Writers == 0 && state.Stamp is { } known && known != now)
                throw Changed(fileIndex, path, "another program wrote to it");
        }
    }

    private static StorageException Changed(int fileIndex, string path, string how) =>
        new(StorageFailure.Changed, fileIndex, $"'{path}' changed underneath: {how}. Its pieces are checked again before anything is served.");

    private string Route(int fileIndex) => _own[fileIndex] ? PathOf(fileIndex) : _sidePath;

    private long SideOffset(int piece, FileSlice slice) => (long)piece * _metainfo.PieceLength + slice.PieceOffset;

    private FileHandles.Lease Borrow(string path, int fileIndex, bool write)
    {
        long length = _own[fileIndex] ? _metainfo.Files[fileIndex].Length : -1;
        return _handles.Borrow(path, write, p => Open(p, fileIndex, length, write));
    }

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
                SetKnownStamp(fileIndex, new FileStamp(length, File.GetLastWriteTimeUtc(handle).Ticks));
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

    private sealed class FileState
    {
        /// <summary>Made for the first writer: most files of most torrents are only read.</summary>
        public Lock Writing => field ?? Interlocked.CompareExchange(ref field, new Lock(), null) ?? field;

        public int Writers { get; set; }

        public FileStamp? Stamp { get; set; }
    }
}
