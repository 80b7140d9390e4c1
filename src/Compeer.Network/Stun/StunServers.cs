using System.Net;
using System.Net.Sockets;

namespace Compeer.Network.Stun;

/// <summary>Finds the addresses of STUN servers.</summary>
public static class StunServers
{
    /// <summary>One address of each wanted family; empty when the name is not known.</summary>
    /// <param name="server">Name or address, and port.</param>
    /// <param name="family">The family wanted; unspecified wants both.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    public static async Task<IPEndPoint[]> ResolveAsync(DnsEndPoint server, AddressFamily family, CancellationToken cancellationToken)
    {
        try
        {
            IPAddress[] addresses = IPAddress.TryParse(server.Host, out IPAddress? literal) ? [literal] : await Dns.GetHostAddressesAsync(server.Host, cancellationToken);
            return
            [
                .. addresses.Where(a => family == AddressFamily.Unspecified || a.AddressFamily == family)
                    .DistinctBy(a => a.AddressFamily).Select(a => new IPEndPoint(a, server.Port)),
            ];
        }
        catch (SocketException)
        {
            return [];
        }
    }
}
