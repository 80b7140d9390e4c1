using Compeer.Content.Storage;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;
using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Creation;

/// <summary>Reads files and makes a torrent of them; hashes v1 and v2 in one pass, on all processors.</summary>
public static class TorrentCreator
{
    /// <summary>Fills in the hashes of <paramref name="builder"/>, which was made from <paramref name="files"/>.</summary>
    /// <param name="files">The files.</param>
    /// <param name="builder">The torrent to be.</param>
    /// <param name="progress">Told the bytes hashed so far.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="StorageException">A file cannot be read, or changed meanwhile.</exception>
    public static Task<Metainfo> HashAsync(ShareFiles files, MetainfoBuilder builder, IProgress<long>? progress, CancellationToken cancellationToken) =>
        Task.Run(() => Hash(files, builder, progress, cancellationToken), cancellationToken);

    private static Metainfo Hash(ShareFiles files, MetainfoBuilder builder, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var byPath = files.Files.ToDictionary(f => string.Join('/', f.Path));
        string[] paths = [.. builder.Files.Select(f => f.IsPad ? "" : files.Places[byPath[string.Join('/', f.Path)]].Path)];
        var layout = new int[builder.PieceCount];
        for (int i = builder.Files.Length - 1; i >= 0; i--)
        {
            TorrentFile file = builder.Files[i];
            for (long piece = file.Offset / builder.PieceLength; file.Length > 0 && piece <= (file.Offset + file.Length - 1) / builder.PieceLength; piece++)
                layout[piece] = i;
        }
        using var handles = new FileHandles();
        long done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, builder.PieceCount, options, () => new byte[builder.PieceLength], (piece, _, buffer) =>
            {
                int length = (int)Math.Min(builder.PieceLength, builder.TotalLength - (long)piece * builder.PieceLength);
                HashPiece(builder, handles, paths, layout[piece], piece, buffer.AsMemory(0, length));
                progress?.Report(Interlocked.Add(ref done, length));
                return buffer;
            }, _ => { });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<StorageException>().FirstOrDefault() is { } reason)
        {
            throw new StorageException(reason.Failure, reason.FileIndex, reason.Message, reason);
        }
        foreach (NewFile file in files.Files)
        {
            if (FileStamp.Of(files.Places[file].Path) != files.Places[file].Stamp)
                throw new StorageException(StorageFailure.Changed, -1, $"'{files.Places[file].Path}' changed while it was read. Try again when nothing writes to it.");
        }
        return builder.Build();
    }

    private static void HashPiece(MetainfoBuilder builder, FileHandles handles, string[] paths, int firstFile, int piece, Memory<byte> buffer)
    {
        long start = (long)piece * builder.PieceLength;
        buffer.Span.Clear();
        for (int i = firstFile; i < builder.Files.Length && builder.Files[i].Offset < start + buffer.Length; i++)
        {
            TorrentFile file = builder.Files[i];
            long from = Math.Max(start, file.Offset);
            long to = Math.Min(start + buffer.Length, file.Offset + file.Length);
            if (file.IsPad || from >= to)
                continue;
            Memory<byte> part = buffer[(int)(from - start)..(int)(to - start)];
            Read(handles, paths[i], i, from - file.Offset, part.Span);
            if (builder.Format != TorrentFormat.V1)
                builder.SetLeaves(i, (int)((from - file.Offset) / builder.PieceLength), Leaves(part));
        }
        if (builder.Format != TorrentFormat.V2)
        {
            Sha1Hash digest = default;
            HashLanes.Best.Sha1([new ReadOnlyMemory<byte>[] { buffer }], new Span<Sha1Hash>(ref digest));
            builder.SetPieceHash(piece, digest);
        }
    }

    private static Sha256Hash[] Leaves(ReadOnlyMemory<byte> data)
    {
        var blocks = new ReadOnlyMemory<byte>[MerkleTree.LeafCount(data.Length)];
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = data.Slice(i * MerkleTree.LeafBytes, Math.Min(MerkleTree.LeafBytes, data.Length - i * MerkleTree.LeafBytes));
        var leaves = new Sha256Hash[blocks.Length];
        HashLanes.Best.Sha256(blocks, leaves);
        return leaves;
    }

    private static void Read(FileHandles handles, string path, int index, long offset, Span<byte> target)
    {
        try
        {
            using FileHandles.Lease lease = handles.Borrow(path, write: false, p => File.OpenHandle(p, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
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
