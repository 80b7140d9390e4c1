using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Tests.Bencoding;
using static Compeer.Tests.Torrents.TorrentParts;

namespace Compeer.Tests.Torrents;

public class MetainfoHostileTests
{
    private static readonly (string, object)[] A = V2File(5);

    public static TheoryData<string, byte[], string> Cases()
    {
        var cases = new TheoryData<string, byte[], string>();
        void Case(string name, object info, string reason) => cases.Add(name, Torrent(info), reason);
        cases.Add("not bencoded", "<html>"u8.ToArray(), "not bencoded");
        cases.Add("nothing", [], "not bencoded");
        cases.Add("a list", "le"u8.ToArray(), "no info");
        cases.Add("no info", "d8:announce1:xe"u8.ToArray(), "no info");
        cases.Add("two infos", "d4:infodee4:infodee"u8.ToArray(), "bencoded");
        Case("info is a number", 5, "not a dictionary");
        Case("info is empty", Array.Empty<(string, object)>(), "neither v1 pieces nor a v2");
        V1Cases(Case);
        V2Cases(Case);
        HybridCases(Case);
        return cases;
    }

    private static void V1Cases(Action<string, object, string> add)
    {
        add("v1: piece length 0", V1Info.With(("piece length", 0)), "piece length");
        add("v1: piece length negative", V1Info.With(("piece length", -16384)), "piece length");
        add("v1: piece length of 1 GiB", V1Info.With(("piece length", 1 << 30)), "piece length");
        add("v1: piece length of 2^63", V1Info.With(("piece length", long.MaxValue)), "piece length");
        add("v1: piece length is text", V1Info.With(("piece length", "16384")), "piece length");
        add("v1: no piece length", V1Info.With(("piece length", null)), "piece length");
        add("v1: length negative", V1Info.With(("length", -1)), "impossible");
        add("v1: length of 2^63-1", V1Info.With(("length", long.MaxValue)), "impossible");
        add("v1: no length", V1Info.With(("length", null)), "without a length");
        add("v1: no bytes at all", V1Info.With(("length", 0), ("pieces", "")), "no bytes");
        add("v1: 2^40 bytes in pieces of one", V1Info.With(("length", 1L << 40), ("piece length", 1)), "1099511627776 pieces");
        add("v1: pieces one too few", V1Info.With(("pieces", new byte[20])), "do not fit");
        add("v1: pieces one too many", V1Info.With(("pieces", new byte[60])), "do not fit");
        add("v1: pieces cut", V1Info.With(("pieces", new byte[39])), "do not fit");
        add("v1: pieces a list", V1Info.With(("pieces", Array.Empty<object>())), "do not fit");
        add("v1: files empty", V1Folder().With(("files", Array.Empty<object>())), "empty");
        add("v1: files a number", V1Folder().With(("files", 3)), "empty or not a list");
        add("v1: an entry that is text", V1Folder().With(("files", new object[] { "x" })), "without a length");
        add("v1: a path that is text", V1Folder().With(("files", new object[] { new (string, object)[] { ("length", 1), ("path", "a/b") } })), "path");
        add("v1: a path without elements", V1Folder().With(("files", new object[] { new (string, object)[] { ("length", 1), ("path", Array.Empty<object>()) } })), "path");
        add("v1: a path with a number in it", V1Folder().With(("files", new object[] { new (string, object)[] { ("length", 1), ("path", new object[] { "a", 5 }) } })), "path");
        add("v1: a file without a path", V1Folder().With(("files", new object[] { new (string, object)[] { ("length", 1) } })), "without a path");
        add("v1: a path of 5,000 bytes", V1Folder((string.Join('/', Enumerable.Repeat(new string('x', 100), 50)), 1)), "4096 bytes");
        add("v1: a path of 101 elements", V1Folder((string.Join('/', Enumerable.Repeat("x", 101)), 1)), "100 elements");
        add("v1: lengths that overflow in sum", V1Folder([.. Enumerable.Range(0, 10_000).Select(i => ($"{i}", 1L << 50))]).With(("pieces", "")), "larger in sum");
        add("v1: one negative length among others", V1Folder(("a", 40_000), ("b", -16384)), "impossible");
    }

