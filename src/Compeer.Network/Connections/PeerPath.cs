namespace Compeer.Network.Connections;

/// <summary>What carries a stream to a peer.</summary>
public enum PeerPath
{
    /// <summary>A TCP connection.</summary>
    Tcp,

    /// <summary>uTP over our UDP port.</summary>
    Utp,

    /// <summary>uTP whose datagrams a relay passes on.</summary>
    RelayedUtp,

    /// <summary>A stream of a libp2p relay.</summary>
    RelayedStream,
}
