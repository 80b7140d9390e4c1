using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;

namespace Compeer.Formats.Torrents;

/// <summary>Reads the list of files from a v1 list, a v2 tree, or both together.</summary>
/// <param name="pieceLength">Bytes of a piece.</param>
/// <param name="rawName">The torrent's name as it stands.</param>
/// <param name="name">The same, sanitised.</param>
/// <param name="limits">What is accepted.</param>
internal sealed class FileListParser(int pieceLength, string rawName, string name, MetainfoLimits limits)
{
    private readonly PathAllocator _paths = new();
    private long _pathBytes;

    /// <summary>Paths that clashed.</summary>
    public int Renamed { get; private set; }

    /// <summary>Reads 'length' or 'files'.</summary>
    public bool TryReadV1(BencodeElement info, out ImmutableArray<TorrentFile> files, out string error)
    {
        files = [];
        if (!info.TryGet("files"u8, out BencodeElement entries))
        {
            if (!TryReadV1Length(info, out long only, out error))
                return false;
            files = [Describe([rawName], single: true, 0, 0, only, info, IsPad(info))];
            return true;
        }
        var list = new List<TorrentFile>();
        long offset = 0;
        foreach (BencodeElement entry in entries.EnumerateList())
        {
            if (list.Count >= limits.MaxFiles)
            {
                error = $"it has more than {limits.MaxFiles} files";
                return false;
            }
            if (!TryReadV1Length(entry, out long length, out error) || !TryReadV1Path(entry, length, out ImmutableArray<string> path, out error))
                return false;
            list.Add(Describe(path, single: false, list.Count, offset, length, entry, IsPad(entry)));
            offset += length;
            if (offset > limits.MaxTotalLength)
            {
                error = $"its files are larger in sum than {limits.MaxTotalLength} bytes, which no disk holds";
                return false;
            }
        }
        files = [.. list];
        Renamed = _paths.Renamed;
        error = list.Count == 0 ? "its list of files is empty or not a list" : "";
        return list.Count > 0;
    }

    /// <summary>Reads a 'file tree'.</summary>
    public bool TryReadV2(BencodeElement tree, out ImmutableArray<TorrentFile> files, out string error)
    {
        files = [];
        var walk = new FileTreeWalk(limits);
        if (!walk.TryRun(tree, out error))
            return false;
        bool single = walk.Found.Count == 1 && walk.Found[0].Path is [var only] && only == rawName;
        var list = new List<TorrentFile>(walk.Found.Count);
        long offset = 0;
        foreach ((ImmutableArray<string> path, BencodeElement properties) in walk.Found)
        {
            long length = 0;
            if (!IsLink(properties)
                && (!properties.TryGetInteger("length"u8, out length) || length < 0 || length > limits.MaxTotalLength - offset))
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
            list.Add(Describe(path, single, list.Count, offset, length, properties, pad: false) with { PiecesRoot = root });
            offset += (length + pieceLength - 1) / pieceLength * pieceLength;
        }
        files = [.. list];
        Renamed = _paths.Renamed;
        return true;
    }

