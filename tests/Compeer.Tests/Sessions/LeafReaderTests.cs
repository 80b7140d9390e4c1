using System.Buffers;
using System.Net.Sockets;
using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.Sessions;

/// <summary>What a peer may ask of a seed's leaf hashes, over a real connection.</summary>
public sealed class LeafReaderTests
{
    private const int PieceLength = 1 << 20;

    [Fact]
    public async Task Leaves_are_proved_up_to_the_root_and_a_flood_of_questions_is_refused()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 40 * PieceLength, 31), TorrentFormat.V2, PieceLength);
        TorrentClient seed = swarm.Start("seed");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        TorrentFile file = metainfo.Files[0];
        int height = Metainfo.TreeHeight(file);
        HashRange[] asked = [.. Enumerable.Range(0, 40).Select(piece => HashRange.ToRoot(0, piece * (1 << metainfo.PieceLayer), 4, height))];

        (int proved, int refused) = await AskAsync(seed, metainfo, file.PiecesRoot!.Value, asked, height);

        Assert.Equal(asked.Length, proved + refused);
        Assert.InRange(proved, 16, asked.Length);
        Assert.True(refused > 0, "forty questions at once are too many");
    }

    private static async Task<(int Proved, int Refused)> AskAsync(TorrentClient seed, Metainfo metainfo, Sha256Hash root, HashRange[] asked, int height)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(seed.LocalEndPoint, limit.Token);
        var ours = new Handshake(ReservedBits.Fast | ReservedBits.Extensions | ReservedBits.V2, metainfo.InfoHashes.Truncated, PeerId.Create(new byte[12]));
        byte[] bytes = new byte[64 * 1024];
        ours.Write(bytes);
        await socket.SendAsync(bytes.AsMemory(0, Handshake.LengthBytes), limit.Token);
        for (int got = 0; got < Handshake.LengthBytes;)
            got += await socket.ReceiveAsync(bytes.AsMemory(got, Handshake.LengthBytes - got), limit.Token);
        Assert.True(Handshake.TryRead(bytes.AsSpan(0, Handshake.LengthBytes), out Handshake theirs));
        var wire = new PeerWireSession(new PeerWireOptions(), ours, theirs, MonotonicClock.Now);
        wire.SetPieces(metainfo.PieceCount, metainfo.PieceLengthAt);
        wire.SendHaveNone();
        foreach (HashRange range in asked)
            Assert.True(wire.RequestHashes(root, range));
        var output = new ArrayBufferWriter<byte>();
        wire.TryTransmit(output, MonotonicClock.Now);
        await socket.SendAsync(output.WrittenMemory, limit.Token);
        int proved = 0;
        int refused = 0;
        while (proved + refused < asked.Length)
        {
            int length = await socket.ReceiveAsync(bytes, limit.Token);
            Assert.True(length > 0, "the seed hung up");
            Count(wire, bytes.AsSpan(0, length), height, ref proved, ref refused);
        }
        return (proved, refused);
    }

    private static void Count(PeerWireSession wire, ReadOnlySpan<byte> data, int height, ref int proved, ref int refused)
    {
        while (wire.TryReceive(ref data, MonotonicClock.Now, out PeerEvent happened))
        {
            if (happened.Kind == PeerEventKind.Hashes)
            {
                Assert.True(HashProof.Verify(happened.Hashes, happened.Range, height, happened.Root));
                proved++;
            }
            else if (happened.Kind == PeerEventKind.HashReject)
            {
                refused++;
            }
        }
        Assert.Null(wire.Closed);
    }
}
