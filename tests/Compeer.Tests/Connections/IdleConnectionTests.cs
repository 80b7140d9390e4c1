using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;

namespace Compeer.Tests.Connections;

/// <summary>What a connection holds while nothing moves: thousands of them are idle most of the time.</summary>
public sealed class IdleConnectionTests
{
    private const int Count = 50;

    [Fact]
    public async Task Idle_connections_hold_no_buffers_neither_before_nor_after_they_moved_something()
    {
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen(Count);
        var pool = new TransferBufferPool();
        var owner = new Echo(pool);
        var connections = new List<PeerConnection>();
        var remotes = new List<Socket>();
        for (int i = 0; i < Count; i++)
        {
            var remote = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await remote.ConnectAsync(listening.LocalEndPoint!);
            remotes.Add(remote);
            connections.Add(new PeerConnection(new TcpPeerStream(await listening.AcceptAsync()), pool));
            connections[i].Start(owner);
        }
        byte[] message = [1, 2, 3];
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(0, pool.OnLoan);
            foreach (Socket remote in remotes)
                await remote.SendAsync(message);
            foreach (Socket remote in remotes)
                Assert.Equal(message.Length, await remote.ReceiveAsync(new byte[16]));
            await owner.UntilSentAsync((round + 1) * Count);
        }
        Assert.Equal(0, pool.OnLoan);
        foreach (PeerConnection connection in connections)
            await connection.DisposeAsync();
        foreach (Socket remote in remotes)
            remote.Dispose();
    }

    private sealed class Echo(TransferBufferPool pool) : IConnectionOwner
    {
        private int _sent;

        public void OnReceived(PeerConnection connection, TransferBuffer buffer)
        {
            TransferBuffer answer = pool.Rent(buffer.Length);
            buffer.Span.CopyTo(answer.Array);
            answer.Length = buffer.Length;
            connection.Release(buffer);
            connection.Send(answer);
        }

        public void OnSent(PeerConnection connection, int lengthBytes, int payloadBytes) => Interlocked.Increment(ref _sent);

        public void OnClosed(PeerConnection connection, string reason)
        {
        }

        /// <summary>The sent buffers are told of just before they are given back.</summary>
        public async Task UntilSentAsync(int count)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (Volatile.Read(ref _sent) < count || pool.OnLoan > 0)
                await Task.Delay(10, deadline.Token);
        }
    }
}
