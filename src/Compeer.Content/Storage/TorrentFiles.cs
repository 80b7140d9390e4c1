using Compeer.Formats.Torrents;

namespace Compeer.Content.Storage;

/// <summary>A torrent's files as a person sees them: names below a folder, to be deleted or moved as a whole.</summary>
/// <param name="metainfo">The torrent.</param>
/// <param name="directory">The folder.</param>
internal sealed class TorrentFiles(Metainfo metainfo, string directory)
{
    private readonly GuardedPath _root = new(directory);

    /// <summary>
    /// Deletes the files that the torrent names, and the folders that are empty then; never the folder that they lie in, and nothing
    /// through a link.
    /// </summary>
    /// <exception cref="StorageException">Some could not be deleted; the others were.</exception>
    public void Delete()
    {
        StorageException? problem = null;
        foreach (TorrentFile file in metainfo.Files.Where(f => !f.IsPad))
        {
            try
            {
                string path = _root.Resolve(file.SafePath, file.Index);
                _root.RefuseLinks(path, file.Index);
                if (File.Exists(path))
                    File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problem = StorageException.From(e, file.Index, file.SafePath);
            }
        }
        DeleteEmptyFolders();
        if (problem is not null)
            throw problem;
    }

    /// <summary>Deletes the folders of the torrent that are empty.</summary>
    public void DeleteEmptyFolders()
    {
        var folders = new HashSet<string>();
        foreach (TorrentFile file in metainfo.Files.Where(f => !f.IsPad))
        {
            for (string? folder = Path.GetDirectoryName(file.SafePath); !string.IsNullOrEmpty(folder); folder = Path.GetDirectoryName(folder))
                folders.Add(folder);
        }
        foreach (string folder in folders.OrderByDescending(f => f.Length))
        {
            try
            {
                string path = _root.Resolve(folder, -1);
                _root.RefuseLinks(path, -1);
                if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
                    Directory.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // An empty folder that stays harms nobody.
            }
        }
    }
}
