using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>The tracker's UDP side: one socket and one loop that receives and answers in batches, so memory does not grow with traffic.</summary>
internal sealed class UdpTrackerListener : IAsyncDisposable
{
    // Requests have less than 300 bytes and come from everywhere, so there is nothing to coalesce.
    private const int MaxTogether = 64;
    private static readonly DatagramSocketOptions SocketOptions = new() { Slots = MaxTogether, SlotBytes = 2048, Coalesce = false };

    private readonly TrackerDesk _desk;
    private readonly DatagramSocket _socket;
    private readonly DatagramBatch _replies = new(MaxTogether, MaxTogether * UdpTrackerResponder.MaxReplyBytes);
    private readonly SocketAddress _sender;
    private readonly TaskScope _scope = new();

    private UdpTrackerListener(TrackerDesk desk, DatagramSocket socket)
    {
        _desk = desk;
        _socket = socket;
        _sender = new SocketAddress(EndPoint.AddressFamily);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => _socket.LocalEndPoint;

    /// <exception cref="IOException">The address cannot be bound.</exception>
    public static UdpTrackerListener Start(TrackerDesk desk, IPEndPoint local)
    {
        try
        {
            var listener = new UdpTrackerListener(desk, DatagramSocket.Bind(local, SocketOptions));
            listener._scope.TryRun(listener.LoopAsync);
            return listener;
        }
        catch (SocketException e)
        {
            throw new IOException($"The tracker cannot listen on UDP {local}: {SocketErrors.Describe(e.SocketErrorCode)}.", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        _socket.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _socket.ReceiveAsync(cancellationToken);
                AnswerAll();
            }
        }
        catch (OperationCanceledException)
        {
            // The tracker ends.
        }
    }

    /// <summary>A client that cannot be answered (gone, unroutable, port 0) is left out.</summary>
    private void AnswerAll()
    {
        _replies.Clear();
        while (_socket.TryTake(out ReadOnlySpan<byte> request, out ReadOnlySpan<byte> address))
        {
            address.CopyTo(_sender.Buffer.Span);
            _sender.Size = address.Length;
            var client = (IPEndPoint)EndPoint.Create(_sender);
            int length = _desk.AnswerUdp(request, client.Address, _replies.Room);
            if (length > 0)
                _replies.Add(length, address);
        }
        _socket.Send(_replies);
    }
}
