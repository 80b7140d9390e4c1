using Compeer.Formats.Torrents;

namespace Compeer.Tests.Torrents;

public class MetainfoBuilderTests
{
    public static TheoryData<TorrentFormat> Formats() => [TorrentFormat.V1, TorrentFormat.V2, TorrentFormat.Hybrid];

    [Theory]
    [InlineData(1, 16 << 10)]
    [InlineData(32_768_000, 16 << 10)]
    [InlineData(32_768_001, 32 << 10)]
    [InlineData(1L << 30, 1 << 20)]
    [InlineData(20_000_000_000, 16 << 20)]
    [InlineData(1L << 45, 16 << 20)]
    public void Chooses_the_piece_length(long total, int expected) =>
        Assert.Equal(expected, MetainfoBuilder.ChoosePieceLength(total));

    [Fact]
    public void Gives_one_to_two_thousand_pieces_where_the_size_allows()
    {
        for (long total = 33_000_000; total < 33_000_000_000; total = total * 11 / 10)
        {
            int pieceLength = MetainfoBuilder.ChoosePieceLength(total);
            Assert.InRange((total + pieceLength - 1) / pieceLength, 1000, 2000);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_order_in_which_files_are_found_does_not_matter(TorrentFormat format)
    {
        var random = new Random(1);
        InfoHashes expected = VectorFiles.Make("n", format, 16384, false, VectorFiles.Folder).InfoHashes;
        for (int i = 0; i < 10; i++)
        {
            (string, int)[] shuffled = [.. VectorFiles.Folder];
            random.Shuffle(shuffled);
            Assert.Equal(expected, VectorFiles.Make("n", format, 16384, false, shuffled).InfoHashes);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void What_is_built_is_read_the_same(TorrentFormat format)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            (string Path, int Length)[] files = [.. RandomFiles(random)];
            Metainfo made = VectorFiles.Make("torrent", format, 16384 << random.Next(3), false, files, isPrivate: seed % 2 == 0, [["http://a.example/announce"]]);
            Assert.True(Metainfo.TryParse(made.ToTorrentFile(), MetainfoLimits.Default, out Metainfo? read, out string error), $"seed {seed}: {error}");
            Assert.Empty(read.Problems);
            Assert.Equal(made.InfoHashes, read.InfoHashes);
            Assert.Equal((made.Name, made.PieceLength, made.PieceCount, made.ContentLength, made.IsPrivate), (read.Name, read.PieceLength, read.PieceCount, read.ContentLength, read.IsPrivate));
            Assert.Equal(made.Files.Select(LibtorrentVectorTests.Shape), read.Files.Select(LibtorrentVectorTests.Shape));
            Assert.True(read.HasAllPieceLayers);
            Assert.Equal(made.ToTorrentFile(), read.ToTorrentFile());
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Pieces_cover_every_byte_of_the_content_once(TorrentFormat format)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            Metainfo made = VectorFiles.Make("torrent", format, 16384, false, RandomFiles(new Random(seed)));
            long end = made.Files.Where(f => f.Length > 0).Max(f => f.Offset + f.Length);
            for (int piece = 0; piece < made.PieceCount; piece++)
            {
                int length = made.PieceLengthAt(piece);
                int data = made.DataLengthAt(piece);
                Assert.InRange(data, 1, length);
                Assert.InRange(length, 1, made.PieceLength);
                if (format == TorrentFormat.V1)
                    continue;
                (TorrentFile file, int inFile) = made.FileOfPiece(piece);
                Assert.Equal((long)piece * made.PieceLength, file.Offset + (long)inFile * made.PieceLength);
                Assert.Equal(Math.Min(made.PieceLength, file.Length - (long)inFile * made.PieceLength), data);
                Assert.True(made.TryGetV2Piece(piece, out _, out int height));
                Assert.True(data <= 16384L << height);
            }
            // The gap behind a v2 file counts as zeros that peers may ask for, so every piece is whole.
            long covered = Enumerable.Range(0, made.PieceCount).Sum(p => (long)made.PieceLengthAt(p));
            Assert.Equal(format == TorrentFormat.V2 ? (long)made.PieceCount * made.PieceLength : end, covered);
        }
    }

    [Theory]
    [InlineData("piece of 0 files", 0)]
    [InlineData("not a power of two", 20_000)]
    [InlineData("too small", 8192)]
    [InlineData("negative", -16384)]
    [InlineData("a gibibyte", 1 << 30)]
    public void Impossible_piece_lengths_are_the_callers_defect(string name, int pieceLength)
    {
        Assert.NotEmpty(name);
        NewFile[] files = pieceLength == 0 ? [] : [VectorFiles.File_("a", 1)];
        Assert.Throws<ArgumentException>(() => new MetainfoBuilder("n", files, false, TorrentFormat.V1, pieceLength));
    }

    [Theory]
    [InlineData("twice the same", "a/b", "a/b")]
    [InlineData("file and folder", "a", "a/b")]
    [InlineData("file and folder, deeper", "x/a", "x/a/b/c")]
    [InlineData("empty element", "a//b", "c")]
    [InlineData("upwards", "../b", "c")]
    [InlineData("here", "./b", "c")]
    public void Impossible_paths_are_the_callers_defect(string name, string first, string second)
    {
        Assert.NotEmpty(name);
        Assert.Throws<ArgumentException>(() => new MetainfoBuilder("n", [VectorFiles.File_(first, 1), VectorFiles.File_(second, 1)], false, TorrentFormat.V1));
    }

    [Fact]
    public void Other_misuse_is_told()
    {
        Assert.Throws<ArgumentException>(() => new MetainfoBuilder("n", [VectorFiles.File_("a", 0)], false, TorrentFormat.V1));
        Assert.Throws<ArgumentException>(() => new MetainfoBuilder("n", [VectorFiles.File_("a", -1)], false, TorrentFormat.V1));
        Assert.Throws<ArgumentException>(() => new MetainfoBuilder("n", [VectorFiles.File_("a", 1), VectorFiles.File_("b", 1)], true, TorrentFormat.V1));
        Assert.Throws<ArgumentException>(() => new MetainfoBuilder("n", [VectorFiles.File_("a", 1L << 45)], true, TorrentFormat.V2, 16384));
        Assert.Throws<ArgumentException>(() => new MetainfoBuilder("same", [VectorFiles.File_("same", 1)], false, TorrentFormat.V2));
        var builder = new MetainfoBuilder("n", [VectorFiles.File_("a", 20_000)], false, TorrentFormat.V2, 16384);
        Assert.Throws<ArgumentException>(() => builder.SetLeaves(0, 0, new Compeer.Formats.Hashing.Sha256Hash[2]));
        Assert.Throws<InvalidOperationException>(() => new MetainfoBuilder("n", [VectorFiles.File_("a", 9)], false, TorrentFormat.V2).Build());
    }

    [Fact]
    public void Names_that_are_hard_for_some_systems_stay_as_they_are_in_the_torrent()
    {
        Metainfo made = VectorFiles.Make("CON.", TorrentFormat.Hybrid, 16384, true, [("CON.", 20_000)]);
        Assert.True(Metainfo.TryParse(made.ToTorrentFile(), MetainfoLimits.Default, out Metainfo? read, out string error), error);
        Assert.Equal("_CON", read.Files[0].SafePath);
        Assert.Equal("CON.", read.Files[0].Path[0]);
    }

    private static IEnumerable<(string Path, int Length)> RandomFiles(Random random)
    {
        int[] lengths = [0, 1, 16383, 16384, 16385, 32768, 65536, 100_000];
        var paths = new SortedSet<string>(StringComparer.Ordinal);
        for (int i = random.Next(1, 12); i > 0; i--)
            paths.Add(string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => $"d{random.Next(3)}")) + $"/{"aB\u00e9 ."[random.Next(4)]}{random.Next(50)}");
        bool first = true;
        foreach (string path in paths)
        {
            yield return (path, first ? 77_777 : lengths[random.Next(lengths.Length)]);
            first = false;
        }
    }
}
