using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;

namespace Compeer.Formats.Torrents;

/// <summary>Reads .torrent files and info dictionaries; trusts nothing in them.</summary>
internal static class MetainfoParser
{
    public static bool TryParseFile(ReadOnlyMemory<byte> data, MetainfoLimits limits, [NotNullWhen(true)] out Metainfo? metainfo, out string error)
    {
        metainfo = null;
        if (!BencodeDocument.TryParse(data, limits.Bencode, out BencodeDocument? document, out BencodeError bencode))
        {
            // Some old programs end the file with a newline or more; that harms nothing.
            if (bencode.Code != BencodeErrorCode.TrailingData
                || data.Span[bencode.Offset..].ContainsAnyExcept("\r\n \0"u8)
                || !BencodeDocument.TryParsePrefix(data, limits.Bencode, out document, out _, out _))
            {
                error = $"it is not bencoded: {bencode}";
                return false;
            }
        }
        if (!document.Root.TryGet("info"u8, out BencodeElement info))
        {
            error = "it has no info dictionary";
            return false;
        }
        var problems = new List<string>();
        if (!TryParseInfoElement(info.Raw, limits, problems, out MetainfoFields? fields, out error))
            return false;
        MetainfoOuterFields.Read(document.Root, limits, problems, ref fields);
        var parsed = new Metainfo(fields with { Problems = [.. problems] });
        if (parsed.Format != TorrentFormat.V1 && !TryReadLayers(document.Root, parsed, out error))
            return false;
        if (!parsed.HasAllPieceLayers)
            parsed = parsed.With(parsed.Fields with { Problems = parsed.Problems.Add("It lacks piece layers; they have to be fetched from peers.") });
        metainfo = parsed;
        return true;
    }

    public static bool TryParseInfo(
        ReadOnlyMemory<byte> info, InfoHashes expected, MetainfoLimits limits, [NotNullWhen(true)] out Metainfo? metainfo, out string error)
    {
        metainfo = null;
        var problems = new List<string>();
        // The hash comes first: what nobody vouches for is not even parsed.
        if ((expected.V1 is { } v1 && Sha1Hash.Of(info.Span) != v1) || (expected.V2 is { } v2 && Sha256Hash.Of(info.Span) != v2))
        {
            error = "its hash is not the one in the link";
            return false;
        }
        if (!TryParseInfoElement(info, limits, problems, out MetainfoFields? fields, out error))
            return false;
        if ((expected.V1 is not null && fields.InfoHashes.V1 is null) || (expected.V2 is not null && fields.InfoHashes.V2 is null))
        {
            error = "the link names it as a v1 torrent but it is v2, or the other way round";
            return false;
        }
        metainfo = new Metainfo(fields with { Problems = [.. problems] });
        return true;
    }

    private static bool TryParseInfoElement(
        ReadOnlyMemory<byte> bytes, MetainfoLimits limits, List<string> problems, [NotNullWhen(true)] out MetainfoFields? fields, out string error)
    {
        fields = null;
        if (!BencodeDocument.TryParse(bytes, limits.Bencode, out BencodeDocument? document, out BencodeError bencode))
        {
            error = $"its info dictionary is not bencoded: {bencode}";
            return false;
        }
        BencodeElement info = document.Root;
        if (info.Kind != BencodeKind.Dictionary)
        {
            error = "its info value is not a dictionary";
            return false;
        }
        bool v1 = info.TryGet("pieces"u8, out _);
        long version = 1;
        bool v2 = info.TryGet("meta version"u8, out BencodeElement stated) && !(stated.TryGetInteger(out version) && version == 1);
        if (v2 && version != 2)
        {
            error = "it uses a version of the format that this program does not know ('meta version' is not 2)";
            return false;
        }
        if (!v1 && !v2)
        {
            error = "it has neither v1 pieces nor a v2 file tree";
            return false;
        }
        if (v2 && !document.IsCanonical)
        {
            error = "its info dictionary is not in canonical form (keys unsorted or numbers padded), which v2 forbids";
            return false;
        }
        if (!document.IsCanonical)
            problems.Add("Its info dictionary is not in canonical form; some programs will compute another hash.");
        var hashes = new InfoHashes(v1 ? Sha1Hash.Of(bytes.Span) : null, v2 ? Sha256Hash.Of(bytes.Span) : null);
        return TryParseContent(info, hashes, bytes, limits, problems, out fields, out error);
    }

