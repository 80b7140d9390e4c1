using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Torrents;

/// <summary>The files of tests/vectors/torrents, made of the same bytes as its generate.py makes them.</summary>
internal static class VectorFiles
{
    public static readonly (string Path, int Length)[] Folder =
    [
        ("zero", 0), ("two.bin", 65536), ("exact.bin", 32768), ("b.txt", 3), ("b/one", 1), ("b/empty", 0), ("b/deep/er/multi.bin", 150_000),
        ("a b/\u00fcn\u00ef.txt", 5), ("C", 7), ("\u96ea/\U0001f30d.bin", 20_000),
    ];

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", "torrents", name));

    /// <summary>Name, v1 and v2 hash of each torrent; '-' where there is none.</summary>
    public static IEnumerable<(string Name, string V1, string V2)> Expected() =>
        Encoding.UTF8.GetString(Read("expected.txt")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#').Select(line => line.Split(' ')).Select(parts => (parts[0], parts[1], parts[2]));

    /// <summary>The SHA-256 digests of "PATH:0", "PATH:1" and so on, cut at the length.</summary>
    public static byte[] Content(string path, long length)
    {
        var content = new List<byte>();
        for (int i = 0; content.Count < length; i++)
            content.AddRange(SHA256.HashData(Encoding.UTF8.GetBytes($"{path}:{i}")));
        return [.. content.Take((int)length)];
    }

    public static NewFile File_(string path, long length) => new([.. path.Split('/')], length);

    /// <summary>A torrent of files whose content follows from their paths.</summary>
    public static Metainfo Make(
        string name, TorrentFormat format, int pieceLength, bool single, IEnumerable<(string Path, int Length)> files, bool isPrivate = false,
        ImmutableArray<ImmutableArray<string>> trackers = default)
    {
        NewFile[] list = [.. files.Select(f => File_(f.Path, f.Length))];
        var builder = new MetainfoBuilder(name, list, single, format, pieceLength)
        {
            IsPrivate = isPrivate,
            TrackerTiers = trackers.IsDefault ? [] : trackers,
        };
        Hash(builder, path => single ? path : $"{name}/{path}");
        return builder.Build();
    }

    /// <summary>Sets all hashes of a builder, in a way apart from the program's own: the whole space of pieces as one array.</summary>
    public static void Hash(MetainfoBuilder builder, Func<string, string> contentPath)
    {
        byte[] all = new byte[builder.TotalLength];
        foreach (TorrentFile file in builder.Files.Where(f => !f.IsPad))
        {
            byte[] content = Content(contentPath(string.Join('/', file.Path)), file.Length);
            content.CopyTo(all, file.Offset);
            for (int at = 0, piece = 0; at < content.Length && builder.Format != TorrentFormat.V1; at += builder.PieceLength, piece++)
                builder.SetLeaves(file.Index, piece, Leaves(content.AsSpan(at, Math.Min(builder.PieceLength, content.Length - at))));
        }
        for (int piece = 0; piece < builder.PieceCount && builder.Format != TorrentFormat.V2; piece++)
        {
            int start = piece * builder.PieceLength;
            builder.SetPieceHash(piece, Sha1Hash.Of(all.AsSpan(start, Math.Min(builder.PieceLength, all.Length - start))));
        }
    }

    private static Sha256Hash[] Leaves(ReadOnlySpan<byte> data)
    {
        var leaves = new List<Sha256Hash>();
        for (int at = 0; at < data.Length; at += MerkleTree.LeafBytes)
            leaves.Add(Sha256Hash.Of(data.Slice(at, Math.Min(MerkleTree.LeafBytes, data.Length - at))));
        return [.. leaves];
    }
}
