using System.Net;

namespace Compeer.Simulator.Networking;

/// <summary>The endpoint of a host, which leads to it: a datagram sent to this very object needs no search for its receiver.</summary>
internal sealed class HostEndPoint(IPEndPoint endPoint, VirtualHost host) : IPEndPoint(endPoint.Address, endPoint.Port)
{
    public VirtualHost Host { get; } = host;
}
