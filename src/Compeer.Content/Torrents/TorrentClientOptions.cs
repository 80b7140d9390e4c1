using System.Collections.Immutable;
using System.Net;
using Compeer.Network.MainlineDht;
using Compeer.Network.PortMapping;
using Compeer.Network.Transports;
using Compeer.Network.WebSeeds;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.HolePunching;
using Compeer.Protocols.LocalDiscovery;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PeerExchange;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Picking;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Turn;
using Compeer.Protocols.Utp;
using Compeer.Protocols.WebSeeds;

namespace Compeer.Content.Torrents;

/// <summary>
/// Options of a client, shared by its torrents. Worst-case memory at the defaults, per torrent: 32 MiB of partial
/// pieces, 32 MiB of pieces being hashed and written, and 0.5 MiB for each of 200 busy connections.
/// </summary>
public sealed record TorrentClientOptions
{
    /// <summary>Where journals and metainfo are kept.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Local address for peers; null means all.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>The proxy that everything goes through, names too; what cannot go through it is off. Null when there is none.</summary>
    public ProxyEndPoint? Proxy { get; init; }

    /// <summary>Local port for peers; 0 lets the system choose.</summary>
    public int Port { get; init; }

    /// <summary>What connections to peers may be carried by.</summary>
    public PeerTransports Transports { get; init; } = PeerTransports.Both;

    /// <summary>Has the router map the port, from the address in <see cref="Bind"/>; null asks no router. Never on loopback.</summary>
    public PortMappingOptions? PortMapping { get; init; }

    /// <summary>STUN servers to ask for our public address; none asks nobody.</summary>
    public ImmutableArray<DnsEndPoint> StunServers { get; init; } = [];

    /// <summary>A relay to reach peers through that cannot be reached directly; null when there is none. Needs uTP, and is off behind a proxy.</summary>
    public RelayUri? Relay { get; init; }

    /// <summary>Upload limit in bytes per second over all torrents; 0 means none.</summary>
    public long UploadLimit { get; init; }

    /// <summary>Download limit in bytes per second over all torrents; 0 means none.</summary>
    public long DownloadLimit { get; init; }

    /// <summary>Connections per torrent.</summary>
    public int MaxConnections { get; init; } = 200;

    /// <summary>Unchoked peers per torrent.</summary>
    public int UploadSlots { get; init; } = 8;

    /// <summary>
    /// A complete torrent with no connection for so long puts its description and its tables away, and closes its files, until a peer
    /// comes; trackers and the DHT go on hearing of it.
    /// </summary>
    public TimeSpan SleepAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Keeps what happens to a torrent that is added, at most 1,000 unread, from the start; otherwise from the first time that somebody
    /// asks for <see cref="Torrent.Events"/>, which spares up to 100 kB for each torrent of whose events nobody wants to know.
    /// </summary>
    public bool KeepEvents { get; init; } = true;

    /// <summary>Threads that read files and flush them.</summary>
    public int DiskThreads { get; init; } = 4;

    /// <summary>Threads that hash pieces, and write those that are right.</summary>
    public int HashThreads { get; init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>Bytes of complete pieces of one torrent that may wait to be hashed and written; beyond it nothing more is requested.</summary>
    public int MaxBacklogBytes { get; init; } = 32 << 20;

    /// <summary>
    /// Bytes of complete pieces of one torrent, though three pieces in any case, that may wait to be hashed and written before nothing
    /// more is read from peers, until a quarter of them are done: room for pieces that are hashed side by side and for those collected
    /// meanwhile, and few enough to stay in the processor's last cache.
    /// </summary>
    public int MaxUnhashedBytes { get; init; } = 16 << 20;

    /// <summary>How the DHT is run; null runs none.</summary>
    public DhtServiceOptions? Dht { get; init; }

    /// <summary>
    /// Encryption of connections to peers. Preferred, as by the clients that people use most: the peers that demand it are
    /// reached, lines that slow BitTorrent down see less of it, and peers that cannot are dialled again plain.
    /// </summary>
    public EncryptionPolicy Encryption { get; init; } = EncryptionPolicy.Prefer;

    /// <summary>Bounds on connections that are not yet peers.</summary>
    public HandshakeOptions Handshake { get; init; } = new();

    /// <summary>Values and bounds of uTP.</summary>
    public UtpOptions Utp { get; init; } = new();

    /// <summary>Bounds on known addresses.</summary>
    public PeerBookOptions PeerBook { get; init; } = new();

    /// <summary>Find and be found by peers on the local network. Never for private torrents.</summary>
    public bool LocalDiscovery { get; init; } = true;

    /// <summary>Bounds and timers of local discovery.</summary>
    public LocalDiscoveryOptions LocalDiscoveryLimits { get; init; } = new();

    /// <summary>Bounds and timers of peer exchange.</summary>
    public PeerExchangeOptions PeerExchange { get; init; } = new();

    /// <summary>Bounds on what we dial, and pass on, because another peer says so.</summary>
    public HolePunchingOptions HolePunching { get; init; } = new();

    /// <summary>Bounds and timers of the peer wire.</summary>
    public PeerWireOptions PeerWire { get; init; } = new();

    /// <summary>Values and bounds of fetching from web seeds.</summary>
    public WebSeedOptions WebSeed { get; init; } = new();

    /// <summary>Limits and rules of connections to web seeds; <see cref="Bind"/> counts, not the one in it.</summary>
    public WebSeedClientOptions WebSeedClient { get; init; } = new();

    /// <summary>Values of the piece picker.</summary>
    public PickerOptions Picker { get; init; } = new();
}
