using Compeer.Content.Hashing;
using Compeer.Content.Storage;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Creation;

/// <summary>The pieces of a torrent that is being made: read from the files as they lie, their hashes put into the builder.</summary>
internal sealed class NewPieces : IHashedPieces, IDisposable
{
    private readonly MetainfoBuilder _builder;
    private readonly IProgress<long>? _progress;
    private readonly FileHandles _handles = new();
    private readonly string[] _paths;
    private readonly int[] _firstFile;
    private long _hashed;

    public NewPieces(ShareFiles files, MetainfoBuilder builder, IProgress<long>? progress)
    {
        _builder = builder;
        _progress = progress;
        var byPath = files.Files.ToDictionary(f => string.Join('/', f.Path));
        _paths = [.. builder.Files.Select(f => f.IsPad ? "" : files.Places[byPath[string.Join('/', f.Path)]].Path)];
        _firstFile = new int[builder.PieceCount];
        for (int i = builder.Files.Length - 1; i >= 0; i--)
        {
            TorrentFile file = builder.Files[i];
            for (long piece = file.Offset / builder.PieceLength; file.Length > 0 && piece <= (file.Offset + file.Length - 1) / builder.PieceLength; piece++)
                _firstFile[piece] = i;
        }
    }

    public int Count => _builder.PieceCount;

    public (int Data, int Padded) LengthsOf(int piece)
    {
        long start = (long)piece * _builder.PieceLength;
        int padded = (int)Math.Min(_builder.PieceLength, _builder.TotalLength - start);
        TorrentFile first = _builder.Files[_firstFile[piece]];
        // Of the other formats a piece belongs to one file; behind its end is padding.
        return (_builder.Format == TorrentFormat.V1 ? padded : (int)Math.Min(padded, first.Offset + first.Length - start), padded);
    }

    public bool TryRead(int piece, int begin, Memory<byte> target)
    {
        long start = ((long)piece * _builder.PieceLength) + begin;
        for (int i = _firstFile[piece]; i < _builder.Files.Length && _builder.Files[i].Offset < start + target.Length; i++)
        {
            TorrentFile file = _builder.Files[i];
            long from = Math.Max(start, file.Offset);
            long to = Math.Min(start + target.Length, file.Offset + file.Length);
            if (from < to)
                Read(_paths[i], i, from - file.Offset, target[(int)(from - start)..(int)(to - start)].Span);
        }
        return true;
    }

    public void Take(int piece, Sha1Hash sha1, ReadOnlySpan<Sha256Hash> leaves)
    {
        if (_builder.Format != TorrentFormat.V2)
            _builder.SetPieceHash(piece, sha1);
        int file = _firstFile[piece];
        if (_builder.Format != TorrentFormat.V1)
            _builder.SetLeaves(file, (int)(piece - (_builder.Files[file].Offset / _builder.PieceLength)), leaves);
        _progress?.Report(Interlocked.Add(ref _hashed, LengthsOf(piece).Padded));
    }

    public void Dispose() => _handles.Dispose();

    /// <exception cref="StorageException">The file cannot be read, or became shorter.</exception>
    private void Read(string path, int index, long offset, Span<byte> target)
    {
        try
        {
            using FileHandles.Lease lease = _handles.Borrow(path, write: false, p => File.OpenHandle(p, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            SafeFileHandle handle = lease.Handle;
            while (!target.IsEmpty)
            {
                int read = RandomAccess.Read(handle, target, offset);
                if (read == 0)
                    throw new StorageException(StorageFailure.Changed, index, $"'{path}' became shorter while it was read. Try again when nothing writes to it.");
                target = target[read..];
                offset += read;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, index, path);
        }
    }
}
