using System.Collections.Immutable;
using System.Text;
using Compeer.Formats.Bencoding;

namespace Compeer.Formats.Torrents;

/// <summary>Walks a v2 'file tree' without recursion and lists its files in the order of the tree.</summary>
/// <remarks>Spec: BEP 52, "file tree".</remarks>
internal sealed class FileTreeWalk(MetainfoLimits limits)
{
    private readonly Stack<(Folder? At, BencodeElement Node)> _open = new();
    private long _pathBytes;

    /// <summary>The files: path and properties.</summary>
    public List<(ImmutableArray<string> Path, BencodeElement Properties)> Found { get; } = [];

    /// <summary>Fills <see cref="Found"/>.</summary>
    public bool TryRun(BencodeElement tree, out string error)
    {
        _open.Push((null, tree));
        while (_open.Count > 0)
        {
            (Folder? at, BencodeElement node) = _open.Pop();
            if (node.Kind != BencodeKind.Dictionary)
            {
                error = "its file tree has an entry that is no dictionary";
                return false;
            }
            if (at is not null && (at.Depth > limits.MaxPathElements || at.Bytes > limits.MaxPathLength))
            {
                error = $"it has a path of more than {limits.MaxPathElements} elements or {limits.MaxPathLength} bytes";
                return false;
            }
            if (!node.TryGet(""u8, out BencodeElement properties))
                Open(at, node);
            else if (!TryAdd(at, node, properties, out error))
                return false;
        }
        error = Found.Count == 0 ? "its file tree is empty" : "";
        return Found.Count > 0;
    }

    private void Open(Folder? at, BencodeElement node)
    {
        // The stack reverses, so push the last first.
        foreach ((ReadOnlyMemory<byte> key, BencodeElement child) in node.EnumerateDictionary().Reverse())
            _open.Push((new Folder(at, key), child));
    }

    private bool TryAdd(Folder? at, BencodeElement node, BencodeElement properties, out string error)
    {
        if (at is null || node.Count > 1 || properties.Kind != BencodeKind.Dictionary)
        {
            error = "its file tree has a path that is a file and a folder at once";
            return false;
        }
        _pathBytes += at.Bytes + 16 * at.Depth;
        error = Found.Count >= limits.MaxFiles ? $"it has more than {limits.MaxFiles} files"
            : _pathBytes > limits.MaxPathBytes ? "its paths are too long in sum" : "";
        if (error.Length > 0)
            return false;
        Found.Add((at.Path(), properties));
        return true;
    }

    /// <summary>A place in the tree; the names of folders are shared by all that is in them.</summary>
    private sealed class Folder(Folder? parent, ReadOnlyMemory<byte> key)
    {
        private string? _name;

        public int Depth { get; } = (parent?.Depth ?? 0) + 1;

        public int Bytes { get; } = (parent?.Bytes ?? 0) + key.Length;

        private string Name => _name ??= Encoding.UTF8.GetString(key.Span);

        private Folder? Parent => parent;

        public ImmutableArray<string> Path()
        {
            var path = new string[Depth];
            Folder? at = this;
            for (int i = Depth - 1; i >= 0; i--, at = at.Parent)
                path[i] = at!.Name;
            return [.. path];
        }
    }
}
