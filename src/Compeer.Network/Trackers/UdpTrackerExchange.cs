using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Proxies;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>
/// Drives one <see cref="UdpTrackerSession"/> over a way of its own: a socket, or a relay of the user's proxy.
/// </summary>
internal sealed class UdpTrackerExchange(TrackerClientOptions options)
{
    /// <summary>A tracker without a port in its address is asked here, as other clients do.</summary>
    public const int DefaultPort = 80;

    // Room for several hundred peers; what a larger datagram holds beyond it is cut off.
    private const int ReceiveBytes = 16 * 1024;

    /// <summary>Starts a request with <paramref name="begin"/> and runs it until there is an outcome or a failure of the network.</summary>
    /// <param name="url">The tracker.</param>
    /// <param name="address">Its address; null when a proxy is to look it up.</param>
    /// <param name="begin">Starts the request.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public async Task<(UdpTrackerSession Session, TrackerFailure? Failure)> RunAsync(
        Uri url, IPAddress? address, Action<UdpTrackerSession> begin, CancellationToken cancellationToken)
    {
        int port = url.Port > 0 ? url.Port : DefaultPort;
        var session = new UdpTrackerSession(options.Udp, address?.AddressFamily == AddressFamily.InterNetworkV6, SecureRandom.Instance);
        try
        {
            using IUdpTrackerLink link = options.Proxy is { } proxy
                ? new RelayedUdpTrackerLink(await proxy.AssociateAsync(cancellationToken), new ProxyTarget(address?.ToString() ?? url.DnsSafeHost, port))
                : await DirectUdpTrackerLink.ConnectAsync(new IPEndPoint(address!, port), options.Bind, cancellationToken);
            begin(session);
            await PumpAsync(session, link, cancellationToken);
            return (session, null);
        }
        catch (SocketException e)
        {
            return (session, new TrackerFailure(TrackerFailureKind.Unreachable, $"The tracker cannot be reached: {SocketErrors.Describe(e.SocketErrorCode)}."));
        }
        catch (ProxyException e)
        {
            return (session, new TrackerFailure(TrackerFailureKind.Unreachable, $"There is no way to a tracker over UDP: {e.Message}."));
        }
    }

    private static async Task PumpAsync(UdpTrackerSession session, IUdpTrackerLink link, CancellationToken cancellationToken)
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
                    await link.SendAsync(output.WrittenMemory, cancellationToken);
                if (session.NextDeadline is not { } deadline)
                    return;
                TimeSpan wait = deadline - MonotonicClock.Now;
                if (wait <= TimeSpan.Zero)
                    continue;
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(wait);
                try
                {
                    int length = await link.ReceiveAsync(input, limit.Token);
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
