using Compeer.Formats.Torrents;
using Compeer.Tests.Bencoding;
using static Compeer.Tests.Torrents.TorrentParts;

namespace Compeer.Tests.Torrents;

public class MetainfoToleranceTests
{
    private static string Tiers(Metainfo metainfo) => string.Join(" | ", metainfo.TrackerTiers.Select(t => string.Join(' ', t)));

    [Fact]
    public void Fields_around_the_content_are_read()
    {
        Metainfo metainfo = Parse(
            V1Info.With(("private", 1), ("source", "XYZ")),
            ("announce", "http://a.example/announce"), ("comment", "hello"), ("created by", "someone"), ("creation date", 1_700_000_000),
            ("nodes", new object[] { new object[] { "router.example", 6881 }, new object[] { "bad port", 0 }, "x", new object[] { "1.2.3.4", 70_000 } }),
            ("url-list", "http://seed.example/f"));
        Assert.True(metainfo.IsPrivate);
        Assert.Equal("XYZ", metainfo.Source);
        Assert.Equal(("hello", "someone", 1_700_000_000L), (metainfo.Comment, metainfo.CreatedBy, metainfo.CreationDate!.Value.ToUnixTimeSeconds()));
        Assert.Equal([new NodeAddress("router.example", 6881)], [.. metainfo.Nodes]);
        Assert.Equal(["http://seed.example/f"], [.. metainfo.WebSeeds]);
        Assert.Equal("http://a.example/announce", Tiers(metainfo));
        Assert.Empty(metainfo.Problems);
        Metainfo again = Parse(metainfo.ToTorrentFile());
        Assert.Equal(metainfo.ToTorrentFile(), again.ToTorrentFile());
        Assert.Equal([.. metainfo.Nodes], (NodeAddress[])[.. again.Nodes]);
    }

    [Fact]
    public void The_info_dictionary_is_kept_to_the_byte()
    {
        (string, object)[] odd = [("name", "file.bin"), ("length", new Raw("i020000e"u8.ToArray())), ("x-unknown", "kept"), ("piece length", PieceLength), ("pieces", new byte[40])];
        byte[] info = Bencoded.Of(odd);
        Metainfo metainfo = Parse(odd);
        Assert.Equal(info, metainfo.InfoBytes.ToArray());
        Assert.Equal(info, Parse(metainfo.ToTorrentFile()).InfoBytes.ToArray());
        Assert.Contains(metainfo.Problems, p => p.Contains("canonical", StringComparison.Ordinal));
    }

    [Fact]
    public void Odd_lists_of_trackers_are_read_as_far_as_they_go()
    {
        Assert.Equal("http://a/ udp://b:1 | https://c/", Tiers(Parse(V1Info, ("announce-list", new object[]
        {
            new object[] { "http://a/", "udp://b:1" }, Array.Empty<object>(), new object[] { "https://c/", "http://a/" },
        }))));
        Metainfo flat = Parse(V1Info, ("announce-list", new object[] { "http://a/", "http://b/" }));
        Assert.Equal("http://a/ | http://b/", Tiers(flat));
        Assert.Single(flat.Problems);
        Metainfo text = Parse(V1Info, ("announce-list", "http://a/"));
        Assert.Equal("http://a/", Tiers(text));
        Assert.Single(text.Problems);
        Metainfo bad = Parse(V1Info, ("announce", "http://main/"), ("announce-list", new object[] { new object[] { "file:///etc/passwd", 5, "javascript:x", "http://a/\r\nHost: b" } }));
        Assert.Equal("http://main/", Tiers(bad));
        Assert.Contains("4 of its tracker addresses", bad.Problems[0], StringComparison.Ordinal);
        Metainfo many = Parse(V1Info, ("announce-list", Enumerable.Range(0, 5000).Select(i => (object)new object[] { $"http://a/{i}" }).ToArray()));
        Assert.Equal(500, many.TrackerTiers.Length);
        Assert.Single(many.Problems);
    }

    [Fact]
    public void Wrong_fields_around_the_content_are_passed_over()
    {
        Metainfo metainfo = Parse(
            V1Info.With(("private", "yes"), ("source", 3)),
            ("announce", 5), ("announce-list", 5), ("comment", Array.Empty<object>()), ("creation date", long.MaxValue), ("created by", new byte[] { 0xff }),
            ("nodes", "x"), ("url-list", new object[] { "ftp://x/", 3, "http://ok/", "http://ok/" }), ("piece layers", 3));
        Assert.False(metainfo.IsPrivate);
        Assert.Null(metainfo.Source);
        Assert.Null(metainfo.Comment);
        Assert.Null(metainfo.CreatedBy);
        Assert.Null(metainfo.CreationDate);
        Assert.Empty(metainfo.TrackerTiers);
        Assert.Equal(["http://ok/"], [.. metainfo.WebSeeds]);
    }

