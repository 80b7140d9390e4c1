namespace Compeer.Protocols.PortMapping;

/// <summary>How often and how fast a datagram to the gateway is repeated.</summary>
/// <param name="FirstWait">The wait after the first; it doubles with every repetition.</param>
/// <param name="MaxSends">Datagrams a request, 1 to 16.</param>
/// <param name="Spread">Every wait is longer or shorter by up to this part of it, at random.</param>
public sealed record GatewayTimes(TimeSpan FirstWait, int MaxSends, double Spread)
{
    /// <summary>Spec: RFC 6886 section 3.1, which asks nine times within 128 s.</summary>
    // DEVIATION: five times within 8 s. A router in the same network that is silent so long does not speak NAT-PMP; PortMapper asks again later.
    public static GatewayTimes NatPmp { get; } = new(TimeSpan.FromMilliseconds(250), 5, 0);

    /// <summary>Spec: RFC 6887 section 8.1.1, which never gives up.</summary>
    // DEVIATION: two times within 9 s, for the same reason.
    public static GatewayTimes Pcp { get; } = new(TimeSpan.FromSeconds(3), 2, 0.1);
}
