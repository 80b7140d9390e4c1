using Compeer.Formats.Torrents;

namespace Compeer.Tests.Torrents;

/// <summary>Against torrents that libtorrent made of the same bytes.</summary>
public class LibtorrentVectorTests
{
    public static TheoryData<string, string, string> All()
    {
        var data = new TheoryData<string, string, string>();
        foreach ((string name, string v1, string v2) in VectorFiles.Expected())
            data.Add(name, v1, v2);
        return data;
    }

    private static Metainfo Parse(string name)
    {
        Assert.True(Metainfo.TryParse(VectorFiles.Read(name), MetainfoLimits.Default, out Metainfo? metainfo, out string error), error);
        return metainfo;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Is_read_with_the_same_hashes_and_without_problems(string name, string v1, string v2)
    {
        Metainfo metainfo = Parse(name);
        Assert.Equal(v1, metainfo.InfoHashes.V1?.ToString() ?? "-");
        Assert.Equal(v2, metainfo.InfoHashes.V2?.ToString() ?? "-");
        Assert.Empty(metainfo.Problems);
        Assert.True(metainfo.HasAllPieceLayers);
        Assert.Equal("libtorrent 2.0.8.0", metainfo.CreatedBy);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Written_again_it_is_byte_for_byte_the_same(string name, string v1, string v2)
    {
        Assert.True(v1.Length + v2.Length > 2);
        byte[] bytes = VectorFiles.Read(name);
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(Parse(name).ToTorrentFile()));
    }

    [Theory]
    [InlineData("folder-v1.torrent", TorrentFormat.V1)]
    [InlineData("folder-v2.torrent", TorrentFormat.V2)]
    [InlineData("folder-hybrid.torrent", TorrentFormat.Hybrid)]
    public void The_same_folder_gives_the_same_info_dictionary(string vector, TorrentFormat format) =>
        Same(vector, VectorFiles.Make("nested", format, 32768, single: false, VectorFiles.Folder));

    [Theory]
    [InlineData("single-v1.torrent", TorrentFormat.V1)]
    [InlineData("single-v2.torrent", TorrentFormat.V2)]
    [InlineData("single-hybrid.torrent", TorrentFormat.Hybrid)]
    public void The_same_file_of_many_pieces_gives_the_same_info_dictionary(string vector, TorrentFormat format) =>
        Same(vector, VectorFiles.Make("single.bin", format, 16384, single: true, [("single.bin", 100_001)]));

    [Theory]
    [InlineData("small-v1.torrent", TorrentFormat.V1)]
    [InlineData("small-v2.torrent", TorrentFormat.V2)]
    [InlineData("small-hybrid.torrent", TorrentFormat.Hybrid)]
    public void The_same_file_below_a_piece_gives_the_same_info_dictionary(string vector, TorrentFormat format) =>
        Same(vector, VectorFiles.Make("small.txt", format, 16384, single: true, [("small.txt", 9)]));

    [Theory]
    [InlineData("alone-v2.torrent", TorrentFormat.V2)]
    [InlineData("alone-hybrid.torrent", TorrentFormat.Hybrid)]
    public void The_same_folder_of_one_file_gives_the_same_info_dictionary_and_stays_a_folder(string vector, TorrentFormat format)
    {
        Metainfo made = VectorFiles.Make("alone", format, 32768, single: false, [("only.bin", 40_000)]);
        Same(vector, made);
        Assert.Equal("alone/only.bin", made.Files[0].SafePath);
        Assert.Equal("alone/only.bin", Parse(vector).Files[0].SafePath);
    }

    [Fact]
    public void The_same_private_torrent_with_trackers_gives_the_same_file_but_for_the_author()
    {
        Metainfo made = VectorFiles.Make(
            "single.bin", TorrentFormat.Hybrid, 16384, single: true, [("single.bin", 100_001)], isPrivate: true,
            [["http://a.example/announce", "udp://b.example:6969"], ["https://c.example/x"]]);
        Metainfo theirs = Parse("private-hybrid.torrent");
        Assert.True(theirs.IsPrivate);
        Assert.Equal(made.TrackerTiers.Select(t => string.Join(' ', t)), theirs.TrackerTiers.Select(t => string.Join(' ', t)));
        Same("private-hybrid.torrent", made);
    }

    [Fact]
    public void Padding_in_a_v1_torrent_is_known_as_padding()
    {
        Metainfo padded = Parse("folder-v1-padded.torrent");
        Assert.Equal(TorrentFormat.V1, padded.Format);
        Assert.Equal(VectorFiles.Folder.Sum(f => f.Length), padded.ContentLength);
        Assert.All(padded.Files.Where(f => !f.IsPad && f.Length > 0), f => Assert.Equal(0, f.Offset % 32768));
    }

    private static void Same(string vector, Metainfo made)
    {
        Metainfo theirs = Parse(vector);
        Assert.Equal(Convert.ToHexString(theirs.InfoBytes.Span), Convert.ToHexString(made.InfoBytes.Span));
        Assert.Equal(theirs.InfoHashes, made.InfoHashes);
        Assert.Equal(theirs.Files.Select(Shape), made.Files.Select(Shape));
        foreach (TorrentFile file in made.Files)
            Assert.True(made.GetPieceLayer(file.Index).SequenceEqual(theirs.GetPieceLayer(file.Index)));
    }

    internal static object Shape(TorrentFile file) =>
        (file.Index, string.Join('/', file.Path), file.SafePath, file.Length, file.Offset, file.IsPad, file.IsExecutable, file.PiecesRoot);
}