    private static bool TryParseContent(
        BencodeElement info, InfoHashes hashes, ReadOnlyMemory<byte> bytes, MetainfoLimits limits, List<string> problems,
        [NotNullWhen(true)] out MetainfoFields? fields, out string error)
    {
        fields = null;
        if (!info.TryGetInteger("piece length"u8, out long pieceLength) || pieceLength <= 0 || pieceLength > limits.MaxPieceLength)
        {
            error = $"its piece length is missing or not within 1..{limits.MaxPieceLength}";
            return false;
        }
        if (hashes.V2 is not null && (pieceLength < 16 * 1024 || !long.IsPow2(pieceLength)))
        {
            error = $"its piece length, {pieceLength}, is not a power of two of at least 16384, as v2 demands";
            return false;
        }
        string rawName = ReadName(info, hashes, problems);
        string name = SafePath.SanitiseElement(rawName);
        var builder = new FileListParser((int)pieceLength, rawName, name, limits);
        ImmutableArray<TorrentFile> files;
        if (hashes.V2 is null)
        {
            if (!builder.TryReadV1(info, out files, out error))
                return false;
        }
        else
        {
            if (!info.TryGet("file tree"u8, out BencodeElement tree) || tree.Kind != BencodeKind.Dictionary)
            {
                error = "it has no file tree";
                return false;
            }
            if (!builder.TryReadV2(tree, out files, out error))
                return false;
            if (hashes.IsHybrid && !builder.TryMergeV1(info, ref files, out error))
                return false;
        }
        if (builder.Renamed > 0)
            problems.Add($"{builder.Renamed} of its paths clash with others and were renamed.");
        if (files.Any(f => f.Path.Any(e => e.Contains('\uFFFD', StringComparison.Ordinal))))
            problems.Add("Some of its names are not UTF-8; what could not be read was replaced.");
        return TryFinish(info, hashes, bytes, limits, (int)pieceLength, rawName, files, out fields, out error);
    }

    private static bool TryFinish(
        BencodeElement info, InfoHashes hashes, ReadOnlyMemory<byte> bytes, MetainfoLimits limits, int pieceLength, string rawName,
        ImmutableArray<TorrentFile> files, [NotNullWhen(true)] out MetainfoFields? fields, out string error)
    {
        fields = null;
        error = "";
        long total = 0;
        foreach (TorrentFile file in files)
            total = Math.Max(total, file.Offset + file.Length);
        if (total == 0)
        {
            error = "it contains no bytes: every file is empty";
            return false;
        }
        long pieces = (total + pieceLength - 1) / pieceLength;
        if (pieces > limits.MaxPieces)
        {
            error = $"it has {pieces} pieces, more than the {limits.MaxPieces} that are accepted";
            return false;
        }
        ReadOnlyMemory<byte> v1Pieces = default;
        if (hashes.V1 is not null
            && (!info.TryGetBytes("pieces"u8, out v1Pieces) || v1Pieces.Length != pieces * Sha1Hash.LengthBytes))
        {
            error = $"its piece hashes ({v1Pieces.Length} bytes) do not fit its {pieces} pieces";
            return false;
        }
        fields = new MetainfoFields
        {
            InfoHashes = hashes,
            Name = SafePath.SanitiseElement(rawName),
            OriginalName = rawName,
            PieceLength = pieceLength,
            PieceCount = (int)pieces,
            Files = files,
            TotalLength = total,
            V1Pieces = v1Pieces,
            InfoBytes = bytes,
            IsPrivate = info.TryGetInteger("private"u8, out long secret) && secret == 1,
            Source = info.TryGetText("source"u8, out string source) ? source : null,
        };
        return true;
    }

    private static string ReadName(BencodeElement info, InfoHashes hashes, List<string> problems)
    {
        if ((info.TryGetBytes("name.utf-8"u8, out ReadOnlyMemory<byte> raw) || info.TryGetBytes("name"u8, out raw)) && raw.Length > 0)
            return Encoding.UTF8.GetString(raw.Span);
        problems.Add("It has no name; its hash serves as one.");
        return hashes.Truncated.ToString();
    }

    private static bool TryReadLayers(BencodeElement root, Metainfo metainfo, out string error)
    {
        error = "";
        if (!root.TryGet("piece layers"u8, out BencodeElement layers))
            return true;
        var byRoot = new Dictionary<Sha256Hash, ReadOnlyMemory<byte>>();
        foreach ((ReadOnlyMemory<byte> key, BencodeElement value) in layers.EnumerateDictionary())
        {
            if (key.Length == Sha256Hash.LengthBytes && value.TryGetBytes(out ReadOnlyMemory<byte> bytes))
                byRoot[new Sha256Hash(key.Span)] = bytes;
        }
        foreach (TorrentFile file in metainfo.Files)
        {
            if (!metainfo.NeedsLayer(file) || !byRoot.TryGetValue(file.PiecesRoot!.Value, out ReadOnlyMemory<byte> bytes))
                continue;
            if (bytes.Length % Sha256Hash.LengthBytes != 0
                || !metainfo.TryAddPieceLayer(file.Index, MemoryMarshal.Cast<byte, Sha256Hash>(bytes.Span)))
            {
                error = $"the piece layer of '{file.SafePath}' does not lead to the file's root hash";
                return false;
            }
        }
        return true;
    }
}
