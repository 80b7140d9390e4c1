using System.Buffers;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

/// <summary>Per block nothing is allocated, however the bytes are cut and however many requests are in flight.</summary>
public class PeerWireAllocationTests
{
    private const int Blocks = 1_000;

    [Theory]
    [InlineData("one block outstanding, whole blocks", 1, 16_384 + 13)]
    [InlineData("2,000 blocks outstanding, whole blocks", 2_000, 16_384 + 13)]
    [InlineData("2,000 blocks outstanding, reads of 64 KiB", 2_000, 65_536)]
    [InlineData("2,000 blocks outstanding, reads of 1,448 bytes", 2_000, 1_448)]
    public void Receiving_blocks(string name, int outstanding, int readBytes)
    {
        PeerWireSession session = Serving();
        var output = new ArrayBufferWriter<byte>(1 << 20);
        byte[] stream = Stream(0, Blocks);
        for (int i = 0; i < outstanding; i++)
            Assert.True(session.Request(Block(i)));
        // Twice to grow every table, then the one that counts.
        Pump(session, output, stream, 0, outstanding, readBytes);
        Pump(session, output, Stream(Blocks, Blocks), Blocks, outstanding, readBytes);
        byte[] third = Stream(2 * Blocks, Blocks);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int received = Pump(session, output, third, 2 * Blocks, outstanding, readBytes);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(Blocks, received);
        Assert.Null(session.Closed);
        Assert.True(allocated == 0, $"{name}: {allocated} bytes for {Blocks} blocks");
    }

    [Fact]
    public void Serving_requests()
    {
        PeerWireSession session = Serving();
        session.Unchoke();
        byte[] requests = [.. Enumerable.Range(0, Blocks).SelectMany(i => WireBytes.Request(i / 2, i % 2 * 16384, 16384))];
        byte[] header = new byte[PeerMessageWriter.PieceHeaderBytes];
        Serve(session, requests, header);
        Serve(session, requests, header);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int served = Serve(session, requests, header);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(Blocks, served);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Haves_cancels_and_choking()
    {
        PeerWireSession session = Serving();
        var output = new ArrayBufferWriter<byte>(1 << 16);
        byte[] toggles = [.. WireBytes.Frame(0), .. WireBytes.Frame(1), .. WireBytes.Frame(2), .. WireBytes.Frame(3), .. WireBytes.KeepAlive];
        void Round()
        {
            for (int i = 0; i < 100; i++)
            {
                session.Request(Block(i));
                session.Cancel(Block(i));
                session.SendHave(i);
                ReadOnlySpan<byte> data = toggles;
                while (session.TryReceive(ref data, WireSession.At(0), out _))
                {
                }
            }
            output.ResetWrittenCount();
            session.TryTransmit(output, WireSession.At(0));
        }
        for (int i = 0; i < 200; i++)
            Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
    }

    private static PeerWireSession Serving()
    {
        PeerWireSession session = WireSession.Magnet(options: new PeerWireOptions { DefaultOutstanding = 2_000 });
        session.SetPieces(100_000, _ => WireSession.PieceBytes);
        session.Feed(WireBytes.Frame(14), WireBytes.Frame(1));
        return session;
    }

    private static BlockRequest Block(int i) => new(i / 2, i % 2 * 16384, 16384);

    private static byte[] Stream(int first, int count) =>
        [.. Enumerable.Range(first, count).SelectMany(i => WireBytes.Piece(i / 2, i % 2 * 16384, 16384))];

    private static int Pump(PeerWireSession session, ArrayBufferWriter<byte> output, byte[] stream, int first, int outstanding, int readBytes)
    {
        int received = 0;
        for (int at = 0; at < stream.Length; at += readBytes)
        {
            ReadOnlySpan<byte> data = stream.AsSpan(at, Math.Min(readBytes, stream.Length - at));
            while (session.TryReceive(ref data, WireSession.At(0), out PeerEvent happened))
            {
                received += happened.Kind == PeerEventKind.Block ? 1 : 0;
                session.Request(Block(first + received - 1 + outstanding));
            }
            output.ResetWrittenCount();
            session.TryTransmit(output, WireSession.At(0));
        }
        return received;
    }

    private static int Serve(PeerWireSession session, byte[] requests, byte[] header)
    {
        int served = 0;
        ReadOnlySpan<byte> data = requests;
        while (session.TryReceive(ref data, WireSession.At(0), out _))
        {
            while (session.TryTakeUpload(out BlockRequest request))
            {
                PeerMessageWriter.PieceHeader(header, request);
                served++;
            }
        }
        return served;
    }
}
