namespace Compeer.Formats.Torrents;

/// <summary>
/// Gives each file of a torrent a path of its own: no two the same (letter case aside, as some file systems ignore it)
/// and none a folder of another.
/// </summary>
internal sealed class PathAllocator
{
    private readonly HashSet<string> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _folders = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _resolved = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _nextSuffix = new(StringComparer.OrdinalIgnoreCase);

    // The folders of the path before: neighbours mostly share them, and deep paths would cost a string a level each time.
    private readonly List<(string Element, string Folder)> _chain = [];

    /// <summary>Paths that had to be renamed.</summary>
    public int Renamed { get; private set; }

    /// <summary>The path for sanitised elements, '/' separated.</summary>
    public string Allocate(IReadOnlyList<string> elements)
    {
        string folder = "";
        for (int i = 0; i < elements.Count - 1; i++)
        {
            if (i == _chain.Count || _chain[i].Element != elements[i])
            {
                _chain.RemoveRange(i, _chain.Count - i);
                _chain.Add((elements[i], Folder(folder + elements[i])));
            }
            folder = _chain[i].Folder;
        }
        string path = folder + elements[^1];
        if (_files.Contains(path) || _folders.Contains(path))
            path = Rename(path);
        _files.Add(path);
        return path;
    }

    /// <summary>A folder that clashes with a file gets one new name, for all that is in it; with the separator.</summary>
    private string Folder(string wanted)
    {
        if (_resolved.TryGetValue(wanted, out string? folder))
            return folder;
        folder = _files.Contains(wanted) ? Rename(wanted) : wanted;
        _folders.Add(folder);
        _resolved.Add(wanted, folder + "/");
        return folder + "/";
    }

    private string Rename(string path)
    {
        Renamed++;
        int slash = path.LastIndexOf('/');
        int dot = path.LastIndexOf('.');
        if (dot <= slash + 1)
            dot = path.Length;
        int suffix = _nextSuffix.GetValueOrDefault(path, 1);
        string candidate;
        do
            candidate = $"{path[..dot]}~{suffix++}{path[dot..]}";
        while (_files.Contains(candidate) || _folders.Contains(candidate));
        _nextSuffix[path] = suffix;
        return candidate;
    }
}
