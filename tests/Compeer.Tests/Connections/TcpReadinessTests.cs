using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;

namespace Compeer.Tests.Connections;

/// <summary>Who waits for something to be read takes a buffer after the wait, and must not sit on it.</summary>
public sealed class TcpReadinessTests
{
    private const int Pairs = 20;
    private const int Messages = 100;
    private const int MessageBytes = 50;

    [Fact]
    public async Task After_the_wait_there_is_something_to_be_received()
    {
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen(Pairs);
        var pairs = new List<(Socket Sender, Socket Receiver)>();
        for (int i = 0; i < Pairs; i++)
        {
            var sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await sender.ConnectAsync(listening.LocalEndPoint!);
            pairs.Add((sender, await listening.AcceptAsync()));
        }
        await Task.WhenAll(pairs.Select(p => Task.WhenAll(Task.Run(() => SendAsync(p.Sender)), Task.Run(() => ReceiveAsync(p.Receiver)))));
    }

    private static async Task SendAsync(Socket socket)
    {
        for (int i = 0; i < Messages; i++)
        {
            await socket.SendAsync(new byte[MessageBytes]);
            if (i % 3 == 0)
                await Task.Yield();
        }
    }

    private static async Task ReceiveAsync(Socket socket)
    {
        using var stream = new TcpPeerStream(socket);
        byte[] buffer = new byte[4096];
        for (int received = 0; received < Messages * MessageBytes;)
        {
            await stream.WaitReadableAsync(CancellationToken.None);
            ValueTask<int> receiving = stream.ReceiveAsync(buffer, CancellationToken.None);
            Assert.True(receiving.IsCompleted);
            received += await receiving;
        }
    }
}
