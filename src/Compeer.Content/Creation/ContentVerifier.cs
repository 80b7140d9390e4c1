using Compeer.Content.Hashing;
using Compeer.Content.Storage;
using Compeer.Formats.Hashing;
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
        var pieces = new StoredPieces(metainfo, storage);
        new PieceScanner(pieces, metainfo.PieceLength, metainfo.InfoHashes.V1 is not null, metainfo.InfoHashes.V2 is not null).Run(cancellationToken);
        bool[] valid = pieces.Valid;
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

    private sealed class StoredPieces(Metainfo metainfo, TorrentStorage storage) : IHashedPieces
    {
        public bool[] Valid { get; } = new bool[metainfo.PieceCount];

        public int Count => metainfo.PieceCount;

        public (int Data, int Padded) LengthsOf(int piece) => (metainfo.DataLengthAt(piece), metainfo.PieceLengthAt(piece));

        public bool TryRead(int piece, int begin, Memory<byte> target)
        {
            try
            {
                storage.Read(piece, begin, target);
                return true;
            }
            catch (StorageException e) when (e.Failure != StorageFailure.UnsafePath)
            {
                return false;
            }
        }

        public void Take(int piece, Sha1Hash sha1, ReadOnlySpan<Sha256Hash> leaves) => Valid[piece] = PieceVerifier.Matches(metainfo, piece, sha1, leaves);
    }
}
