namespace Compeer.Content.Blocks;

/// <summary>
/// Recycles 16 KiB blocks carved from pinned 1 MiB slabs. Thread-safe. Blocks on loan are bounded by the torrents'
/// own budgets of unwritten bytes; slabs once made are kept and reused.
/// </summary>
public sealed class BlockPool
{
    /// <summary>Bytes of one block: the unit that peers request and Merkle trees hash.</summary>
    public const int BlockBytes = 16 * 1024;

    private const int SlabBytes = 1 << 20;

    private readonly Lock _lock = new();
    private Block[] _free = new Block[SlabBytes / BlockBytes];
    private int _freeCount;
    private int _made;

    /// <summary>Bytes of all slabs made so far.</summary>
    public long AllocatedBytes => (long)Volatile.Read(ref _made) * BlockBytes;

    /// <summary>A block with undefined content; the caller owns it until <see cref="Return"/>.</summary>
    public Block Rent()
    {
        lock (_lock)
        {
            if (_freeCount == 0)
                AddSlab();
            return _free[--_freeCount];
        }
    }

    /// <summary>Gives a block back; the caller forgets it.</summary>
    public void Return(Block block)
    {
        block.Length = 0;
        lock (_lock)
            _free[_freeCount++] = block;
    }

    private void AddSlab()
    {
        byte[] slab = GC.AllocateUninitializedArray<byte>(SlabBytes, pinned: true);
        _made += SlabBytes / BlockBytes;
        if (_free.Length < _made)
            Array.Resize(ref _free, 2 * _made);
        for (int offset = SlabBytes - BlockBytes; offset >= 0; offset -= BlockBytes)
            _free[_freeCount++] = new Block(slab, offset);
    }
}
