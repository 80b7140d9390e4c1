using Compeer.Content.Hashing;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;

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
        using var pieces = new NewPieces(files, builder, progress);
        new PieceScanner(pieces, builder.PieceLength, builder.Format != TorrentFormat.V2, builder.Format != TorrentFormat.V1).Run(cancellationToken);
        foreach (NewFile file in files.Files)
        {
            if (FileStamp.Of(files.Places[file].Path) != files.Places[file].Stamp)
                throw new StorageException(StorageFailure.Changed, -1, $"'{files.Places[file].Path}' changed while it was read. Try again when nothing writes to it.");
        }
        return builder.Build();
    }
}
