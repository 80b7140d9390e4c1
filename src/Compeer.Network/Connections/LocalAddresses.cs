using System.Net;
using System.Net.NetworkInformation;

namespace Compeer.Network.Connections;

/// <summary>The addresses that this machine has now, on interfaces that are up.</summary>
public static class LocalAddresses
{
    private const int MaxTries = 5;

    /// <summary>The interfaces; none when the system does not tell. .NET stumbles over those that come or go while it looks, so it looks again.</summary>
    public static IReadOnlyList<NetworkInterface> Interfaces()
    {
        for (int i = 0; i < MaxTries; i++)
        {
            try
            {
                return NetworkInterface.GetAllNetworkInterfaces();
            }
            catch (Exception e) when (e is NetworkInformationException or ArgumentException)
            {
                // Once more.
            }
        }
        return [];
    }

    /// <summary>All of them, loopback included; empty when the system does not tell.</summary>
    public static IReadOnlyList<IPAddress> All() => [.. ByInterface().Select(a => a.Address)];

    /// <summary>The same, each with the name of its interface.</summary>
    public static IReadOnlyList<(string Interface, IPAddress Address)> ByInterface()
    {
        try
        {
            return [.. Interfaces()
                .Where(i => i.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
                .SelectMany(i => i.GetIPProperties().UnicastAddresses.Select(a => (i.Name, a.Address)))];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }
}