    [Theory]
    [InlineData("upwards", "../../etc/passwd", "folder/_/_/etc/passwd")]
    [InlineData("absolute", "/etc/passwd", "folder/_/etc/passwd")]
    [InlineData("backslashes", "..\\..\\x", "folder/....x")]
    [InlineData("drive", "C:\\x", "folder/C:x")]
    [InlineData("NUL", "a\0/b", "folder/a/b")]
    [InlineData("bidi", "a\u202etxt.exe", "folder/atxt.exe")]
    [InlineData("device", "aux/con.txt", "folder/_aux/_con.txt")]
    [InlineData("blank", " / ", "folder/_/_")]
    public void Path_tricks_stay_in_the_folder(string name, string path, string expected)
    {
        Assert.NotEmpty(name);
        Metainfo v1 = Parse(V1Folder((path, 5), ("other", 5)));
        Assert.Equal(expected, v1.Files[0].SafePath);
        object tree = V2File(5);
        foreach (string element in path.Split('/').Reverse())
            tree = new (string, object)[] { (System.Text.Encoding.Latin1.GetString(System.Text.Encoding.UTF8.GetBytes(element)), tree) };
        // An empty name in a tree means a file's properties; such a tree is refused.
        if (!path.StartsWith('/'))
            Assert.Equal(expected, Parse(V2Info(tree)).Files[0].SafePath);
    }

    [Theory]
    [InlineData("../up", "..up")]
    [InlineData("..", "_")]
    [InlineData("/", "_")]
    [InlineData("a/b\\c", "abc")]
    public void The_name_itself_plays_no_tricks(string name, string expected)
    {
        Assert.Equal(expected, Parse(V1Info.With(("name", name))).Files[0].SafePath);
        Metainfo folder = Parse(V1Folder(("x", 5)).With(("name", name)));
        Assert.Equal((expected, expected + "/x"), (folder.Name, folder.Files[0].SafePath));
    }

    [Fact]
    public void Without_a_name_the_hash_serves()
    {
        Metainfo metainfo = Parse(V1Info.With(("name", null)));
        Assert.Equal(metainfo.InfoHashes.V1.ToString(), metainfo.Name);
        Assert.Single(metainfo.Problems);
    }

