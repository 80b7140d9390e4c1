namespace Compeer.Network.Proxies;

/// <summary>Everything that a node sends or waits for, by kind. Whoever adds a way into the network adds it here.</summary>
public enum TrafficClass
{
    /// <summary>TCP connections to peers.</summary>
    PeerTcp,

    /// <summary>Peers that come to us over TCP.</summary>
    IncomingPeers,

    /// <summary>uTP, both ways.</summary>
    PeerUtp,

    /// <summary>Hole punching, over TCP and uTP.</summary>
    HolePunching,

    /// <summary>The Mainline DHT.</summary>
    Dht,

    /// <summary>Trackers over HTTP and HTTPS.</summary>
    HttpTracker,

    /// <summary>Trackers over UDP.</summary>
    UdpTracker,

    /// <summary>Web seeds.</summary>
    WebSeed,

    /// <summary>Names looked up by this machine.</summary>
    NameLookup,

    /// <summary>Local discovery (multicast).</summary>
    LocalDiscovery,

    /// <summary>UPnP, NAT-PMP and PCP.</summary>
    PortMapping,

    /// <summary>STUN, as client and as server.</summary>
    Stun,

    /// <summary>TURN, as client and as server.</summary>
    Turn,

    /// <summary>A tracker of our own.</summary>
    TrackerServer,

    /// <summary>Figures of this node, for a collector that a person named.</summary>
    Metrics,
}

/// <summary>How a class of traffic may leave.</summary>
public enum TrafficRoute
{
    /// <summary>Not at all.</summary>
    Off,

    /// <summary>Through the proxy and in no other way.</summary>
    Proxy,

    /// <summary>As the system routes it.</summary>
    Direct,
}
