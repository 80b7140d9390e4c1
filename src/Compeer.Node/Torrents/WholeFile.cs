using Compeer.Content.Storage;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Node.Torrents;

/// <summary>Files that are complete, of a torrent that stands still: the engine has them closed.</summary>
internal static class WholeFile
{
    /// <summary>Opens the file; null when a piece of it is missing.</summary>
    /// <exception cref="StorageException">It is gone, or behind a link that leads elsewhere.</exception>
    public static async Task<Stream?> TryOpenAsync(NodeTorrent torrent, Torrent running, TorrentFile file, CancellationToken cancellationToken)
    {
        FileDetails? details = (await running.GetDetailsAsync(cancellationToken)).Files.FirstOrDefault(f => f.Index == file.Index);
        if (details is null || details.VerifiedBytes < details.LengthBytes)
            return null;
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
