using System.Net;
using System.Net.Sockets;

namespace Compeer.Network.Outbound;

/// <summary>Opens a TCP connection to one of several addresses that were checked before; resolves nothing itself.</summary>
internal static class TcpDial
{
    /// <summary>Tries the addresses in turn, each for <paramref name="timeout"/>.</summary>
    /// <exception cref="SocketException">None answers; the last one's reason.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<Socket> ConnectAsync(
        IReadOnlyList<IPAddress> addresses, int port, IPAddress? bind, TimeSpan timeout, CancellationToken cancellationToken)
    {
        SocketException? last = null;
        foreach (IPAddress address in addresses)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(timeout);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                BindTo(socket, bind);
                await socket.ConnectAsync(new IPEndPoint(address, port), limit.Token);
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                last = e;
            }
            catch (OperationCanceledException)
            {
                socket.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
                last = new SocketException((int)SocketError.TimedOut);
            }
        }
        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>Sends from the address that the user chose, when it is of the socket's family.</summary>
    public static void BindTo(Socket socket, IPAddress? local)
    {
        if (local is not null && local.AddressFamily == socket.AddressFamily)
            socket.Bind(new IPEndPoint(local, 0));
    }
}
