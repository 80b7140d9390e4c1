using System.Net;
using System.Net.NetworkInformation;

namespace Compeer.Network.Connections;

/// <summary>The addresses that this machine has now, on interfaces that are up.</summary>
public static class LocalAddresses
{
    /// <summary>All of them, loopback included; empty when the system does not tell.</summary>
    public static IReadOnlyList<IPAddress> All() => [.. ByInterface().Select(a => a.Address)];

    /// <summary>The same, each with the name of its interface.</summary>
    public static IReadOnlyList<(string Interface, IPAddress Address)> ByInterface()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces()
                .Where(i => i.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
                .SelectMany(i => i.GetIPProperties().UnicastAddresses.Select(a => (i.Name, a.Address)))];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }
}
