using Compeer.Protocols.Proxies;

namespace Compeer.Network.Proxies;

/// <summary>
/// Decides by class what may leave, and how. With a proxy nothing is ever <see cref="TrafficRoute.Direct"/>: what cannot go
/// through it is off, so that a dead or poor proxy costs function and never secrecy. Immutable.
/// </summary>
public sealed class NetworkPolicy(ProxyEndPoint? proxy)
{
    /// <summary>No proxy.</summary>
    public static NetworkPolicy Open { get; } = new(null);

    /// <summary>The proxy; null when there is none.</summary>
    public ProxyEndPoint? Proxy { get; } = proxy;

    /// <summary>How this class may leave.</summary>
    public TrafficRoute RouteOf(TrafficClass traffic) => Proxy is not { Kind: var kind } ? TrafficRoute.Direct : traffic switch
    {
        TrafficClass.PeerTcp or TrafficClass.HttpTracker or TrafficClass.WebSeed => TrafficRoute.Proxy,
        TrafficClass.UdpTracker when kind == ProxyKind.Socks5 => TrafficRoute.Proxy,
        _ => TrafficRoute.Off,
    };

    /// <summary>Whether this class may use the network as the system routes it.</summary>
    public bool AllowsDirect(TrafficClass traffic) => RouteOf(traffic) == TrafficRoute.Direct;

    /// <summary>What the proxy switches off, for people; null when there is no proxy.</summary>
    public string? Describe() => Proxy is null
        ? null
        : $"Everything goes through the proxy {Proxy}, names too. Off: incoming peers, uTP, hole punching, DHT, local discovery, port mapping, STUN and relays"
            + (Proxy.Kind == ProxyKind.Http ? ", and trackers over UDP." : ".");
}