    private static void V2Cases(Action<string, object, string> add)
    {
        (string Key, object Value)[] good = V2Info(new (string, object)[] { ("a", A) });
        add("v2: version 3", good.With(("meta version", 3)), "does not know");
        add("v2: version text", good.With(("meta version", "2")), "does not know");
        add("v2: piece length no power of two", good.With(("piece length", 20_000)), "power of two");
        add("v2: piece length below a leaf", good.With(("piece length", 8192)), "power of two");
        add("v2: no tree", good.With(("file tree", null)), "no file tree");
        add("v2: tree a list", good.With(("file tree", Array.Empty<object>())), "no file tree");
        add("v2: tree empty", V2Info(Array.Empty<(string, object)>()), "empty");
        add("v2: only empty folders", V2Info(new (string, object)[] { ("a", Array.Empty<(string, object)>()) }), "empty");
        add("v2: the tree itself a file", V2Info(A), "a file and a folder");
        add("v2: file and folder at once", V2Info(new (string, object)[] { ("a", new (string, object)[] { A[0], ("b", A) }) }), "a file and a folder");
        add("v2: properties a number", V2Info(new (string, object)[] { ("a", new (string, object)[] { ("", 5) }) }), "a file and a folder");
        add("v2: an entry that is a number", V2Info(new (string, object)[] { ("a", 5) }), "no dictionary");
        add("v2: length negative", V2Info(new (string, object)[] { ("a", V2File(-1)) }), "impossible");
        add("v2: length of 2^63-1", V2Info(new (string, object)[] { ("a", V2File(long.MaxValue)) }), "impossible");
        add("v2: lengths that overflow in sum", V2Info(new (string, object)[] { ("a", V2File(1L << 50)), ("b", V2File(1L << 50)) }), "impossible");
        add("v2: 2^36 pieces", V2Info(new (string, object)[] { ("a", V2File(1L << 50)) }), "pieces, more than");
        add("v2: no root", V2Info(new (string, object)[] { ("a", new (string, object)[] { ("", new (string, object)[] { ("length", 5) }) }) }), "root hash");
        add("v2: root of 31 bytes", V2Info(new (string, object)[] { ("a", new (string, object)[] { ("", new (string, object)[] { ("length", 5), ("pieces root", new byte[31]) }) }) }), "root hash");
        add("v2: keys unsorted", new (string, object)[] { good[1], good[0], good[2], good[3] }, "canonical");
        add("v2: a number padded", good.With(("piece length", new Raw("i016384e"u8.ToArray()))), "canonical");
        add("v2: a name twice", V2Info(new (string, object)[] { ("a", A), ("a", A) }), "twice");
        object deep = A;
        for (int i = 0; i < 90; i++)
            deep = new (string, object)[] { (new string('d', 60), deep) };
        add("v2: a path of 5,400 bytes", V2Info(deep), "4096 bytes");
        for (int i = 0; i < 30; i++)
            deep = new (string, object)[] { ("d", deep) };
        add("v2: folders in folders for ever", V2Info(deep), "nested too deeply");
    }

