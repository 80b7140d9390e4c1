using Compeer.Content.Creation;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;
using Compeer.Tests.Sessions;

namespace Compeer.Tests.Creation;

/// <summary>Creation and verification read in batches of many pieces; the hashes are those of each piece by itself.</summary>
public class OnePassTests
{
    private const int PieceLength = 16 * 1024;

    [Theory]
    [InlineData(TorrentFormat.V1)]
    [InlineData(TorrentFormat.V2)]
    [InlineData(TorrentFormat.Hybrid)]
    public async Task Files_of_awkward_lengths_are_whole_until_a_byte_changes(TorrentFormat format)
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder["share"]);
        int[] lengths = [0, 1, PieceLength, PieceLength + 1, (200 * PieceLength) - 7, 3 * PieceLength, 5];
        for (int i = 0; i < lengths.Length; i++)
            await File.WriteAllBytesAsync(Path.Combine(folder["share"], $"{i}.bin"), Bytes(i, lengths[i]));
        Metainfo metainfo = await TestSwarm.CreateAsync(folder["share"], format, PieceLength);
        string parent = Path.GetDirectoryName(folder["share"])!;
        Assert.True((await ContentVerifier.VerifyAsync(metainfo, parent, CancellationToken.None)).IsWhole);

        string victim = Path.Combine(folder["share"], "4.bin");
        byte[] content = await File.ReadAllBytesAsync(victim);
        content[^1] ^= 1;
        await File.WriteAllBytesAsync(victim, content);
        ContentReport report = await ContentVerifier.VerifyAsync(metainfo, parent, CancellationToken.None);
        Assert.Equal(1, report.BadPieces);
        Assert.Contains(report.Files, f => f.File.SafePath.EndsWith("4.bin", StringComparison.Ordinal) && f.Condition == FileCondition.Damaged);
    }

    [Fact]
    public async Task Hashes_are_those_of_the_bytes()
    {
        using var folder = new TestFolder();
        byte[] content = Bytes(9, (150 * PieceLength) + 100);
        await File.WriteAllBytesAsync(folder["one.bin"], content);
        Metainfo metainfo = await TestSwarm.CreateAsync(folder["one.bin"], TorrentFormat.Hybrid, PieceLength);
        byte[][] pieces = [.. content.Chunk(PieceLength)];
        Assert.Equal(pieces.Select(p => Sha1Hash.Of(p)), Enumerable.Range(0, pieces.Length).Select(metainfo.GetV1PieceHash));
        Sha256Hash[] leaves = [.. pieces.Select(p => Sha256Hash.Of(p))];
        Assert.Equal(MerkleTree.Root(leaves, 0, MerkleTree.Height(leaves.Length)), metainfo.Files[0].PiecesRoot);
    }

    private static byte[] Bytes(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
