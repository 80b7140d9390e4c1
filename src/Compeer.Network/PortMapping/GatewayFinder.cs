using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.PortMapping;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.PortMapping;

/// <summary>The local network with its router, and the interface that it is on.</summary>
/// <param name="Link">Router, our address, prefix.</param>
/// <param name="InterfaceIndex">The system's number of the interface.</param>
/// <param name="InterfaceName">Its name.</param>
internal sealed record GatewayLink(PortMappingLink Link, int InterfaceIndex, string InterfaceName);

/// <summary>Finds the default gateway and the address that we have towards it.</summary>
internal static class GatewayFinder
{
    private const string RoutesV4 = "/proc/net/route";
    private const string RoutesV6 = "/proc/net/ipv6_route";

    /// <summary>The best gateway of a family; with <paramref name="bind"/> only one on the interface that has that address. Null when there is none.</summary>
    public static GatewayLink? Find(AddressFamily family, IPAddress? bind)
    {
        NetworkInterface[] interfaces = [.. LocalAddresses.Interfaces()
            .Where(i => i.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)];
        foreach (DefaultRoute route in Routes(family, interfaces))
        {
            if (interfaces.FirstOrDefault(i => i.Name == route.Interface) is { } device && TryLink(device, route.Gateway, family, bind) is { } link)
                return link;
        }
        return null;
    }

    private static IEnumerable<DefaultRoute> Routes(AddressFamily family, NetworkInterface[] interfaces)
    {
        string path = family == AddressFamily.InterNetwork ? RoutesV4 : RoutesV6;
        try
        {
            if (File.Exists(path))
                return family == AddressFamily.InterNetwork ? RouteTable.ReadV4(File.ReadAllText(path)) : RouteTable.ReadV6(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The framework may know more below.
        }
        return interfaces.SelectMany(i => i.GetIPProperties().GatewayAddresses
            .Where(g => g.Address.AddressFamily == family && !g.Address.Equals(IPAddress.Any))
            .Select(g => new DefaultRoute(i.Name, g.Address, 0)));
    }

    private static GatewayLink? TryLink(NetworkInterface device, IPAddress gateway, AddressFamily family, IPAddress? bind)
    {
        IPInterfaceProperties properties = device.GetIPProperties();
        UnicastIPAddressInformation? own = properties.UnicastAddresses
            .Where(a => a.Address.AddressFamily == family && (bind is null || a.Address.Equals(bind)))
            // Mappings must lead to an address that the outside can reach: over IPv6 a global one, never link-local.
            .Where(a => family == AddressFamily.InterNetwork || AddressReaches.Of(a.Address) == AddressReach.Global)
            .OrderByDescending(a => new PortMappingLink(gateway, a.Address, a.PrefixLength).IsNeighbour(gateway))
            .FirstOrDefault();
        if (own is null)
            return null;
        int index = family == AddressFamily.InterNetwork ? properties.GetIPv4Properties().Index : properties.GetIPv6Properties().Index;
        if (gateway.IsIPv6LinkLocal)
            gateway = new IPAddress(gateway.GetAddressBytes(), index);
        return new GatewayLink(new PortMappingLink(gateway, own.Address, own.PrefixLength), index, device.Name);
    }
}
