using System.Buffers;
using Compeer.Content.Blocks;
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

    private readonly PiecePicker _picker = new(new PickerOptions(), Pieces, _ => BlocksAPiece * BlockPool.BlockBytes, new Random(1));
    private readonly BlockPool _pool = new();
    private readonly Block?[][] _pieces = [.. Enumerable.Range(0, Pieces).Select(_ => new Block?[BlocksAPiece])];
    private readonly ArrayBufferWriter<byte> _output = new(1 << 16);
    private readonly BlockRequest[] _picked = new BlockRequest[Ahead];
    private readonly Queue<BlockRequest> _asked = new(2 * Ahead);
    private readonly byte[] _message = new byte[PeerMessageWriter.PieceHeaderBytes + BlockPool.BlockBytes];
    private readonly PeerWireSession _session = WireSession.Magnet(options: new PeerWireOptions { DefaultOutstanding = Ahead });

    [Fact]
    public void Blocks_are_asked_for_received_and_put_together_without_allocating()
    {
        _session.SetPieces(Pieces, _ => BlocksAPiece * BlockPool.BlockBytes);
        _session.Feed(WireBytes.Frame(14), WireBytes.Frame(1));
        Fetch(2_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int whole = Fetch(1_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Null(_session.Closed);
        Assert.InRange(whole, 100, 125);
        Assert.True(allocated == 0, $"{allocated} bytes for 1,000 blocks");
    }

    /// <summary>Asks for blocks, answers each request in order, and gives how many pieces became whole.</summary>
    private int Fetch(int blocks)
    {
        int whole = 0;
        for (int received = 0; received < blocks; received++)
        {
            if (_asked.Count <= Ahead / 2)
                Ask();
            BlockRequest next = _asked.Dequeue();
            PeerMessageWriter.PieceHeader(_message, next);
            ReadOnlySpan<byte> data = _message;
            while (_session.TryReceive(ref data, WireSession.At(0), out PeerEvent happened))
                whole += Take(happened);
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

    private int Take(in PeerEvent block)
    {
        BlockOutcome outcome = _picker.OnBlock(0, block.Index, block.Begin, block.Length, out _);
        Block?[] piece = _pieces[block.Index];
        Block place = piece[block.Begin / BlockPool.BlockBytes] = _pool.Rent();
        place.Fill(block.Payload);
        if (outcome != BlockOutcome.PieceComplete)
            return 0;
        _picker.PieceVerified(block.Index);
        foreach (Block? whole in piece)
            _pool.Return(whole!);
        return 1;
    }
}
