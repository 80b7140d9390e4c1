using System.Buffers;
using Compeer.Network.Connections;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Picking;
using Compeer.Tests.PeerWire;

namespace Compeer.Tests.Sessions;

/// <summary>The way of a block from its request to its whole piece allocates nothing in steady state.</summary>
public class BlockPathAllocationTests
{
    private const int BlocksAPiece = 8;
    private const int Pieces = 1_000;
    private const int Ahead = 64;

    private readonly PiecePicker _picker = new(new PickerOptions(), Pieces, _ => BlocksAPiece * BlockRequest.BlockBytes, new Random(1));
    private readonly TransferBufferPool _pool = new();
    private readonly TransferBuffer[][] _pieces = [.. Enumerable.Range(0, Pieces).Select(_ => new TransferBuffer[BlocksAPiece])];
    private readonly ArrayBufferWriter<byte> _output = new(1 << 16);
    private readonly BlockRequest[] _picked = new BlockRequest[Ahead];
    private readonly Queue<BlockRequest> _asked = new(2 * Ahead);
    private readonly PeerWireSession _session = WireSession.Magnet(options: new PeerWireOptions { DefaultOutstanding = Ahead });

    [Theory]
    [InlineData(1)]
    [InlineData(TransferBufferPool.BlocksPerLarge)]
    public void Blocks_are_asked_for_received_and_put_together_without_allocating(int blocksAtOnce)
    {
        _session.SetPieces(Pieces, _ => BlocksAPiece * BlockRequest.BlockBytes);
        _session.Feed(WireBytes.Frame(14), WireBytes.Frame(1));
        Fetch(2_000, blocksAtOnce);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int whole = Fetch(1_000, blocksAtOnce);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Null(_session.Closed);
        Assert.InRange(whole, 100, 126);
        Assert.True(allocated == 0, $"{allocated} bytes for 1,000 blocks");
    }

    /// <summary>Asks for blocks, answers each request in order, and gives how many pieces became whole.</summary>
    private int Fetch(int blocks, int atOnce)
    {
        int whole = 0;
        for (int received = 0; received < blocks; received += atOnce)
        {
            if (_asked.Count <= Ahead / 2)
                Ask();
            TransferBuffer buffer = _pool.Rent(TransferBufferPool.LargeBytes);
            for (int i = 0; i < atOnce; i++)
            {
                PeerMessageWriter.PieceHeader(buffer.Array.AsSpan(buffer.Length), _asked.Dequeue());
                buffer.Length += TransferBufferPool.BlockBytes;
            }
            ReadOnlySpan<byte> data = buffer.Span;
            while (_session.TryReceive(ref data, WireSession.At(0), out PeerEvent happened))
                whole += Take(happened, buffer);
            buffer.Return();
        }
        return whole;
    }

    private void Ask()
    {
        int count = _picker.Pick(0, _session.RemotePieces!, default, WireSession.At(0), _picked.AsSpan(0, Ahead - _asked.Count));
        foreach (BlockRequest request in _picked.AsSpan(0, count))
        {
            Assert.True(_session.Request(request));
            _asked.Enqueue(request);
        }
        _output.ResetWrittenCount();
        _session.TryTransmit(_output, WireSession.At(0));
    }

    private int Take(in PeerEvent block, TransferBuffer buffer)
    {
        BlockOutcome outcome = _picker.OnBlock(0, block.Index, block.Begin, block.Length, out _);
        TransferBuffer[] piece = _pieces[block.Index];
        piece[block.Begin / BlockRequest.BlockBytes] = _pool.Keep(block.Payload, buffer, out _);
        if (outcome != BlockOutcome.PieceComplete)
            return 0;
        _picker.PieceVerified(block.Index);
        foreach (TransferBuffer kept in piece)
            kept.Return();
        return 1;
    }
}
