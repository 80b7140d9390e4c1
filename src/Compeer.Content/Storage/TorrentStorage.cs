using Compeer.Formats.Torrents;

namespace Compeer.Content.Storage;

/// <summary>
/// A torrent's files on disk, addressed by piece. Thread-safe; every call blocks, so only disk workers make them.
/// Content of files that nobody ever wanted goes to one sparse side file, so that pieces which straddle a wanted and an
/// unwanted file can still be kept and served; <see cref="Adopt"/> moves it out of there.
/// </summary>
public sealed class TorrentStorage : IDisposable
{
    private readonly Metainfo _metainfo;
    private readonly FileStamps _stamps;
    private readonly FilePlaces _files;
    private readonly ReaderWriterLockSlim _places = new(); // written to while content changes its place

    /// <param name="metainfo">The torrent.</param>
    /// <param name="directory">Where its files lie or shall lie.</param>
    /// <param name="own">One flag a file: it lies, or shall lie, in its own place, not in the side file.</param>
    /// <param name="sidePath">The side file.</param>
    /// <param name="preallocate">Reserve the whole length when a file is made; otherwise files are sparse.</param>
    public TorrentStorage(Metainfo metainfo, string directory, bool[] own, string sidePath, bool preallocate = false)
    {
        _metainfo = metainfo;
        _stamps = new FileStamps(metainfo.Files.Length);
        _files = new FilePlaces(metainfo, directory, own, sidePath, preallocate, _stamps);
        Layout = new PieceLayout(metainfo);
    }

    /// <summary>Which bytes of a piece lie where.</summary>
    public PieceLayout Layout { get; }

    /// <summary>The folder, absolute.</summary>
    public string Directory => _files.Directory;

    /// <summary>The file lies in its own place, not in the side file.</summary>
    public bool IsOwn(int fileIndex) => _files.IsOwn(fileIndex);

    /// <summary>The absolute path of a file, checked.</summary>
    /// <exception cref="StorageException">The path is unsafe.</exception>
    public string PathOf(int fileIndex) => _files.PathOf(fileIndex);

    /// <summary>Makes the empty files that are to be there.</summary>
    /// <exception cref="StorageException">The system refuses.</exception>
    public void CreateEmptyFiles() => _files.CreateEmptyFiles();

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
        _metainfo.Files[fileIndex].IsPad || !IsOwn(fileIndex) ? default(FileStamp) : FileStamp.Of(PathOf(fileIndex));

    /// <summary>What we last left of a file, or null when we know nothing of it.</summary>
    public FileStamp? KnownStamp(int fileIndex) => _stamps[fileIndex];

    /// <summary>Trusts a file as it is, or forgets it (null).</summary>
    public void SetKnownStamp(int fileIndex, FileStamp? stamp) => _stamps[fileIndex] = stamp;

    /// <summary>Closes a file so that the next use opens what is there then.</summary>
    public void Reopen(int fileIndex) => _files.Reopen(fileIndex);

    /// <summary>Flushes the files of a piece's range to the device.</summary>
    /// <exception cref="StorageException">The flush failed: what was written since the last good one cannot be trusted.</exception>
    public void Flush(IEnumerable<int> fileIndexes)
    {
        foreach (int index in fileIndexes)
        {
            string path = _files.Route(index);
            try
            {
                using FileHandles.Lease lease = _files.Borrow(path, index, write: true);
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
            foreach (int file in files.Where(f => !_files.IsOwn(f)))
                Adopt(file);
        }
        finally
        {
            _places.ExitWriteLock();
        }
        Flush(files.Where(f => _metainfo.Files[f].Length > 0));
        CreateEmptyFiles();
    }

    public void Dispose() => _files.Dispose();

    /// <summary>Of a file that was never wanted only what shares a piece with others can be here: its first piece and its last.</summary>
    private void Adopt(int file)
    {
        var kept = new List<(int Piece, FileSlice Slice, byte[] Content)>();
        (int first, int end) = Layout.PiecesOf(file);
        foreach (int piece in new[] { first, end - 1 }.Distinct().Where(p => p >= 0 && p < end && File.Exists(_files.SidePath)))
        {
            var slices = new List<FileSlice>(4);
            Layout.Slice(piece, 0, _metainfo.DataLengthAt(piece), slices);
            foreach (FileSlice slice in slices.Where(s => s.FileIndex == file))
            {
                byte[] content = new byte[slice.Length];
                using FileHandles.Lease lease = _files.Borrow(_files.SidePath, file, write: false);
                int read = RandomAccess.Read(lease.Handle, content, _files.OffsetOf(piece, slice));
                if (read > 0)
                    kept.Add((piece, slice with { Length = read }, content[..read]));
            }
        }
        _files.SetOwn(file, true);
        try
        {
            foreach ((int piece, FileSlice slice, byte[] content) in kept)
                WriteSlice(piece, slice, [content]);
        }
        catch
        {
            _files.SetOwn(file, false);
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
        string path = _files.Route(slice.FileIndex);
        bool isOwn = _files.IsOwn(slice.FileIndex);
        try
        {
            using FileHandles.Lease lease = _files.Borrow(path, slice.FileIndex, write: true);
            if (isOwn)
                _stamps.BeginWrite(slice.FileIndex, path);
            try
            {
                lock (_stamps.WritingOf(slice.FileIndex))
                    RandomAccess.Write(lease.Handle, parts, _files.OffsetOf(piece, slice));
            }
            finally
            {
                if (isOwn)
                    _stamps.EndWrite(slice.FileIndex, lease.Handle);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, slice.FileIndex, path);
        }
    }

    private void ReadSlice(int piece, FileSlice slice, Memory<byte> target)
    {
        string path = _files.Route(slice.FileIndex);
        bool isOwn = _files.IsOwn(slice.FileIndex);
        try
        {
            using FileHandles.Lease lease = _files.Borrow(path, slice.FileIndex, write: false);
            long offset = _files.OffsetOf(piece, slice);
            for (int done = 0; done < target.Length;)
            {
                int read = RandomAccess.Read(lease.Handle, target.Span[done..], offset + done);
                if (read == 0)
                    throw FileStamps.Changed(slice.FileIndex, path, "it is shorter than it was");
                done += read;
            }
            if (isOwn)
                _stamps.CheckUnchanged(slice.FileIndex, path);
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
        string path = _files.Route(slice.FileIndex);
        bool isOwn = _files.IsOwn(slice.FileIndex);
        try
        {
            using FileHandles.Lease lease = _files.Borrow(path, slice.FileIndex, write: false);
            if (RandomAccess.Read(lease.Handle, parts, _files.OffsetOf(piece, slice)) < slice.Length)
                return false;
            if (isOwn)
                _stamps.CheckUnchanged(slice.FileIndex, path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, slice.FileIndex, path);
        }
    }
}
