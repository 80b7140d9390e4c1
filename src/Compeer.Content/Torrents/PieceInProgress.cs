using Compeer.Content.Hashing;
using Compeer.Network.Connections;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>The blocks of a piece in memory, until it is on the disk: where they were received, or copied.</summary>
internal sealed class PieceInProgress(int index, int lengthBytes) : WholePiece(index, lengthBytes)
{
    private readonly ReadOnlyMemory<byte>[] _blocks = new ReadOnlyMemory<byte>[(lengthBytes + BlockRequest.BlockBytes - 1) / BlockRequest.BlockBytes];
    private readonly TransferBuffer?[] _buffers = new TransferBuffer?[(lengthBytes + BlockRequest.BlockBytes - 1) / BlockRequest.BlockBytes];

    /// <summary>It failed before, so the digests of its blocks are wanted.</summary>
    public bool WantsDigests { get; set; }

    /// <summary>The digests of its blocks, where they are wanted: it failed before, or now.</summary>
    public ulong[]? Digests { get; set; }

    /// <summary>Who sent each block, noted when the piece is whole.</summary>
    public int[] Sources { get; set; } = [];

    public override IReadOnlyList<ReadOnlyMemory<byte>> Content => _blocks;

    /// <summary>Takes a block, out of what was received when it lies there.</summary>
    public void Put(int begin, ReadOnlySpan<byte> payload, TransferBuffer? received, TransferBufferPool pool)
    {
        int block = begin / BlockRequest.BlockBytes;
        _buffers[block]?.Return();
        _buffers[block] = pool.Keep(payload, received, out _blocks[block]);
    }

    /// <summary>Room for a block that the caller fills.</summary>
    public Memory<byte> Place(int begin, int blockBytes, TransferBufferPool pool)
    {
        int block = begin / BlockRequest.BlockBytes;
        TransferBuffer buffer = _buffers[block] = pool.Rent(blockBytes);
        Memory<byte> room = buffer.Array.AsMemory(0, blockBytes);
        _blocks[block] = room;
        return room;
    }

    public void Release()
    {
        foreach (ref TransferBuffer? buffer in _buffers.AsSpan())
        {
            buffer?.Return();
            buffer = null;
        }
    }
}
