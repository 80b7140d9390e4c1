using System.Net;
using System.Net.Sockets;

namespace Compeer.Network.Connections;

/// <summary>A stream over a connected TCP socket, which it owns.</summary>
public sealed class TcpPeerStream : PeerStream
{
    private readonly Socket _socket;

    /// <summary>Takes over a connected socket.</summary>
    /// <exception cref="SocketException">The socket is no longer connected.</exception>
    public TcpPeerStream(Socket socket) : this(socket, (IPEndPoint)socket.RemoteEndPoint!)
    {
    }

    /// <summary>Takes over a socket that leads to <paramref name="remote"/>, though it is connected to a proxy.</summary>
    /// <exception cref="SocketException">The socket is no longer connected.</exception>
    public TcpPeerStream(Socket socket, IPEndPoint remote)
    {
        _socket = socket;
        socket.NoDelay = true;
        Remote = EndPoints.Unmapped(remote);
        Local = EndPoints.Unmapped((IPEndPoint)socket.LocalEndPoint!);
    }

    public override IPEndPoint Remote { get; }

    public override IPEndPoint Local { get; }

    public override PeerPath Path => PeerPath.Tcp;

    /// <summary>A receive into nothing ends early when the kernel's word of bytes that were taken meanwhile comes late; one who believed it would hold a buffer for hours.</summary>
    public override async ValueTask WaitReadableAsync(CancellationToken cancellationToken)
    {
        do
            await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);
        while (!_socket.Poll(TimeSpan.Zero, SelectMode.SelectRead));
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken) =>
        _socket.ReceiveAsync(target, SocketFlags.None, cancellationToken);

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        _socket.SendAsync(data, SocketFlags.None, cancellationToken);

    public override void Dispose() => _socket.Dispose();
}