    /// <summary>
    /// Checks that a hybrid's v1 list says the same as its tree (paths, lengths, order, and padding that puts each file
    /// where v2 has it), and takes the padding from it.
    /// </summary>
    public bool TryMergeV1(BencodeElement info, ref ImmutableArray<TorrentFile> files, out string error)
    {
        var parser = new FileListParser(pieceLength, rawName, name, limits);
        if (!parser.TryReadV1(info, out ImmutableArray<TorrentFile> v1, out error))
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
            if (next == files.Length || files[next].Length != file.Length || !files[next].Path.SequenceEqual(file.Path))
            {
                error = $"its v1 and v2 parts describe different files (at '{file.SafePath}')";
                return false;
            }
            if (file.Length > 0 && file.Offset != files[next].Offset)
            {
                error = $"its v1 part does not pad files to whole pieces (at '{file.SafePath}')";
                return false;
            }
            // Only the v1 part tells a folder with one file from a file.
            merged.Add(files[next++] with { Index = file.Index, Offset = file.Offset, SafePath = file.SafePath });
        }
        if (next != files.Length)
        {
            error = "its v2 part has files that its v1 part lacks";
            return false;
        }
        if (Pieces(v1) != Pieces(files))
        {
            error = "its v1 part has padding beyond the last piece of its v2 part";
            return false;
        }
        files = [.. merged];
        Renamed = parser.Renamed;
        return true;
    }

    private long Pieces(ImmutableArray<TorrentFile> files) =>
        (files.Max(f => f.Length > 0 ? f.Offset + f.Length : 0) + pieceLength - 1) / pieceLength;

    /// <summary>A link's length is 0 whatever it says.</summary>
    private bool TryReadV1Length(BencodeElement entry, out long length, out string error)
    {
        length = 0;
        error = "";
        if (IsLink(entry) || (entry.TryGetInteger("length"u8, out length) && length >= 0 && length <= limits.MaxTotalLength))
            return true;
        error = "it has a file without a length, or with an impossible one";
        return false;
    }

    private bool TryReadV1Path(BencodeElement entry, long length, out ImmutableArray<string> path, out string error)
    {
        path = [];
        error = "";
        if ((!entry.TryGet("path.utf-8"u8, out BencodeElement elements) || elements.Kind != BencodeKind.List) && !entry.TryGet("path"u8, out elements))
        {
            // BEP 47 wants padding read without a path.
            path = [".pad", length.ToString(CultureInfo.InvariantCulture)];
            error = "it has a file without a path";
            return IsPad(entry);
        }
        if (elements.Count > limits.MaxPathElements || elements.Raw.Length > limits.MaxPathLength + 8 * elements.Count)
        {
            error = $"it has a path of more than {limits.MaxPathElements} elements or {limits.MaxPathLength} bytes";
            return false;
        }
        var texts = new List<string>(elements.Count);
        foreach (BencodeElement element in elements.EnumerateList())
        {
            if (!element.TryGetBytes(out ReadOnlyMemory<byte> bytes))
                break;
            texts.Add(Encoding.UTF8.GetString(bytes.Span));
            _pathBytes += bytes.Length + 16;
        }
        path = [.. texts];
        error = texts.Count == 0 || texts.Count != elements.Count ? "it has a file whose path is not a list of names"
            : _pathBytes > limits.MaxPathBytes ? "its paths are too long in sum" : "";
        return error.Length == 0;
    }

    private TorrentFile Describe(ImmutableArray<string> path, bool single, int index, long offset, long length, BencodeElement properties, bool pad)
    {
        ReadOnlySpan<byte> attributes = Attributes(properties);
        string[] safe = single ? [name] : [name, .. path.Select(SafePath.SanitiseElement)];
        return new TorrentFile
        {
            Index = index,
            Path = path,
            SafePath = pad ? $"{name}/.pad/{length}" : _paths.Allocate(safe),
            Length = length,
            Offset = offset,
            IsPad = pad,
            IsExecutable = attributes.Contains((byte)'x'),
            IsHidden = attributes.Contains((byte)'h'),
            SymlinkTarget = attributes.Contains((byte)'l') ? ReadLink(properties) : null,
        };
    }

    private static ReadOnlySpan<byte> Attributes(BencodeElement properties) =>
        properties.TryGetBytes("attr"u8, out ReadOnlyMemory<byte> attributes) ? attributes.Span : default;

    private static bool IsPad(BencodeElement properties) => Attributes(properties).Contains((byte)'p');

    private static bool IsLink(BencodeElement properties) => Attributes(properties).Contains((byte)'l');

    private string ReadLink(BencodeElement properties) =>
        properties.TryGet("symlink path"u8, out BencodeElement target)
            ? string.Join('/', target.EnumerateList().Take(limits.MaxPathElements).Select(e => SafePath.SanitiseElement(e.Bytes.Span)))
            : "";
}
