namespace Compeer.Content.Blocks;

/// <summary>One block of a piece in memory: a slice of a pinned slab.</summary>
public sealed class Block
{
    private readonly byte[] _slab;
    private readonly int _offset;

    internal Block(byte[] slab, int offset)
    {
        _slab = slab;
        _offset = offset;
    }

    /// <summary>Bytes in use, 0..16,384.</summary>
    public int Length { get; internal set; }

    /// <summary>The bytes in use.</summary>
    public ReadOnlyMemory<byte> Memory => _slab.AsMemory(_offset, Length);

    /// <summary>The bytes in use.</summary>
    public ReadOnlySpan<byte> Span => _slab.AsSpan(_offset, Length);

    /// <summary>Copies a block's payload in.</summary>
    /// <exception cref="ArgumentException">It is longer than a block.</exception>
    public void Fill(ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(_slab.AsSpan(_offset, BlockPool.BlockBytes));
        Length = payload.Length;
    }
}
