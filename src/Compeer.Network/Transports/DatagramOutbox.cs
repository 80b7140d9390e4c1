using System.Buffers;
using System.Net;

namespace Compeer.Network.Transports;

/// <summary>
/// Lets what a batch of received datagrams leads to leave together: from <see cref="Begin"/> to <see cref="End"/> datagrams of one path
/// are gathered, otherwise they are sent at once. Holds memory within a batch only. Not thread-safe.
/// </summary>
internal sealed class DatagramOutbox
{
    private const int MaxTogether = 64;

    private readonly OutgoingDatagram[] _datagrams = new OutgoingDatagram[MaxTogether];
    private IDatagramPath? _path;
    private byte[]? _buffer;
    private int _count;
    private int _bytes;

    /// <summary>What is added from here on may wait for <see cref="End"/>.</summary>
    public void Begin() => _buffer ??= ArrayPool<byte>.Shared.Rent(DatagramSocketOptions.LongestBytes);

    /// <summary>Sends a datagram, or keeps a copy of it until the batch ends, another path is used, or there is no more room.</summary>
    public void Add(IDatagramPath path, ReadOnlySpan<byte> datagram, IPEndPoint to)
    {
        if (_buffer is null || datagram.Length > _buffer.Length)
        {
            path.TrySend(datagram, to);
            return;
        }
        if (path != _path || _count == MaxTogether || datagram.Length > _buffer.Length - _bytes)
            Flush();
        _path = path;
        datagram.CopyTo(_buffer.AsSpan(_bytes));
        _datagrams[_count++] = new OutgoingDatagram(datagram.Length, to, DontFragment: false);
        _bytes += datagram.Length;
    }

    /// <summary>Sends what was kept.</summary>
    public void End()
    {
        Flush();
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
        (_path, _buffer) = (null, null);
    }

    private void Flush()
    {
        if (_count > 0)
            _path!.Send(_buffer.AsSpan(0, _bytes), _datagrams.AsSpan(0, _count));
        _count = _bytes = 0;
    }
}
