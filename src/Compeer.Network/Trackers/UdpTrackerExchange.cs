using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>
/// Drives one <see cref="UdpTrackerSession"/> over a socket of its own. The socket is connected, so the system drops
/// datagrams from anywhere but the tracker, and its random port makes answers hard to forge.
/// </summary>
internal sealed class UdpTrackerExchange(TrackerClientOptions options)
{
    /// <summary>A tracker without a port in its address is asked here, as other clients do.</summary>
    public const int DefaultPort = 80;

    // Room for several hundred peers; what a larger datagram holds beyond it is cut off.
    private const int ReceiveBytes = 16 * 1024;

    /// <summary>Starts a request with <paramref name="begin"/> and runs it until there is an outcome or a failure of the network.</summary>
    public async Task<(UdpTrackerSession Session, TrackerFailure? Failure)> RunAsync(
        Uri url, IPAddress address, Action<UdpTrackerSession> begin, CancellationToken cancellationToken)
    {
        var session = new UdpTrackerSession(options.Udp, address.AddressFamily == AddressFamily.InterNetworkV6, SecureRandom.Instance);
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            TcpDial.BindTo(socket, options.Bind);
            await socket.ConnectAsync(new IPEndPoint(address, url.Port > 0 ? url.Port : DefaultPort), cancellationToken);
            begin(session);
            await PumpAsync(session, socket, cancellationToken);
            return (session, null);
        }
        catch (SocketException e)
        {
            return (session, new TrackerFailure(TrackerFailureKind.Unreachable, $"The tracker cannot be reached: {SocketErrors.Describe(e.SocketErrorCode)}."));
        }
    }

    private static async Task PumpAsync(UdpTrackerSession session, Socket socket, CancellationToken cancellationToken)
    {
        var output = new ArrayBufferWriter<byte>(UdpTrackerCodec.MaxRequestBytes);
        byte[] input = ArrayPool<byte>.Shared.Rent(ReceiveBytes);
        try
        {
            while (session.NextDeadline is not null)
            {
                session.OnDeadline(MonotonicClock.Now);
                output.ResetWrittenCount();
                if (session.TryTransmit(output, MonotonicClock.Now))
                    await socket.SendAsync(output.WrittenMemory, SocketFlags.None, cancellationToken);
                if (session.NextDeadline is not { } deadline)
                    return;
                TimeSpan wait = deadline - MonotonicClock.Now;
                if (wait <= TimeSpan.Zero)
                    continue;
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(wait);
                try
                {
                    int length = await socket.ReceiveAsync(input, SocketFlags.None, limit.Token);
                    session.Receive(input.AsSpan(0, length), MonotonicClock.Now);
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }
}
