using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Native;

namespace Compeer.Network.Transports;

/// <summary>
/// Dials over TCP from the port at which we listen, so that a NAT has one mapping for both; and punches: dials somebody who dials us at
/// the same moment, so that each side's first packet opens its own NAT for the other's (simultaneous open).
/// </summary>
/// <remarks>Spec: RFC 9293 section 3.5 (simultaneous open); RFC 5128 section 3.4 for the method.</remarks>
internal static class TcpPunch
{
    // Each try is a new SYN. The first are short because the other side may be a little later; the last gives a long path
    // its time, and the kernel repeats the SYN in it. In all: about 3 seconds and 6 packets.
    private static readonly TimeSpan[] Tries =
        [TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(600), TimeSpan.FromMilliseconds(1800)];

    /// <summary>Tries again and again for 3 s; null when nothing came of it, or it was cancelled.</summary>
    public static async Task<PeerStream?> PunchAsync(IPEndPoint remote, int localPort, IPAddress? bind, CancellationToken cancellationToken)
    {
        foreach (TimeSpan time in Tries)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(time);
            try
            {
                return await ConnectAsync(remote, localPort, bind, limit.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // A try that was refused at once waits like one that was not answered.
                await Task.WhenAny(Task.Delay(Timeout.Infinite, limit.Token));
            }
            if (cancellationToken.IsCancellationRequested)
                return null;
        }
        return null;
    }

    /// <summary>One try.</summary>
    /// <exception cref="SocketException">No answer, refused, or the port cannot be shared.</exception>
    public static async Task<PeerStream> ConnectAsync(IPEndPoint remote, int localPort, IPAddress? bind, CancellationToken cancellationToken)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            PortSharing.Prepare(socket);
            IPAddress any = remote.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
            socket.Bind(new IPEndPoint(bind?.AddressFamily == remote.AddressFamily ? bind : any, localPort));
            await socket.ConnectAsync(remote, cancellationToken);
            return new TcpPeerStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
