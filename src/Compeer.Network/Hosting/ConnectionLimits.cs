using System.Net;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>
/// Which peers and addresses may connect, and what they may make this host hold. Everything is reserved in the scopes that it belongs to before
/// it is held: the system (all there is), transient (who has not shown yet who he is or what he wants), a protocol, and a peer.
/// <code>
///             connections                        streams of peers                 memory
/// system      MaxConnections                     MaxStreams                       MaxUnreadBytes and 1 MiB a connection, MaxMessageBytes
/// transient   MaxTransientConnections,           MaxTransientStreams              a handshake is at most 64 KiB; a stream's bytes are its peer's
///             MaxTransientPerAddress
/// protocol                                       MaxStreamsPerProtocol            MaxMessageBytesPerProtocol
/// peer        MaxPerPeer; MaxPerPrefix           MaxStreamsPerPeer,               YamuxOptions.MaxUnreadBytes, MaxUnreadBytesPerPeer,
///                                                MaxStreamsPerProtocolAndPeer     MaxMessageBytesPerPeer
/// </code>
/// </summary>
public sealed record ConnectionLimits
{
    /// <summary>Connections in all; further ones are closed.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>Connections with one peer.</summary>
    public int MaxPerPeer { get; init; } = 4;

    /// <summary>Incoming connections from one IPv4 address, or one IPv6 prefix of 56 bits.</summary>
    public int MaxPerPrefix { get; init; } = 64;

    /// <summary>Incoming connections that are not secured yet; of those from the network with most of them the oldest gives way to the newest.</summary>
    public int MaxTransientConnections { get; init; } = 1024;

    /// <summary>The same for one IPv4 address, or one IPv6 prefix of 56 bits; further ones are closed.</summary>
    public int MaxTransientPerAddress { get; init; } = 32;

    /// <summary>When there are more connections than this, idle ones of unprotected peers are closed, the longest idle first, until <see cref="LowWater"/>.</summary>
    public int HighWater { get; init; } = 384;

    /// <summary>See <see cref="HighWater"/>.</summary>
    public int LowWater { get; init; } = 320;

    /// <summary>Streams that peers have opened, in all; further ones are reset.</summary>
    public int MaxStreams { get; init; } = 32_768;

    /// <summary>Of them, those that have not named their protocol yet; further ones are reset.</summary>
    public int MaxTransientStreams { get; init; } = 8192;

    /// <summary>Streams that one peer has opened, over all its connections; further ones are reset.</summary>
    public int MaxStreamsPerPeer { get; init; } = 2048;

    /// <summary>Streams that are served for one protocol at once; further ones are reset.</summary>
    public int MaxStreamsPerProtocol { get; init; } = 8192;

    /// <summary>The same for one protocol and peer.</summary>
    public int MaxStreamsPerProtocolAndPeer { get; init; } = 1024;

    /// <summary>Received bytes that nobody has read, over all connections; a connection that brings more, and holds more than 1 MiB, is closed.</summary>
    public long MaxUnreadBytes { get; init; } = 256L << 20;

    /// <summary>The same for a peer with more than one connection, so that several bring it no more room than one.</summary>
    public long MaxUnreadBytesPerPeer { get; init; } = 8L << 20;

    /// <summary>Parts of messages whose end has not come (<see cref="DuplexStream.ReadMessageAsync"/>), in all; who reads one more fails.</summary>
    public long MaxMessageBytes { get; init; } = 128L << 20;

    /// <summary>The same for one protocol.</summary>
    public long MaxMessageBytesPerProtocol { get; init; } = 64L << 20;

    /// <summary>The same for one peer with several such messages.</summary>
    public long MaxMessageBytesPerPeer { get; init; } = 8L << 20;

    /// <summary>Networks that may connect and be dialled; empty lets all.</summary>
    public IReadOnlyList<IPNetwork> Allowed { get; init; } = [];

    /// <summary>Networks that may neither connect nor be dialled.</summary>
    public IReadOnlyList<IPNetwork> Denied { get; init; } = [];

    /// <summary>Peers that may neither connect nor be dialled.</summary>
    public IReadOnlySet<PeerId> DeniedPeers { get; init; } = new HashSet<PeerId>();
}
