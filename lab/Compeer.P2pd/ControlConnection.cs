using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;

namespace Compeer.P2pd;

/// <summary>A TCP connection with a client: messages with their length before them, and, when it becomes one, a raw stream.</summary>
internal sealed class ControlConnection(Socket socket) : IDisposable
{
    private const int MaxBytes = 4 << 20;

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    public static async Task<ControlConnection> ConnectAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        if (!address.TryGetTcp(out IPEndPoint? endPoint))
            throw new InvalidDataException($"{address} is no TCP address.");
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new ControlConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The next message; null at the end. Not a byte is read beyond it, because what follows may be a stream.</summary>
    public async Task<byte[]?> ReadAsync(CancellationToken cancellationToken)
    {
        byte[] prefix = new byte[UnsignedVarint.MaxLength];
        ulong length = 0;
        for (int count = 0; ;)
        {
            if (count == prefix.Length || await _stream.ReadAsync(prefix.AsMemory(count, 1), cancellationToken) == 0)
                return null;
            OperationStatus status = UnsignedVarint.Read(prefix.AsSpan(0, ++count), out length, out _);
            if (status == OperationStatus.Done)
                break;
            if (status != OperationStatus.NeedMoreData)
                throw ControlRequest.Malformed();
        }
        if (length > MaxBytes)
            throw new InvalidDataException($"A request of {length} bytes is longer than {MaxBytes}.");
        byte[] message = new byte[length];
        await _stream.ReadExactlyAsync(message, cancellationToken);
        return message;
    }

    public async Task WriteAsync(byte[] message, CancellationToken cancellationToken) =>
        await _stream.WriteAsync(UnsignedVarint.Framed(message), cancellationToken);

    /// <summary>Passes everything on both ways until both sides have ended their direction.</summary>
    public async Task JoinAsync(DuplexStream peer, CancellationToken cancellationToken)
    {
        async Task InAsync()
        {
            await peer.CopyToAsync(_stream, cancellationToken);
            socket.Shutdown(SocketShutdown.Send);
        }

        async Task OutAsync()
        {
            await _stream.CopyToAsync(peer, cancellationToken);
            peer.CompleteWrites();
        }

        await Task.WhenAll(InAsync(), OutAsync());
    }

    public void Dispose() => _stream.Dispose();
}
