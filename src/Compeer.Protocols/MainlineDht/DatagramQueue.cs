using System.Buffers;

namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// Datagrams that wait to be sent, in one buffer that goes back to the pool when it is empty: a datagram costs no allocation,
/// and thousands of nodes of one process share few buffers.
/// </summary>
internal sealed class DatagramQueue
{
    private const int SmallestRented = 2048;

    private readonly Queue<(NodeEndPoint To, int Length)> _waiting = new();
    private byte[] _bytes = [];
    private int _start;
    private int _end;

    /// <summary>Datagrams that wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Adds one; copied.</summary>
    public void Enqueue(NodeEndPoint to, ReadOnlySpan<byte> datagram)
    {
        if (_end + datagram.Length > _bytes.Length)
            MakeRoom(datagram.Length);
        datagram.CopyTo(_bytes.AsSpan(_end));
        _end += datagram.Length;
        _waiting.Enqueue((to, datagram.Length));
    }

    /// <summary>Writes the oldest and forgets it; false when there is none.</summary>
    public bool TryDequeue(out NodeEndPoint to, IBufferWriter<byte> output)
    {
        to = default;
        if (!_waiting.TryDequeue(out (NodeEndPoint To, int Length) next))
            return false;
        to = next.To;
        output.Write(_bytes.AsSpan(_start, next.Length));
        _start += next.Length;
        if (_waiting.Count == 0)
        {
            _start = _end = 0;
            PooledArrays.Return(ref _bytes);
        }
        return true;
    }

    private void MakeRoom(int length)
    {
        int used = _end - _start;
        if (used + length > _bytes.Length)
            PooledArrays.Grow(ref _bytes, _start, used, Math.Max(2 * _bytes.Length, Math.Max(SmallestRented, used + length)));
        else
            _bytes.AsSpan(_start, used).CopyTo(_bytes);
        (_start, _end) = (0, used);
    }
}
