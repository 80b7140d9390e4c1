using Compeer.Content.Blocks;

namespace Compeer.Content.Torrents;

/// <summary>The blocks of a piece in memory, until it is on the disk.</summary>
internal sealed class PieceInProgress(int index, int lengthBytes)
{
    private readonly Block?[] _blocks = new Block?[(lengthBytes + BlockPool.BlockBytes - 1) / BlockPool.BlockBytes];

    public int Index { get; } = index;

    public int LengthBytes { get; } = lengthBytes;

    /// <summary>It failed before, so the digests of its blocks are wanted.</summary>
    public bool WantsDigests { get; set; }

    /// <summary>Who sent each block, noted when the piece is whole.</summary>
    public int[] Sources { get; set; } = [];

    public IReadOnlyList<ReadOnlyMemory<byte>> Content
    {
        get
        {
            var parts = new ReadOnlyMemory<byte>[_blocks.Length];
            for (int i = 0; i < parts.Length; i++)
                parts[i] = _blocks[i]!.Memory;
            return parts;
        }
    }

    public void Put(int begin, ReadOnlySpan<byte> payload, BlockPool pool)
    {
        ref Block? block = ref _blocks[begin / BlockPool.BlockBytes];
        block ??= pool.Rent();
        block.Fill(payload);
    }

    public void Release(BlockPool pool)
    {
        for (int i = 0; i < _blocks.Length; i++)
        {
            if (_blocks[i] is { } block)
                pool.Return(block);
            _blocks[i] = null;
        }
    }
}
