using System.Net;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>
/// Which peers and addresses may connect, and how many. A connection may make us hold what <see cref="Protocols.Yamux.YamuxOptions"/>
/// says, and all together <see cref="MaxUnreadBytes"/> and 1 MiB each.
/// </summary>
public sealed record ConnectionLimits
{
    /// <summary>Connections in all; further ones are closed.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>Connections with one peer.</summary>
    public int MaxPerPeer { get; init; } = 4;

    /// <summary>Incoming connections from one IPv4 address, or one IPv6 prefix of 56 bits.</summary>
    public int MaxPerPrefix { get; init; } = 64;

    /// <summary>When there are more connections than this, idle ones of unprotected peers are closed, the longest idle first, until <see cref="LowWater"/>.</summary>
    public int HighWater { get; init; } = 384;

    /// <summary>See <see cref="HighWater"/>.</summary>
    public int LowWater { get; init; } = 320;

    /// <summary>Streams that are served for one protocol at once; further ones are reset.</summary>
    public int MaxStreamsPerProtocol { get; init; } = 8192;

    /// <summary>The same for one protocol and peer.</summary>
    public int MaxStreamsPerProtocolAndPeer { get; init; } = 1024;

    /// <summary>Received bytes that nobody has read, over all connections; a connection that brings more, and holds more than 1 MiB, is closed.</summary>
    public long MaxUnreadBytes { get; init; } = 256L << 20;

    /// <summary>Networks that may connect and be dialled; empty lets all.</summary>
    public IReadOnlyList<IPNetwork> Allowed { get; init; } = [];

    /// <summary>Networks that may neither connect nor be dialled.</summary>
    public IReadOnlyList<IPNetwork> Denied { get; init; } = [];

    /// <summary>Peers that may neither connect nor be dialled.</summary>
    public IReadOnlySet<PeerId> DeniedPeers { get; init; } = new HashSet<PeerId>();
}
