using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Compeer.Formats.Hashing;

namespace Compeer.Benchmarks.Many;

/// <summary>A peer that says hello, hears what the other side has, and then only stays.</summary>
internal sealed class ProbePeer : IDisposable
{
    private const byte HaveAll = 14;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Connects until the torrent is served: handshakes are exchanged and the other side says that it has everything.</summary>
    public static async Task<ProbePeer> ConnectAsync(int port, Sha1Hash swarm, IPAddress from)
    {
        for (int attempt = 0; ; attempt++)
        {
            var peer = new ProbePeer();
            try
            {
                await peer.GreetAsync(port, swarm, from);
                return peer;
            }
            catch (Exception e) when (e is SocketException or IOException && attempt < 1000)
            {
                peer.Dispose();
                await Task.Delay(10);
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task GreetAsync(int port, Sha1Hash swarm, IPAddress from)
    {
        _socket.Bind(new IPEndPoint(from, 0));
        await _socket.ConnectAsync(IPAddress.Loopback, port);
        byte[] hello = [19, .. "BitTorrent protocol"u8, 0, 0, 0, 0, 0, 0, 0, 0x04, .. swarm.AsSpan(), .. "-BM0001-"u8, .. RandomNumberGenerator.GetBytes(12)];
        await _socket.SendAsync(hello);
        byte[] answer = new byte[hello.Length + 5];
        for (int read = 0, got; read < answer.Length; read += got)
        {
            got = await _socket.ReceiveAsync(answer.AsMemory(read));
            if (got == 0)
                throw new IOException("The node closed the connection.");
        }
        if (answer[^1] != HaveAll)
            throw new InvalidOperationException($"The node said message {answer[^1]} first.");
    }
}
