using System.Net;
using Compeer.Content.Hashing;
using Compeer.Content.Workers;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Network.Connections;
using Compeer.Network.LocalDiscovery;
using Compeer.Network.MainlineDht;
using Compeer.Network.PortMapping;
using Compeer.Network.Proxies;
using Compeer.Network.Stun;
using Compeer.Network.Trackers;
using Compeer.Network.Transports;
using Compeer.Network.Turn;
using Compeer.Network.WebSeeds;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PortMapping;
using Compeer.Protocols.Trackers;

namespace Compeer.Content.Torrents;

/// <summary>What the torrents of one client share. All of it is thread-safe.</summary>
internal sealed class TorrentServices : IDisposable
{
    private const int MaxIdleOpen = 200;

    private int _open;

    public TorrentServices(TorrentClientOptions options, NetworkPolicy policy, PeerId peerId, UtpTransport? utp)
    {
        Options = options;
        PeerId = peerId;
        Policy = policy;
        Proxy = policy.Proxy is { } proxy ? new ProxyDialer(proxy, options.Bind) : null;
        Dialer = new PeerDialer(options.Handshake, options.Bind, utp, options.Transports, options.Encryption, Proxy);
        PeerTransports punching = policy.AllowsDirect(TrafficClass.HolePunching) ? options.Transports : PeerTransports.None;
        Puncher = new HolePuncher(Dialer, options.Handshake, options.Bind, utp, options.Encryption == EncryptionPolicy.Require ? punching & ~PeerTransports.Tcp : punching);
        Hashing = new PieceHashers(options.HashThreads);
        Disk = new WorkerThreads("disk", options.DiskThreads);
        Upload = new SharedRateLimit(options.UploadLimit);
        Download = new SharedRateLimit(options.DownloadLimit);
        (UploadUnlimited, DownloadUnlimited) = (new TorrentRateLimit(Upload, 0), new TorrentRateLimit(Download, 0));
        WebSeeds = options.WebSeedClient with { Bind = options.Bind, Proxy = Proxy };
        OpenAnnounces = new TrackerAnnouncerOptions { ParseUrl = TrackerUrls.Parse };
        PrivateAnnounces = OpenAnnounces with { AnnounceToAllTiers = false };
        Trackers = new TrackerClient(new TrackerClientOptions { Bind = options.Bind, Proxy = Proxy });
    }

    public TorrentClientOptions Options { get; }

    public PeerId PeerId { get; }

    /// <summary>What may leave this machine, and how. Whoever opens a way into the network asks it first.</summary>
    public NetworkPolicy Policy { get; }

    /// <summary>The way through the proxy; null when there is none.</summary>
    public ProxyDialer? Proxy { get; }

    public SharedTimers Timers { get; } = new();

    public AnnounceTurns Turns { get; } = new();

    public TransferBufferPool Buffers { get; } = new();

    public PeerDialer Dialer { get; }

    public HolePuncher Puncher { get; }

    public PieceHashers Hashing { get; }

    public WorkerThreads Disk { get; }

    public SharedRateLimit Upload { get; }

    public SharedRateLimit Download { get; }

    /// <summary>For the torrents that have no limit of their own.</summary>
    public TorrentRateLimit UploadUnlimited { get; }

    /// <summary>For the torrents that have no limit of their own.</summary>
    public TorrentRateLimit DownloadUnlimited { get; }

    public TrackerClient Trackers { get; }

    /// <summary>The trackers' addresses, of which thousands of torrents have the same few.</summary>
    public TrackerUrlTable TrackerUrls { get; } = new();

    /// <summary>How torrents announce themselves that are not private.</summary>
    public TrackerAnnouncerOptions OpenAnnounces { get; }

    /// <summary>How private ones do.</summary>
    public TrackerAnnouncerOptions PrivateAnnounces { get; }

    /// <summary>The DHT, when there is one; set once the port is bound.</summary>
    public DhtService? Dht { get; set; }

    /// <summary>Our port at a relay, when one is to be used; set before any torrent is added.</summary>
    public RelayService? Relay { get; set; }

    public WebSeedClientOptions WebSeeds { get; }

    /// <summary>Discovery on the local network; null when it is switched off.</summary>
    public LocalDiscoveryDriver? Lan { get; set; }

    /// <summary>The port peers reach us at; set once the listener is up. 0 while there is none.</summary>
    public int ListenPort { get; set; }

    /// <summary>Asks the router for our port, when it shall be asked; set once the port is bound.</summary>
    public PortMappingService? PortMapping { get; set; }

    /// <summary>Knows under which addresses others see us; null with a proxy, where that is nobody's business.</summary>
    public PublicAddressService? PublicAddresses { get; init; }

    /// <summary>A node of the DHT told under which address and port it sees us.</summary>
    public void OnSeenByNode(IPEndPoint node, IPEndPoint seen) => PublicAddresses?.Vote(node.Address, seen.Address, seen.Port, AddressWitness.Dht);

    /// <summary>A router told its address outside.</summary>
    public void OnPortMapping(PortMappingStatus status)
    {
        foreach (PortMapperStatus router in status.Routers.Where(r => r.ExternalAddress is { } outside && AddressReaches.Of(outside) == AddressReach.Global))
            PublicAddresses?.Vote(router.Link.Gateway, router.ExternalAddress!, router.ExternalOf(MappedProtocol.Udp)?.Port, AddressWitness.Router);
    }

    /// <summary>How long a complete torrent without connections stays open: not at all while so many are that their files, about three each, could come to the system's limit.</summary>
    public TimeSpan SleepAfter => Volatile.Read(ref _open) > MaxIdleOpen ? TimeSpan.Zero : Options.SleepAfter;

    /// <summary>A torrent opens (1) or closes (-1) its folder.</summary>
    public void CountOpen(int change) => Interlocked.Add(ref _open, change);

    /// <summary>The port to tell to trackers and the DHT: the router's where it maps ours, which may be another.</summary>
    public int OutsidePort => PortMapping?.Status.ExternalOf(MappedProtocol.Tcp)?.Port ?? ListenPort;

    /// <summary>The port to tell to a peer: who is in the local network reaches us without the router.</summary>
    public int PortFor(IPAddress peer) => AddressReaches.Of(peer) == AddressReach.Global ? OutsidePort : ListenPort;

    public void Dispose()
    {
        Hashing.Dispose();
        Disk.Dispose();
        Timers.Dispose();
        Dialer.Dispose();
        Trackers.Dispose();
    }
}
