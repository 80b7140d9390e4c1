using Compeer.Formats.Torrents;

namespace Compeer.Tests.Torrents;

public class MetainfoPropertyTests
{
    public static TheoryData<string> Torrents() => ["folder-v1.torrent", "folder-v2.torrent", "folder-hybrid.torrent", "private-hybrid.torrent"];

    [Theory]
    [MemberData(nameof(Torrents))]
    public void Cut_at_any_byte_it_is_refused(string name)
    {
        byte[] torrent = VectorFiles.Read(name);
        for (int length = 0; length < torrent.Length; length++)
        {
            Assert.False(Metainfo.TryParse(torrent.AsMemory(0, length), MetainfoLimits.Default, out _, out string error), $"{length} bytes");
            Assert.NotEmpty(error);
        }
    }

    [Theory]
    [MemberData(nameof(Torrents))]
    public void With_any_byte_changed_it_is_refused_or_whole(string name)
    {
        byte[] torrent = VectorFiles.Read(name);
        var random = new Random(7);
        for (int at = 0; at < torrent.Length; at++)
        {
            for (int i = 0; i < 4; i++)
            {
                byte[] changed = [.. torrent];
                changed[at] = i == 0 ? (byte)random.Next(256) : "0123456789ilde:-p"u8[random.Next(17)];
                if (Metainfo.TryParse(changed, MetainfoLimits.Default, out Metainfo? metainfo, out string error))
                    Use(metainfo);
                else
                    Assert.NotEmpty(error);
            }
        }
    }

    [Fact]
    public void Random_structures_are_refused_or_whole()
    {
        int[] accepted = new int[3];
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            object info = RandomInfo(random);
            if (Metainfo.TryParse(TorrentParts.Torrent(info), MetainfoLimits.Default, out Metainfo? metainfo, out string error))
            {
                Use(metainfo);
                accepted[(int)metainfo.Format]++;
            }
            else
            {
                Assert.True(error.Length > 10, $"seed {seed}: {error}");
            }
        }
        Assert.True(accepted[(int)TorrentFormat.V1] > 100 && accepted[(int)TorrentFormat.V2] > 100, string.Join(' ', accepted));
    }

    /// <summary>Everything that the program does with a torrent can be done.</summary>
    private static void Use(Metainfo metainfo)
    {
        long end = 0;
        for (int piece = 0; piece < metainfo.PieceCount; piece++)
        {
            Assert.InRange(metainfo.DataLengthAt(piece), 1, metainfo.PieceLengthAt(piece));
            end += metainfo.PieceLengthAt(piece);
            if (metainfo.Format != TorrentFormat.V2)
                metainfo.GetV1PieceHash(piece);
            if (metainfo.Format == TorrentFormat.V1)
                continue;
            (TorrentFile file, int inFile) = metainfo.FileOfPiece(piece);
            Assert.True((long)inFile * metainfo.PieceLength < file.Length);
            metainfo.TryGetV2Piece(piece, out _, out _);
        }
        Assert.True(end >= metainfo.ContentLength);
        foreach (TorrentFile file in metainfo.Files)
        {
            Assert.True(file.Index >= 0 && metainfo.Files[file.Index] == file);
            Assert.True(file.Length >= 0 && file.Offset >= 0);
            metainfo.GetPieceTree(file.Index);
            string[] elements = file.SafePath.Split('/');
            Assert.DoesNotContain(elements, e => e is "" or "." or ".." || e.Contains('\\', StringComparison.Ordinal));
        }
        string[] real = [.. metainfo.Files.Where(f => !f.IsPad).Select(f => f.SafePath)];
        Assert.Equal(real.Length, real.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.True(Metainfo.TryParse(metainfo.ToTorrentFile(), MetainfoLimits.Default, out Metainfo? again, out string error), error);
        Assert.Equal(metainfo.InfoHashes, again.InfoHashes);
    }

    private static object RandomInfo(Random random)
    {
        int[] lengths = [0, 1, 5, 16384, 20_000, 40_000];
        string[] names = ["a", "b", "A", "..", "", "c", "\0", "CON"];
        string Name() => names[random.Next(names.Length)];
        int Length() => random.Next(30) == 0 ? -1 : lengths[random.Next(lengths.Length)];
        object Entry()
        {
            int length = Length();
            object[] path = [.. Enumerable.Range(0, random.Next(random.Next(10) == 0 ? 0 : 1, 4)).Select(_ => (object)Name())];
            return random.Next(3) == 0
                ? new (string, object)[] { ("attr", "plhx"[random.Next(4)].ToString()), ("length", length), ("path", path) }
                : new (string, object)[] { ("length", length), ("path", path) };
        }
        (string, object)[] Node(int depth)
        {
            if (depth > 2 || random.Next(3) == 0)
                return TorrentParts.V2File(Length());
            return [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Name()).Where(n => n.Length > 0).Distinct().Order(StringComparer.Ordinal).Select(n => (n, (object)Node(depth + 1)))];
        }
        var info = new SortedDictionary<string, object>(StringComparer.Ordinal) { ["name"] = Name(), ["piece length"] = 16384 };
        if (random.Next(2) == 0)
        {
            info["meta version"] = 2;
            info["file tree"] = new (string, object)[] { ("r", Node(0)) };
        }
        if (random.Next(3) > 0)
            info["pieces"] = new byte[20 * random.Next(8)];
        if (random.Next(2) == 0)
            info["length"] = Length();
        else
            info["files"] = Enumerable.Range(0, random.Next(5)).Select(_ => Entry()).ToArray();
        return info.Select(e => (e.Key, e.Value)).ToArray();
    }
}
