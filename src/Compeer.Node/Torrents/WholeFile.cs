using Compeer.Content.Storage;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Node.Torrents;

/// <summary>Reads files of torrents when all of their pieces are verified.</summary>
internal static class WholeFile
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    /// <summary>Opens a file as soon as it is whole.</summary>
    /// <exception cref="StorageException">It is gone, or behind a link that leads elsewhere.</exception>
    public static async Task<Stream> OpenAsync(NodeTorrent torrent, Torrent running, TorrentFile file, CancellationToken cancellationToken)
    {
        while (true)
        {
            FileDetails? details = (await running.GetDetailsAsync(cancellationToken)).Files.FirstOrDefault(f => f.Index == file.Index);
            if (details is { } known && known.VerifiedBytes == known.LengthBytes)
                break;
            await Task.Delay(Pace, cancellationToken);
        }
        var guard = new GuardedPath(torrent.Record.Directory);
        string path = guard.Resolve(file.SafePath, file.Index);
        guard.RefuseLinks(path, file.Index);
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, file.Index, path);
        }
    }
}
