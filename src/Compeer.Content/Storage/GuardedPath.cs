namespace Compeer.Content.Storage;

/// <summary>
/// Turns a torrent's relative path into a full one and proves that it stays below the root with no symbolic link on
/// the way. Names are sanitised before they get here; this is the second, independent wall, and it is asked at every open.
/// </summary>
public sealed class GuardedPath
{
    private readonly string _root;
    private readonly string _prefix;

    /// <param name="root">The folder that the torrent lives in; links in the root's own path are the user's choice and allowed.</param>
    public GuardedPath(string root)
    {
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        _prefix = Path.EndsInDirectorySeparator(_root) ? _root : _root + Path.DirectorySeparatorChar;
    }

    /// <summary>The folder, absolute, without a trailing separator.</summary>
    public string Root => _root;

    /// <summary>The absolute path of <paramref name="relative"/> ('/' separated).</summary>
    /// <exception cref="StorageException">It leaves the root.</exception>
    public string Resolve(string relative, int fileIndex)
    {
        string full = Path.GetFullPath(Path.Combine(_root, relative.Replace('/', Path.DirectorySeparatorChar)));
        if (!full.StartsWith(_prefix, StringComparison.Ordinal) || Path.IsPathRooted(relative))
            throw new StorageException(StorageFailure.UnsafePath, fileIndex, $"The path '{relative}' leaves the folder '{_root}'.");
        return full;
    }

    /// <summary>Proves that no part of a resolved path below the root is a symbolic link.</summary>
    /// <exception cref="StorageException">One is.</exception>
    public void RefuseLinks(string full, int fileIndex)
    {
        for (int end = _prefix.Length; end <= full.Length;)
        {
            int next = full.IndexOf(Path.DirectorySeparatorChar, end);
            string part = next < 0 ? full : full[..next];
            if (new FileInfo(part).LinkTarget is not null)
                throw new StorageException(StorageFailure.UnsafePath, fileIndex, $"'{part}' is a symbolic link; content is not written or read through links. Remove it or choose another folder.");
            if (next < 0)
                break;
            end = next + 1;
        }
    }
}