    private static void HybridCases(Action<string, object, string> add)
    {
        (string, object)[] tree = [("a", V2File(5)), ("b", V2File(20_000))];
        object Pad(long length) => new (string, object)[] { ("attr", "p"), ("length", length), ("path", new object[] { ".pad", $"{length}" }) };
        object Hybrid(int pieces, params object[] files) =>
            V2Info(tree).With(("files", files), ("pieces", new byte[pieces * 20]));
        Parse(Hybrid(3, Entry("a", 5), Pad(16379), Entry("b", 20_000)));
        Parse(Hybrid(3, Entry("a", 5), Pad(16379), Entry("b", 20_000), Pad(12768)));
        add("hybrid: v1 without padding", Hybrid(2, Entry("a", 5), Entry("b", 20_000)), "does not pad");
        add("hybrid: padding of a piece too much", Hybrid(4, Entry("a", 5), Pad(16379 + 16384), Entry("b", 20_000)), "does not pad");
        add("hybrid: padding before the first file", Hybrid(4, Pad(16384), Entry("a", 5), Pad(16379), Entry("b", 20_000)), "does not pad");
        add("hybrid: padding of pieces behind the last", Hybrid(4, Entry("a", 5), Pad(16379), Entry("b", 20_000), Pad(12769)), "beyond the last piece");
        add("hybrid: another length", Hybrid(3, Entry("a", 6), Pad(16378), Entry("b", 20_000)), "different files");
        add("hybrid: another path", Hybrid(3, Entry("c", 5), Pad(16379), Entry("b", 20_000)), "different files");
        add("hybrid: another order", Hybrid(3, Entry("b", 20_000), Pad(12768), Entry("a", 5)), "different files");
        add("hybrid: a file that v2 lacks", Hybrid(4, Entry("a", 5), Pad(16379), Entry("b", 20_000), Pad(12768), Entry("c", 5)), "different files");
        add("hybrid: a file that v1 lacks", Hybrid(1, Entry("a", 5)), "lacks");
        add("hybrid: pieces for one piece less", Hybrid(2, Entry("a", 5), Pad(16379), Entry("b", 20_000)), "do not fit");
        add("hybrid: a single v1 file of another name", V2Info(new (string, object)[] { ("x", A) }).With(("length", 5), ("pieces", new byte[20])), "different files");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Is_refused_with_a_reason(string name, byte[] torrent, string reason)
    {
        string error = Refusal(torrent);
        Assert.True(error.Contains(reason, StringComparison.Ordinal), $"{name}: {error}");
    }

    [Fact]
    public void A_tree_that_says_one_long_path_a_hundred_thousand_times_takes_little_memory()
    {
        object files = Enumerable.Range(0, 100_000).Select(i => ($"{i:x5}", (object)A)).ToArray();
        for (int i = 0; i < 40; i++)
            files = new (string, object)[] { (new string('d', 90), files) };
        byte[] torrent = Torrent(V2Info(files));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("too long in sum", Refusal(torrent), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200L << 20);
    }

    [Fact]
    public void More_files_than_allowed_are_refused()
    {
        var limits = new MetainfoLimits { MaxFiles = 3 };
        byte[] v1 = Torrent(V1Folder(("a", 1), ("b", 1), ("c", 1), ("d", 1)));
        byte[] v2 = Torrent(V2Info(new (string, object)[] { ("a", A), ("b", A), ("c", A), ("d", A) }));
        foreach (byte[] torrent in new[] { v1, v2 })
        {
            Assert.False(Metainfo.TryParse(torrent, limits, out _, out string error));
            Assert.Equal("it has more than 3 files", error);
            Assert.True(Metainfo.TryParse(torrent, limits with { MaxFiles = 4 }, out _, out _));
        }
    }

    [Fact]
    public void Metadata_from_peers_must_have_the_hash_of_the_link()
    {
        byte[] v1 = Bencoded.Of(V1Info);
        byte[] v2 = Bencoded.Of(V2Info(new (string, object)[] { ("a", A) }));
        Assert.True(Metainfo.TryParseInfo(v1, new InfoHashes(Sha1Hash.Of(v1), null), MetainfoLimits.Default, out _, out _));
        Assert.True(Metainfo.TryParseInfo(v2, new InfoHashes(null, Sha256Hash.Of(v2)), MetainfoLimits.Default, out _, out _));
        (byte[] Info, InfoHashes Expected)[] wrong =
        [
            (v1, new InfoHashes(Sha1Hash.Of(v2), null)), (v1, new InfoHashes(null, Sha256Hash.Of(v1))), (v2, new InfoHashes(Sha1Hash.Of(v2), null)),
            (v2, new InfoHashes(null, Sha256Hash.Of(v1))), (v1, new InfoHashes(Sha1Hash.Of(v1), Sha256Hash.Of(v2))),
        ];
        foreach ((byte[] info, InfoHashes expected) in wrong)
        {
            Assert.False(Metainfo.TryParseInfo(info, expected, MetainfoLimits.Default, out _, out string error));
            Assert.NotEmpty(error);
        }
    }

    [Theory]
    [InlineData("one bit wrong")]
    [InlineData("one hash short")]
    [InlineData("one hash more")]
    [InlineData("half a hash")]
    public void A_wrong_piece_layer_is_refused(string how)
    {
        byte[] torrent = VectorFiles.Read("single-v2.torrent");
        Metainfo good = Parse(torrent);
        byte[] layer = [.. System.Runtime.InteropServices.MemoryMarshal.AsBytes(good.GetPieceLayer(0))];
        byte[] wrong = how switch
        {
            "one hash short" => layer[..^32],
            "one hash more" => [.. layer, .. new byte[32]],
            "half a hash" => layer[..^16],
            _ => [.. layer[..^1], (byte)(layer[^1] ^ 1)],
        };
        byte[] bent = Torrent(new Raw(good.InfoBytes.ToArray()), ("piece layers", new Dictionary<string, object>
        {
            [System.Text.Encoding.Latin1.GetString(good.Files[0].PiecesRoot!.Value.AsSpan())] = wrong,
        }.Select(e => (e.Key, e.Value)).ToArray()));
        Assert.Equal("the piece layer of 'single.bin' does not lead to the file's root hash", Refusal(bent));
    }

    [Fact]
    public void Piece_layers_that_are_not_there_can_come_later()
    {
        Metainfo good = Parse(VectorFiles.Read("single-hybrid.torrent"));
        Metainfo bare = Parse(Torrent(new Raw(good.InfoBytes.ToArray())));
        Assert.False(bare.HasAllPieceLayers);
        Assert.Contains(bare.Problems, p => p.Contains("piece layers", StringComparison.Ordinal));
        Assert.False(bare.TryGetV2Piece(0, out _, out _));
        Assert.Null(bare.GetPieceTree(0));
        Assert.False(bare.TryAddPieceLayer(0, new Sha256Hash[7]));
        Assert.True(bare.TryAddPieceLayer(0, good.GetPieceLayer(0)));
        Assert.True(bare.HasAllPieceLayers);
        Assert.True(bare.TryGetV2Piece(6, out Sha256Hash root, out int height));
        Assert.Equal((good.GetPieceLayer(0)[6], 0), (root, height));
        Assert.Equal(good.Files[0].PiecesRoot, bare.GetPieceTree(0)!.Root);
        Assert.True(bare.WithTrackers([[], ["http://a.example/x"]]).HasAllPieceLayers);
    }
}
