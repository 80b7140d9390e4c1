using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Compeer.Formats.Hashing;

/// <summary>Cuts a message into 64-byte blocks and pads its end as SHA-1 and SHA-256 want it.</summary>
/// <remarks>Spec: FIPS 180-4, section 5.1.1.</remarks>
internal struct MessageBlocks(ReadOnlyMemory<byte> first, IReadOnlyList<ReadOnlyMemory<byte>> rest)
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 64;

    private ReadOnlyMemory<byte> _current = first;
    private int _next;
    private long _length;
    private bool _marked;
    private bool _ended;

    /// <summary>Takes the whole blocks that come next where they lie; empty when the next block has to be put together by <see cref="Fill"/>.</summary>
    public ReadOnlySpan<byte> TakeWhole()
    {
        if (_ended || !MoveToData())
            return default;
        ReadOnlySpan<byte> whole = _current.Span[..(_current.Length / BlockBytes * BlockBytes)];
        _current = _current[whole.Length..];
        _length += whole.Length;
        return whole;
    }

    /// <summary>Writes the next blocks; returns how many, 0 once the message has ended.</summary>
    /// <param name="row">Room for one block or more; its length is a multiple of the block's.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Fill(Span<byte> row)
    {
        if (_ended)
            return 0;
        int filled = 0;
        while (filled < row.Length && MoveToData())
        {
            int count = Math.Min(row.Length - filled, _current.Length);
            _current.Span[..count].CopyTo(row[filled..]);
            _current = _current[count..];
            filled += count;
        }
        _length += filled;
        return filled == row.Length ? row.Length / BlockBytes : End(row, filled);
    }

    private bool MoveToData()
    {
        while (_current.IsEmpty && _next < rest.Count)
            _current = rest[_next++];
        return !_current.IsEmpty;
    }

    /// <summary>A one bit, zeros, and the length in bits; the zeros may go on into another row.</summary>
    private int End(Span<byte> row, int filled)
    {
        if (!_marked)
            row[filled++] = 0x80;
        _marked = true;
        int end = (filled + sizeof(long) + BlockBytes - 1) / BlockBytes * BlockBytes;
        _ended = end <= row.Length;
        if (!_ended)
        {
            row[filled..].Clear();
            return row.Length / BlockBytes;
        }
        row[filled..end].Clear();
        BinaryPrimitives.WriteInt64BigEndian(row[(end - sizeof(long))..], _length * 8);
        return end / BlockBytes;
    }
}
