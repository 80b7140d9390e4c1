using System.Collections.Immutable;
using System.Text;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;

namespace Compeer.Formats.Torrents;

/// <summary>Reads the list of files from a v1 list, a v2 tree, or both together.</summary>
internal sealed class FileListParser(int pieceLength, string name, MetainfoLimits limits)
{
    private readonly PathAllocator _paths = new();

    /// <summary>Paths that clashed.</summary>
    public int Renamed => _paths.Renamed;

    /// <summary>Reads 'length' or 'files'.</summary>
    public bool TryReadV1(BencodeElement info, out ImmutableArray<TorrentFile> files, out string error)
    {
        files = [];
        var list = new List<TorrentFile>();
        if (!info.TryGet("files"u8, out BencodeElement entries))
        {
            if (!TryReadV1Entry(info, [], single: true, 0, 0, out TorrentFile? only, out error))
                return false;
            files = [only!];
            return true;
        }
        long offset = 0;
        foreach (BencodeElement entry in entries.EnumerateList())
        {
            if (list.Count >= limits.MaxFiles)
            {
                error = $"it has more than {limits.MaxFiles} files";
                return false;
            }
            var path = new List<ReadOnlyMemory<byte>>();
            if (!TryReadV1Path(entry, path, out error) || !TryReadV1Entry(entry, path, single: false, list.Count, offset, out TorrentFile? file, out error))
                return false;
            list.Add(file!);
            offset += file!.Length;
            if (offset > limits.MaxTotalLength)
            {
                error = "its files are larger in sum than any disk";
                return false;
            }
        }
        files = [.. list];
        error = list.Count == 0 ? "its list of files is empty or not a list" : "";
        return list.Count > 0;
    }

    /// <summary>Reads a 'file tree' without recursion.</summary>
    public bool TryReadV2(BencodeElement tree, out ImmutableArray<TorrentFile> files, out string error)
    {
        files = [];
        error = "";
        var found = new List<(ReadOnlyMemory<byte>[] Path, BencodeElement Properties)>();
        var open = new Stack<(ReadOnlyMemory<byte>[] Path, BencodeElement Node)>();
        open.Push(([], tree));
        while (open.Count > 0)
        {
            (ReadOnlyMemory<byte>[] path, BencodeElement node) = open.Pop();
            if (node.TryGet(""u8, out BencodeElement properties))
            {
                if (path.Length == 0 || node.Count > 1 || properties.Kind != BencodeKind.Dictionary)
                {
                    error = "its file tree has a path that is a file and a folder at once";
                    return false;
                }
                found.Add((path, properties));
                if (found.Count > limits.MaxFiles)
                {
                    error = $"it has more than {limits.MaxFiles} files";
                    return false;
                }
                continue;
            }
            if (node.Kind != BencodeKind.Dictionary || path.Length > limits.MaxPathElements)
            {
                error = "its file tree has an entry that is no dictionary, or paths that are too deep";
                return false;
            }
            // The stack reverses, so push the last first: files come out in the order of the tree.
            foreach ((ReadOnlyMemory<byte> key, BencodeElement child) in node.EnumerateDictionary().Reverse())
                open.Push(([.. path, key], child));
        }
        return TryLayOut(found, out files, out error);
    }

    /// <summary>Checks that a hybrid's v1 list says the same as its tree, and takes the padding from it.</summary>
    public bool TryMergeV1(BencodeElement info, ref ImmutableArray<TorrentFile> files, out string error)
    {
        if (!new FileListParser(pieceLength, name, limits).TryReadV1(info, out ImmutableArray<TorrentFile> v1, out error))
            return false;
        var merged = new List<TorrentFile>(v1.Length);
        int next = 0;
        foreach (TorrentFile file in v1)
        {
            if (file.IsPad)
            {
                merged.Add(file);
                continue;
            }
            if (next == files.Length
                || files[next].Length != file.Length
                || !files[next].Path.SequenceEqual(file.Path)
                || (file.Length > 0 && file.Offset % pieceLength != 0))
            {
                error = $"its v1 and v2 parts describe different files (at '{file.SafePath}')";
                return false;
            }
            merged.Add(files[next++] with { Index = file.Index, Offset = file.Offset });
        }
        if (next != files.Length)
        {
            error = "its v2 part has files that its v1 part lacks";
            return false;
        }
        files = [.. merged];
        error = "";
        return true;
    }

