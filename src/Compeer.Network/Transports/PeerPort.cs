using System.Net;
using System.Net.Sockets;

namespace Compeer.Network.Transports;

/// <summary>The port at which peers reach us: one number for TCP and UDP, since links and trackers tell only one.</summary>
public static class PeerPort
{
    private const int Attempts = 16;

    /// <summary>Binds both; an any-address of IPv6 takes IPv4 too.</summary>
    /// <param name="local">Address and port; port 0 lets the system choose.</param>
    /// <param name="transports">TCP listens only if it is among these; UDP is bound in any case.</param>
    /// <returns>A listening socket or null, and the UDP port; the caller owns both.</returns>
    /// <exception cref="SocketException">The address or port cannot be had.</exception>
    public static (Socket? Tcp, UdpEndpoint Udp) Bind(IPEndPoint local, PeerTransports transports)
    {
        if ((transports & PeerTransports.Tcp) == 0)
            return (null, UdpEndpoint.Bind(local));
        for (int attempt = 1; ; attempt++)
        {
            Socket tcp = PeerListener.Listen(local);
            try
            {
                return (tcp, UdpEndpoint.Bind((IPEndPoint)tcp.LocalEndPoint!));
            }
            catch (SocketException) when (local.Port == 0 && attempt < Attempts)
            {
                // Another program has that number for UDP; the system will choose another.
                tcp.Dispose();
            }
            catch
            {
                tcp.Dispose();
                throw;
            }
        }
    }
}
