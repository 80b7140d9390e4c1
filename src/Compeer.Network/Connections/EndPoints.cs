using System.Net;

namespace Compeer.Network.Connections;

/// <summary>One form for each endpoint: a dual-mode socket shows IPv4 peers as IPv4-mapped IPv6 addresses.</summary>
internal static class EndPoints
{
    public static IPEndPoint Unmapped(IPEndPoint endpoint) =>
        endpoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endpoint.Address.MapToIPv4(), endpoint.Port) : endpoint;
}