    private bool TryLayOut(List<(ReadOnlyMemory<byte>[] Path, BencodeElement Properties)> found, out ImmutableArray<TorrentFile> files, out string error)
    {
        files = [];
        error = found.Count == 0 ? "its file tree is empty" : "";
        bool single = found.Count == 1 && found[0].Path.Length == 1;
        var list = new List<TorrentFile>(found.Count);
        long offset = 0;
        foreach ((ReadOnlyMemory<byte>[] path, BencodeElement properties) in found)
        {
            if (!properties.TryGetInteger("length"u8, out long length) || length < 0 || length > limits.MaxTotalLength - offset)
            {
                error = "its file tree has a file without a length, or with an impossible one";
                return false;
            }
            Sha256Hash? root = null;
            if (length > 0)
            {
                if (!properties.TryGetBytes("pieces root"u8, out ReadOnlyMemory<byte> bytes) || bytes.Length != Sha256Hash.LengthBytes)
                {
                    error = "its file tree has a file without a root hash";
                    return false;
                }
                root = new Sha256Hash(bytes.Span);
            }
            list.Add(Describe(path, single, list.Count, offset, length, properties) with { PiecesRoot = root });
            offset += (length + pieceLength - 1) / pieceLength * pieceLength;
        }
        files = [.. list];
        return list.Count > 0;
    }

    private bool TryReadV1Path(BencodeElement entry, List<ReadOnlyMemory<byte>> path, out string error)
    {
        if (!entry.TryGet("path.utf-8"u8, out BencodeElement elements) || elements.Kind != BencodeKind.List)
            entry.TryGet("path"u8, out elements);
        error = "it has a file without a path, or with one that is too deep";
        if (entry.Kind != BencodeKind.Dictionary || !entry.TryGet("path"u8, out _) || elements.Count > limits.MaxPathElements)
            return false;
        foreach (BencodeElement element in elements.EnumerateList())
        {
            if (!element.TryGetBytes(out ReadOnlyMemory<byte> bytes))
                return false;
            path.Add(bytes);
        }
        return path.Count > 0;
    }

    private bool TryReadV1Entry(
        BencodeElement entry, List<ReadOnlyMemory<byte>> path, bool single, int index, long offset, out TorrentFile? file, out string error)
    {
        file = null;
        error = "";
        bool isLink = entry.TryGetBytes("attr"u8, out ReadOnlyMemory<byte> attributes) && attributes.Span.Contains((byte)'l');
        long length = 0;
        if (!isLink && (!entry.TryGetInteger("length"u8, out length) || length < 0 || length > limits.MaxTotalLength))
        {
            error = "it has a file without a length, or with an impossible one";
            return false;
        }
        file = Describe([.. path], single, index, offset, length, entry);
        return true;
    }

    private TorrentFile Describe(ReadOnlyMemory<byte>[] path, bool single, int index, long offset, long length, BencodeElement properties)
    {
        properties.TryGetBytes("attr"u8, out ReadOnlyMemory<byte> attributes);
        bool pad = attributes.Span.Contains((byte)'p');
        string[] safe = single ? [name] : [name, .. path.Select(p => SafePath.SanitiseElement(p.Span))];
        return new TorrentFile
        {
            Index = index,
            Path = single && path.Length == 0 ? [name] : [.. path.Select(p => Encoding.UTF8.GetString(p.Span))],
            SafePath = pad ? $"{name}/.pad/{length}" : _paths.Allocate(safe),
            Length = length,
            Offset = offset,
            IsPad = pad,
            IsExecutable = attributes.Span.Contains((byte)'x'),
            IsHidden = attributes.Span.Contains((byte)'h'),
            SymlinkTarget = attributes.Span.Contains((byte)'l') ? ReadLink(properties) : null,
        };
    }

    private static string ReadLink(BencodeElement properties) =>
        properties.TryGet("symlink path"u8, out BencodeElement target)
            ? string.Join('/', target.EnumerateList().Select(e => SafePath.SanitiseElement(e.Bytes.Span)))
            : "";
}
