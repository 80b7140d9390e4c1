namespace Compeer.Network.Connections;

/// <summary>A pooled byte buffer on its way to or from a socket. One owner at a time; the owner returns it once.</summary>
public sealed class TransferBuffer
{
    private readonly TransferBufferPool _pool;

    internal TransferBuffer(TransferBufferPool pool, int capacityBytes)
    {
        _pool = pool;
        Array = GC.AllocateUninitializedArray<byte>(capacityBytes, pinned: true);
    }

    /// <summary>The pinned storage; bytes past <see cref="Length"/> are garbage of earlier users.</summary>
    public byte[] Array { get; }

    /// <summary>Bytes in use, from the start of <see cref="Array"/>.</summary>
    public int Length { get; set; }

    /// <summary>How many of <see cref="Length"/> are content rather than protocol: what rate limits and statistics count.</summary>
    public int PayloadBytes { get; set; }

    /// <summary>The bytes in use.</summary>
    public ReadOnlySpan<byte> Span => Array.AsSpan(0, Length);

    internal bool IsLarge => Array.Length > TransferBufferPool.SmallBytes;

    /// <summary>Gives the buffer back; the caller forgets it.</summary>
    public void Return() => _pool.Return(this);
}
