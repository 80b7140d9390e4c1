using System.Buffers;

namespace Compeer.Protocols.Yamux;

/// <summary>Bytes that came and wait to be read, in pooled arrays that go back one by one as they are emptied.</summary>
internal sealed class ChunkQueue
{
    private const int LeastBytes = 512;
    private const int MostBytes = 64 * 1024;

    private readonly Queue<byte[]> _chunks = new(1);
    private byte[]? _tail;
    private int _tailUsed;
    private int _headRead;
    private byte[]? _lent;

    public int Count { get; private set; }

    /// <summary><see cref="Lend"/> has not ended.</summary>
    public bool IsLent => _lent is not null;

    public void Append(ReadOnlySpan<byte> data)
    {
        Count += data.Length;
        while (data.Length > 0)
        {
            if (_tail is null || _tailUsed == _tail.Length)
            {
                _chunks.Enqueue(_tail = ArrayPool<byte>.Shared.Rent(Math.Clamp(data.Length, LeastBytes, MostBytes)));
                _tailUsed = 0;
            }
            int taken = Math.Min(data.Length, _tail.Length - _tailUsed);
            data[..taken].CopyTo(_tail.AsSpan(_tailUsed));
            _tailUsed += taken;
            data = data[taken..];
        }
    }

    public int Read(Span<byte> target)
    {
        int total = 0;
        while (target.Length > total && Count > 0)
        {
            int taken = Math.Min(target.Length - total, HeadEnd - _headRead);
            _chunks.Peek().AsSpan(_headRead, taken).CopyTo(target[total..]);
            total += taken;
            Drop(taken);
        }
        return total;
    }

    /// <summary>Gives the next bytes where they lie, for as long as <see cref="EndLend"/> is not called. Only where there are some.</summary>
    public ReadOnlyMemory<byte> Lend()
    {
        _lent = _chunks.Peek();
        return _lent.AsMemory(_headRead, HeadEnd - _headRead);
    }

    /// <summary>Drops so many of what was lent; 0 where all was dropped meanwhile.</summary>
    public int EndLend(int taken)
    {
        byte[] lent = _lent!;
        _lent = null;
        if (!_chunks.TryPeek(out byte[]? head) || !ReferenceEquals(head, lent))
        {
            ArrayPool<byte>.Shared.Return(lent);
            return 0;
        }
        Drop(taken);
        return taken;
    }

    /// <summary>Drops everything; what is lent stays as it is.</summary>
    public void Clear()
    {
        Count = 0;
        while (_chunks.Count > 0)
            DropHead();
    }

    private int HeadEnd => _chunks.Peek() is var head && ReferenceEquals(head, _tail) ? _tailUsed : head.Length;

    private void Drop(int taken)
    {
        Count -= taken;
        _headRead += taken;
        if (_headRead == HeadEnd)
            DropHead();
    }

    private void DropHead()
    {
        byte[] head = _chunks.Dequeue();
        if (ReferenceEquals(head, _tail))
            _tail = null;
        _headRead = 0;
        if (!ReferenceEquals(head, _lent))
            ArrayPool<byte>.Shared.Return(head);
    }
}
