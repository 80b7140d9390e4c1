using System.Net;
using Compeer.Protocols;

namespace Compeer.Simulator.Networking;

/// <summary>One row of a NAT's table.</summary>
internal sealed class NatMapping(VirtualHost host, IPEndPoint outer)
{
    public VirtualHost Host { get; } = host;

    public IPEndPoint Outer { get; } = outer;

    public EndPointKey OuterKey { get; } = EndPointKey.Of(outer);

    /// <summary>The last datagram from the inside.</summary>
    public Instant LastUsed { get; set; }
}
