using Compeer.Content.Blocks;
using Compeer.Content.Hashing;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;

namespace Compeer.Content.Creation;

/// <summary>How a file on the disk compares with its torrent.</summary>
public enum FileCondition
{
    /// <summary>Every piece of it matches.</summary>
    Whole,

    /// <summary>It is not there.</summary>
    Missing,

    /// <summary>It is longer or shorter.</summary>
    WrongLength,

    /// <summary>Some piece of it does not match.</summary>
    Damaged,
}

/// <summary>How the files on a disk compare with a torrent.</summary>
public sealed record ContentReport(IReadOnlyList<(TorrentFile File, FileCondition Condition)> Files, int BadPieces)
{
    /// <summary>Everything matches.</summary>
    public bool IsWhole => BadPieces == 0 && Files.All(f => f.Condition == FileCondition.Whole);
}

/// <summary>Hashes files on the disk against a torrent, on all processors.</summary>
public static class ContentVerifier
{
    /// <summary>Reads everything once.</summary>
    /// <exception cref="StorageException">A path is unsafe.</exception>
    public static Task<ContentReport> VerifyAsync(Metainfo metainfo, string directory, CancellationToken cancellationToken) =>
        Task.Run(() => Verify(metainfo, directory, cancellationToken), cancellationToken);

    private static ContentReport Verify(Metainfo metainfo, string directory, CancellationToken cancellationToken)
    {
        bool[] wanted = [.. metainfo.Files.Select(f => !f.IsPad)];
        using var storage = new TorrentStorage(metainfo, directory, wanted, "");
        bool[] valid = new bool[metainfo.PieceCount];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        Parallel.For(0, valid.Length, options, () => new byte[metainfo.PieceLength], (piece, _, buffer) =>
        {
            valid[piece] = IsValid(metainfo, storage, piece, buffer);
            return buffer;
        }, _ => { });
        var files = new List<(TorrentFile, FileCondition)>();
        foreach (TorrentFile file in metainfo.Files.Where(f => !f.IsPad && f.SymlinkTarget is null))
        {
            (int first, int end) = storage.Layout.PiecesOf(file.Index);
            FileStamp? stamp = storage.StampOnDisk(file.Index);
            files.Add((file, stamp is null ? FileCondition.Missing
                : stamp.Value.LengthBytes != file.Length ? FileCondition.WrongLength
                : valid.AsSpan(first..end).Contains(false) ? FileCondition.Damaged
                : FileCondition.Whole));
        }
        return new ContentReport(files, valid.Count(v => !v));
    }

    private static bool IsValid(Metainfo metainfo, TorrentStorage storage, int piece, byte[] buffer)
    {
        try
        {
            Memory<byte> data = buffer.AsMemory(0, metainfo.DataLengthAt(piece));
            storage.Read(piece, 0, data);
            var blocks = new List<ReadOnlyMemory<byte>>();
            for (int begin = 0; begin < data.Length; begin += BlockPool.BlockBytes)
                blocks.Add(data.Slice(begin, Math.Min(BlockPool.BlockBytes, data.Length - begin)));
            return PieceVerifier.IsValid(metainfo, piece, blocks);
        }
        catch (StorageException e) when (e.Failure != StorageFailure.UnsafePath)
        {
            return false;
        }
    }
}
