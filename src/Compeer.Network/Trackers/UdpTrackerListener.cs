using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>The tracker's UDP side: one socket, one loop, two buffers, so memory does not grow with traffic.</summary>
internal sealed class UdpTrackerListener : IAsyncDisposable
{
    private const int ReceiveBytes = 2048;
    private const int MaxErrorsInARow = 1000;

    private readonly TrackerDesk _desk;
    private readonly Socket _socket;
    private readonly TaskScope _scope = new();

    private UdpTrackerListener(TrackerDesk desk, Socket socket)
    {
        _desk = desk;
        _socket = socket;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <exception cref="IOException">The address cannot be bound.</exception>
    public static UdpTrackerListener Start(TrackerDesk desk, IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (local.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = local.Address.Equals(IPAddress.IPv6Any);
            socket.Bind(local);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"The tracker cannot listen on UDP {local}: {SocketErrors.Describe(e.SocketErrorCode)}.", e);
        }
        var listener = new UdpTrackerListener(desk, socket);
        listener._scope.TryRun(listener.LoopAsync);
        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        _socket.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        byte[] datagram = new byte[ReceiveBytes];
        byte[] reply = new byte[UdpTrackerResponder.MaxReplyBytes];
        var sender = new SocketAddress(_socket.AddressFamily);
        int errors = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                int received = await _socket.ReceiveFromAsync(datagram, SocketFlags.None, sender, cancellationToken);
                var client = (IPEndPoint)EndPoint.Create(sender);
                int length = _desk.AnswerUdp(datagram.AsSpan(0, received), client.Address, reply);
                if (length > 0)
                    await _socket.SendToAsync(reply.AsMemory(0, length), SocketFlags.None, sender, cancellationToken);
                errors = 0;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException) when (++errors < MaxErrorsInARow)
            {
                // One client cannot be answered (gone, unroutable, port 0); the others can.
            }
        }
    }
}