    [Fact]
    public void Clashing_paths_get_names_of_their_own()
    {
        Metainfo metainfo = Parse(V1Folder(
            ("a.txt", 1), ("a.txt", 1), ("A.TXT", 1), ("a.txt\u200b", 1), ("d", 1), ("d/x", 1), ("d/y", 1), ("D/x", 1), ("e/f", 1), ("e", 1), ("a~1.txt", 1)));
        string[] paths = [.. metainfo.Files.Select(f => f.SafePath)];
        Assert.Equal("folder/a.txt", paths[0]);
        Assert.Equal(["folder/d~1/x", "folder/d~1/y"], paths[5..7]);
        Assert.Equal(paths.Length, paths.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        foreach (string path in paths)
            Assert.DoesNotContain(paths, other => other.StartsWith(path + "/", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("clash", metainfo.Problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_thousand_files_of_one_name_are_told_apart_quickly()
    {
        Metainfo metainfo = Parse(V1Folder([.. Enumerable.Range(0, 100_000).Select(_ => ("same.bin", 1L))]));
        Assert.Equal(100_000, metainfo.Files.Select(f => f.SafePath).Distinct().Count());
    }

    [Fact]
    public void Links_take_no_room_and_never_point_outside()
    {
        (string, object)[] link = [("attr", "l"), ("length", 99), ("path", new object[] { "link" }), ("symlink path", new object[] { "..", "..", "etc", "passwd" })];
        Metainfo v1 = Parse(V1Folder().With(("files", new object[] { link, Entry("a", 5) }), ("pieces", new byte[20])));
        Assert.Equal((0L, 0L, "_/_/etc/passwd"), (v1.Files[0].Length, v1.Files[1].Offset, v1.Files[0].SymlinkTarget));
        // BEP 47 lets links go without a length, and libtorrent writes them so.
        object node = new (string, object)[] { ("", new (string, object)[] { ("attr", "xl"), ("symlink path", new object[] { "a" }) }) };
        Metainfo v2 = Parse(V2Info(new (string, object)[] { ("a", V2File(5)), ("link", node) }));
        Assert.Equal((0L, "a"), (v2.Files[1].Length, v2.Files[1].SymlinkTarget));
    }

    [Fact]
    public void Padding_may_go_without_a_path()
    {
        object pad = new (string, object)[] { ("attr", "p"), ("length", 16379) };
        Metainfo metainfo = Parse(V1Folder().With(("files", new object[] { Entry("a", 5), pad, Entry("b", 5) }), ("pieces", new byte[40])));
        Assert.True(metainfo.Files[1].IsPad);
        Assert.Equal((10L, 16384L), (metainfo.ContentLength, metainfo.Files[2].Offset));
        Assert.Equal(5, metainfo.DataLengthAt(0));
    }

    [Fact]
    public void A_v2_file_that_calls_itself_padding_is_a_file()
    {
        object Node(long length) => new (string, object)[] { ("", new (string, object)[] { ("attr", "p"), ("length", length), ("pieces root", Root(length)) }) };
        Metainfo metainfo = Parse(V2Info(new (string, object)[] { ("a", Node(5)), ("b", Node(5)) }));
        Assert.DoesNotContain(metainfo.Files, f => f.IsPad);
        Assert.Equal(2, metainfo.Files.Select(f => f.SafePath).Distinct().Count());
    }

    [Fact]
    public void Any_piece_length_will_do_for_v1()
    {
        Metainfo metainfo = Parse(V1Info.With(("piece length", 19_999)));
        Assert.Equal((2, 19_999, 1), (metainfo.PieceCount, metainfo.PieceLengthAt(0), metainfo.PieceLengthAt(1)));
        Assert.Equal(1, Parse(V1Info.With(("piece length", 512 << 20), ("pieces", new byte[20]))).PieceCount);
    }

    [Fact]
    public void Names_that_are_not_utf8_are_replaced_and_told()
    {
        object entry = new (string, object)[] { ("length", 5), ("path", new object[] { new byte[] { (byte)'a', 0xe4 } }) };
        Metainfo metainfo = Parse(V1Folder().With(("files", new[] { entry }), ("pieces", new byte[20])));
        Assert.Equal("folder/a\ufffd", metainfo.Files[0].SafePath);
        Assert.Single(metainfo.Problems);
        object better = new (string, object)[] { ("length", 5), ("path", new object[] { new byte[] { 0xe4 } }), ("path.utf-8", new object[] { "\u00e4" }) };
        Assert.Equal("folder/\u00e4", Parse(V1Folder().With(("files", new[] { better }), ("pieces", new byte[20]))).Files[0].SafePath);
    }

    [Fact]
    public void A_newline_after_the_torrent_harms_nothing_but_other_bytes_do()
    {
        byte[] torrent = Torrent(V1Info);
        Assert.Equal(20_000, Parse([.. torrent, (byte)'\r', (byte)'\n', 0]).ContentLength);
        Assert.Contains("unexpected bytes", Refusal([.. torrent, (byte)'x']), StringComparison.Ordinal);
    }

    [Fact]
    public void A_v1_torrent_that_says_it_is_version_one_is_v1() =>
        Assert.Equal(TorrentFormat.V1, Parse(V1Info.With(("meta version", 1))).Format);

    [Fact]
    public void Files_of_the_same_content_share_a_piece_layer()
    {
        Metainfo good = Parse(VectorFiles.Read("single-v2.torrent"));
        object node = new (string, object)[] { ("", new (string, object)[] { ("length", 100_001), ("pieces root", good.Files[0].PiecesRoot!.Value.ToArray()) }) };
        byte[] layer = [.. System.Runtime.InteropServices.MemoryMarshal.AsBytes(good.GetPieceLayer(0))];
        Metainfo two = Parse(V2Info(new (string, object)[] { ("a", node), ("b", node) }),
            ("piece layers", new (string, object)[] { (System.Text.Encoding.Latin1.GetString(good.Files[0].PiecesRoot!.Value.AsSpan()), layer) }));
        Assert.True(two.HasAllPieceLayers);
        Assert.Equal(14, two.PieceCount);
        Assert.Equal(two.GetPieceLayer(0).ToArray(), two.GetPieceLayer(1).ToArray());
    }
}
