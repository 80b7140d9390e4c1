namespace Compeer.Network.Connections;

/// <summary>
/// A pooled byte buffer on its way to or from a socket. One owner at a time, who returns it once; those for
/// whom <see cref="TransferBufferPool.Keep"/> keeps a part of it return it too, and it is free when the last one did.
/// </summary>
public sealed class TransferBuffer
{
    private readonly TransferBufferPool _pool;
    private int _users;
    private bool _isKept;

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

    /// <summary>
    /// Keeps bytes of this buffer where they lie beyond the owner's <see cref="Return"/>; who kept them returns it too. False when they
    /// lie elsewhere, when the buffer is less than half full, or when too many are kept already. Only the owner may ask.
    /// </summary>
    internal bool TryKeep(ReadOnlySpan<byte> part, out ReadOnlyMemory<byte> kept)
    {
        kept = default;
        if (!Span.Overlaps(part, out int offset) || Length < Array.Length / 2 || !(_isKept || (_isKept = _pool.MayKeep())))
            return false;
        Interlocked.Increment(ref _users);
        kept = Array.AsMemory(offset, part.Length);
        return true;
    }

    /// <summary>Gives the buffer, or a kept part, back; the caller forgets it. Thread-safe.</summary>
    public void Return()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            _pool.Return(this, _isKept);
    }

    internal void Begin() => (_users, _isKept, Length, PayloadBytes) = (1, false, 0, 0);
}
