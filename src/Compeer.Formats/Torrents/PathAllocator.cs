namespace Compeer.Formats.Torrents;

/// <summary>
/// Gives each file of a torrent a path of its own: no two the same (letter case aside, as some file systems ignore it)
/// and none a folder of another.
/// </summary>
internal sealed class PathAllocator
{
    private readonly HashSet<string> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _folders = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> _nextSuffix = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Paths that had to be renamed.</summary>
    public int Renamed { get; private set; }

    /// <summary>The path for sanitised elements, '/' separated.</summary>
    public string Allocate(IReadOnlyList<string> elements)
    {
        string folder = "";
        for (int i = 0; i < elements.Count - 1; i++)
        {
            string candidate = folder + elements[i];
            if (_files.Contains(candidate))
                candidate = Rename(candidate);
            _folders.Add(candidate);
            folder = candidate + "/";
        }
        string path = folder + elements[^1];
        if (_files.Contains(path) || _folders.Contains(path))
            path = Rename(path);
        _files.Add(path);
        return path;
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
