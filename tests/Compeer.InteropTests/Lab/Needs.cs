namespace Compeer.InteropTests.Lab;

/// <summary>What a test needs from the machine besides .NET.</summary>
[Flags]
public enum Needs
{
    None = 0,

    /// <summary>Root, and the programs ip and tc, to make network namespaces.</summary>
    Network = 1,

    /// <summary>/usr/bin/python3, for the small peers in lab/peers.</summary>
    Python = 2,

    /// <summary>Debian's python3-libtorrent.</summary>
    Libtorrent = 4,

    Aria2 = 8,

    Transmission = 16,

    OpenTracker = 32,

    /// <summary>node, and the packages of lab/peers/js.</summary>
    NodePackages = 64,

    /// <summary>An HTTP server, as a web seed.</summary>
    Nginx = 1 << 16,

    /// <summary>microsocks, dante (SOCKS 5) and tinyproxy (HTTP), and nft to count packets.</summary>
    Proxies = 1 << 17,

    /// <summary>Debian's coturn: turnserver and the turnutils programs.</summary>
    Coturn = 1 << 12,

    /// <summary>Debian's transmission-remote, to drive the daemon.</summary>
    TransmissionRemote = 1 << 21,

    /// <summary>The programs nft and sysctl, to make a router that masquerades.</summary>
    Masquerade = 1 << 13,

    /// <summary>Debian's miniupnpd-nftables, and nft and sysctl.</summary>
    Miniupnpd = 1 << 20,
}
