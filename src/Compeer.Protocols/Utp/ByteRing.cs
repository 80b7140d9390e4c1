using System.Buffers;

namespace Compeer.Protocols.Utp;

/// <summary>A queue of bytes in one circular buffer that doubles up to a bound, as the shared budget allows.</summary>
internal sealed class ByteRing(UtpMemory memory, int maxBytes)
{
    private const int FirstBytes = 16 << 10;

    private byte[] _buffer = [];
    private int _capacity;
    private int _start;

    /// <summary>Bytes in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that could be appended now.</summary>
    public int Room
    {
        get
        {
            if (memory.Available >= maxBytes)
                return maxBytes - Count;
            long available = memory.Available;
            int capacity = Math.Max(_capacity, FirstBytes);
            for (; capacity < maxBytes && available >= capacity; capacity *= 2)
                available -= capacity;
            return Math.Min(maxBytes, capacity) - Count;
        }
    }

    /// <summary>Appends as much as there is room for; returns how much.</summary>
    public int Write(ReadOnlySpan<byte> data)
    {
        int wanted = Math.Min(data.Length, maxBytes - Count);
        while (_capacity - Count < wanted && TryGrow())
        {
        }
        int length = Math.Min(wanted, _capacity - Count);
        int end = (_start + Count) & (_capacity - 1);
        int first = Math.Min(length, _capacity - end);
        data[..first].CopyTo(_buffer.AsSpan(end));
        data[first..length].CopyTo(_buffer);
        Count += length;
        return length;
    }

    /// <summary>Copies bytes that begin <paramref name="offset"/> after the oldest.</summary>
    public void CopyTo(int offset, Span<byte> target)
    {
        int from = (_start + offset) & (_capacity - 1);
        int first = Math.Min(target.Length, _capacity - from);
        _buffer.AsSpan(from, first).CopyTo(target);
        _buffer.AsSpan(0, target.Length - first).CopyTo(target[first..]);
    }

    /// <summary>Drops the oldest bytes.</summary>
    public void Discard(int count)
    {
        _start = (_start + count) & (_capacity - 1);
        Count -= count;
    }

    /// <summary>Gives the buffer back when nothing is in it.</summary>
    public void Trim()
    {
        if (Count == 0)
            Release();
    }

    /// <summary>Drops everything and gives the buffer back.</summary>
    public void Release()
    {
        if (_capacity > FirstBytes)
            memory.Return(_capacity - FirstBytes);
        if (_capacity > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _capacity = _start = Count = 0;
    }

    private bool TryGrow()
    {
        int capacity = Math.Max(FirstBytes, _capacity * 2);
        if (_capacity >= maxBytes || (_capacity > 0 && !memory.TryTake(_capacity)))
            return false;
        // Rented arrays may be longer; the capacity stays a power of two.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(capacity);
        int count = Count;
        if (count > 0)
            CopyTo(0, buffer.AsSpan(0, count));
        if (_capacity > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = buffer;
        _capacity = capacity;
        _start = 0;
        return true;
    }
}
