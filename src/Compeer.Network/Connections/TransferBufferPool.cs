namespace Compeer.Network.Connections;

/// <summary>
/// Recycles <see cref="TransferBuffer"/>s of three sizes, so that control traffic and single blocks do not hold large ones.
/// Thread-safe. The last one returned is the next one rented: it is likely to be in the processor's cache still.
/// Keeps at most 32 MiB of large ones, 32 MiB of blocks and 4 MiB of small ones when idle. What is in use is bounded by its users;
/// large ones of which parts are kept take at most 64 MiB, beyond which parts are copied.
/// </summary>
public sealed class TransferBufferPool
{
    /// <summary>Blocks that one large buffer carries.</summary>
    public const int BlocksPerLarge = 16;

    /// <summary>Capacity of a large buffer: sixteen framed 16 KiB blocks.</summary>
    public const int LargeBytes = BlocksPerLarge * BlockBytes;

    /// <summary>Capacity for one framed 16 KiB block.</summary>
    public const int BlockBytes = (16 * 1024) + 13;

    /// <summary>Capacity of a small buffer.</summary>
    public const int SmallBytes = 4096;

    private const int MaxPartlyKept = 256;

    private readonly Shelf[] _shelves = [new(SmallBytes, 1024), new(BlockBytes, 2048), new(LargeBytes, 128)];
    private int _onLoan;
    private int _partlyKept;

    /// <summary>Buffers rented and not returned.</summary>
    public int OnLoan => Volatile.Read(ref _onLoan);

    /// <summary>An empty buffer that holds at least <paramref name="capacityBytes"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="LargeBytes"/> is asked for.</exception>
    public TransferBuffer Rent(int capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacityBytes, LargeBytes);
        Interlocked.Increment(ref _onLoan);
        Shelf shelf = ShelfOf(capacityBytes);
        TransferBuffer buffer = shelf.TryTake() ?? new TransferBuffer(this, shelf.CapacityBytes);
        buffer.Begin();
        return buffer;
    }

    /// <summary>
    /// Keeps bytes beyond the return of the buffer that they came in: where they lie, if that is at least half full and not too many
    /// are kept so already, or copied.
    /// </summary>
    /// <param name="part">At most <see cref="LargeBytes"/>, in <paramref name="received"/> or anywhere.</param>
    /// <param name="received">What was received; the caller owns it.</param>
    /// <param name="kept">The same bytes, not to be written to.</param>
    /// <returns>The buffer that they are in, to be returned when they are not needed any more.</returns>
    public TransferBuffer Keep(ReadOnlySpan<byte> part, TransferBuffer? received, out ReadOnlyMemory<byte> kept)
    {
        if (received is not null && received.TryKeep(part, out kept))
            return received;
        TransferBuffer copy = Rent(part.Length);
        part.CopyTo(copy.Array);
        copy.Length = part.Length;
        kept = copy.Array.AsMemory(0, part.Length);
        return copy;
    }

    /// <summary>Another large buffer may stay on loan for parts of it.</summary>
    internal bool MayKeep()
    {
        if (Interlocked.Increment(ref _partlyKept) <= MaxPartlyKept)
            return true;
        Interlocked.Decrement(ref _partlyKept);
        return false;
    }

    internal void Return(TransferBuffer buffer, bool wasKept)
    {
        if (wasKept)
            Interlocked.Decrement(ref _partlyKept);
        Interlocked.Decrement(ref _onLoan);
        ShelfOf(buffer.Array.Length).Put(buffer);
    }

    private Shelf ShelfOf(int capacityBytes) => _shelves[capacityBytes <= SmallBytes ? 0 : capacityBytes <= BlockBytes ? 1 : 2];

    private sealed class Shelf(int capacityBytes, int maxKept)
    {
        private readonly Stack<TransferBuffer> _free = new();

        public int CapacityBytes => capacityBytes;

        public TransferBuffer? TryTake()
        {
            lock (_free)
                return _free.TryPop(out TransferBuffer? buffer) ? buffer : null;
        }

        public void Put(TransferBuffer buffer)
        {
            lock (_free)
            {
                if (_free.Count < maxKept)
                    _free.Push(buffer);
            }
        }
    }
}
