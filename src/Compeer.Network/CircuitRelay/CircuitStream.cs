using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;

namespace Compeer.Network.CircuitRelay;

/// <summary>A stream to a relay, or from one, in the place of a socket; owns it.</summary>
internal sealed class CircuitStream(DuplexStream stream, IPEndPoint relay, IPEndPoint local) : PeerStream
{
    // What is read to learn that there is something: the head of a frame, mostly.
    private readonly byte[] _ahead = new byte[64];
    private int _held;
    private bool _ended;

    /// <summary>The relay's endpoint.</summary>
    public override IPEndPoint Remote => relay;

    public override IPEndPoint Local => local;

    public override PeerPath Path => PeerPath.RelayedStream;

    public override async ValueTask WaitReadableAsync(CancellationToken cancellationToken)
    {
        if (_held > 0 || _ended)
            return;
        _held = await ReadAsync(_ahead, cancellationToken);
        _ended = _held == 0;
    }

    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (_held == 0)
            return _ended ? 0 : await ReadAsync(target, cancellationToken);
        int taken = Math.Min(_held, target.Length);
        _ahead.AsSpan(0, taken).CopyTo(target.Span);
        _ahead.AsSpan(taken, _held -= taken).CopyTo(_ahead);
        return taken;
    }

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(data, cancellationToken);
            return data.Length;
        }
        catch (IOException)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    public override void Dispose() => stream.Dispose();

    private async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ReadAsync(target, cancellationToken);
        }
        catch (IOException)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }
}
