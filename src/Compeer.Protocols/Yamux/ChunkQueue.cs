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

    public int Count { get; private set; }

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
            byte[] head = _chunks.Peek();
            int end = ReferenceEquals(head, _tail) ? _tailUsed : head.Length;
            int taken = Math.Min(target.Length - total, end - _headRead);
            head.AsSpan(_headRead, taken).CopyTo(target[total..]);
            total += taken;
            Count -= taken;
            _headRead += taken;
            if (_headRead == end)
                DropHead();
        }
        return total;
    }

    public void Clear()
    {
        Count = 0;
        while (_chunks.Count > 0)
            DropHead();
    }

    private void DropHead()
    {
        byte[] head = _chunks.Dequeue();
        if (ReferenceEquals(head, _tail))
            _tail = null;
        _headRead = 0;
        ArrayPool<byte>.Shared.Return(head);
    }
}
