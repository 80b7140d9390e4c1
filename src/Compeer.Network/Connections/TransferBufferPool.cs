namespace Compeer.Network.Connections;

/// <summary>
/// Recycles <see cref="TransferBuffer"/>s of two sizes, so that control traffic does not hold large ones. Thread-safe. The last
/// one returned is the next one rented: it is likely to be in the processor's cache still.
/// Keeps at most 32 MiB of large and 4 MiB of small buffers when idle; what is in use is bounded by its users.
/// </summary>
public sealed class TransferBufferPool
{
    /// <summary>Blocks that one large buffer carries.</summary>
    public const int BlocksPerLarge = 16;

    /// <summary>Capacity of a large buffer: sixteen framed 16 KiB blocks.</summary>
    public const int LargeBytes = BlocksPerLarge * (16 * 1024 + 13);

    /// <summary>Capacity of a small buffer.</summary>
    public const int SmallBytes = 4096;

    private const int KeptLarge = 128;
    private const int KeptSmall = 1024;

    private readonly Stack<TransferBuffer> _large = new();
    private readonly Stack<TransferBuffer> _small = new();
    private int _onLoan;

    /// <summary>Buffers rented and not returned.</summary>
    public int OnLoan => Volatile.Read(ref _onLoan);

    /// <summary>An empty buffer that holds at least <paramref name="capacityBytes"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="LargeBytes"/> is asked for.</exception>
    public TransferBuffer Rent(int capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacityBytes, LargeBytes);
        Interlocked.Increment(ref _onLoan);
        bool large = capacityBytes > SmallBytes;
        Stack<TransferBuffer> shelf = large ? _large : _small;
        TransferBuffer? buffer;
        lock (shelf)
            shelf.TryPop(out buffer);
        if (buffer is null)
            return new TransferBuffer(this, large ? LargeBytes : SmallBytes);
        buffer.Length = 0;
        buffer.PayloadBytes = 0;
        return buffer;
    }

    internal void Return(TransferBuffer buffer)
    {
        Interlocked.Decrement(ref _onLoan);
        Stack<TransferBuffer> shelf = buffer.IsLarge ? _large : _small;
        lock (shelf)
        {
            if (shelf.Count < (buffer.IsLarge ? KeptLarge : KeptSmall))
                shelf.Push(buffer);
        }
    }
}
