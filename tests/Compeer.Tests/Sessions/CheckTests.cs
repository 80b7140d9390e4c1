using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>Pieces that are hashed side by side are each judged by themselves.</summary>
public class CheckTests
{
    private const int PieceLength = 16 * 1024;

    [Theory]
    [InlineData(TorrentFormat.V1)]
    [InlineData(TorrentFormat.V2)]
    [InlineData(TorrentFormat.Hybrid)]
    public async Task Of_many_pieces_the_wrong_ones_are_found(TorrentFormat format)
    {
        await using var swarm = new TestSwarm();
        swarm.Folder.Write("seed/box/a.bin", 60 * PieceLength + 5);
        swarm.Folder.Write("seed/box/b.bin", 1, 2);
        swarm.Folder.Write("seed/box/c.bin", 9 * PieceLength - 1, 3);
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder["seed/box"], format, PieceLength);
        int[] wrong = [0, 3, 17, 18, 40, 60];
        byte[] content = await File.ReadAllBytesAsync(swarm.Folder["seed/box/a.bin"]);
        foreach (int piece in wrong)
            content[piece * PieceLength + piece % 5] ^= 1;
        await File.WriteAllBytesAsync(swarm.Folder["seed/box/a.bin"], content);
        Torrent torrent = TestSwarm.Add(swarm.Start("seed"), metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilAsync(torrent, s => s.Phase == TorrentPhase.Downloading);
        PieceMap map = (await torrent.GetDetailsAsync(CancellationToken.None)).Pieces;
        Assert.Equal(wrong, Enumerable.Range(0, map.Count).Where(p => map.States[p] != (byte)PieceState.Verified));
    }
}
