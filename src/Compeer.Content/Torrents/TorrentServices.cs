using Compeer.Content.Blocks;
using Compeer.Content.Workers;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.LocalDiscovery;
using Compeer.Network.MainlineDht;
using Compeer.Network.PortMapping;
using Compeer.Network.Trackers;
using Compeer.Network.Transports;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PortMapping;
using Compeer.Protocols.Trackers;

namespace Compeer.Content.Torrents;

/// <summary>What the torrents of one client share. All of it is thread-safe.</summary>
internal sealed class TorrentServices : IDisposable
{
    public TorrentServices(TorrentClientOptions options, PeerId peerId, UtpTransport? utp)
    {
        Options = options;
        PeerId = peerId;
        Dialer = new PeerDialer(options.Handshake, options.Bind, utp, options.Transports, options.Encryption);
        // Both sides of a punched connection begin it, and the encrypted handshake has no form for two that begin.
        Puncher = new HolePuncher(
            options.Handshake, options.Bind, utp, options.Encryption == EncryptionPolicy.Require ? PeerTransports.None : options.Transports);
        Hashing = new WorkerThreads("hash", options.HashThreads);
        Disk = new WorkerThreads("disk", options.DiskThreads);
        Upload = new SharedRateLimit(options.UploadLimit);
        Download = new SharedRateLimit(options.DownloadLimit);
        Trackers = new TrackerClient(new TrackerClientOptions { Bind = options.Bind });
    }

    public TorrentClientOptions Options { get; }

    public PeerId PeerId { get; }

    public TransferBufferPool Buffers { get; } = new();

    public BlockPool Blocks { get; } = new();

    public PeerDialer Dialer { get; }

    public HolePuncher Puncher { get; }

    public WorkerThreads Hashing { get; }

    public WorkerThreads Disk { get; }

    public SharedRateLimit Upload { get; }

    public SharedRateLimit Download { get; }

    public TrackerClient Trackers { get; }

    /// <summary>The DHT, when there is one; set once the port is bound.</summary>
    public DhtService? Dht { get; set; }

    /// <summary>Discovery on the local network; null when it is switched off.</summary>
    public LocalDiscoveryDriver? Lan { get; set; }

    /// <summary>The port peers reach us at; set once the listener is up.</summary>
    public int ListenPort { get; set; }

    /// <summary>Asks the router for our port, when it shall be asked; set once the port is bound.</summary>
    public PortMappingService? PortMapping { get; set; }

    /// <summary>The port to tell to trackers and the DHT: the router's where it maps ours, which may be another.</summary>
    public int OutsidePort => PortMapping?.Status.ExternalOf(MappedProtocol.Tcp)?.Port ?? ListenPort;

    /// <summary>The port to tell to a peer: who is in the local network reaches us without the router.</summary>
    public int PortFor(System.Net.IPAddress peer) => AddressReaches.Of(peer) == AddressReach.Global ? OutsidePort : ListenPort;

    public void Dispose()
    {
        Hashing.Dispose();
        Disk.Dispose();
        Dialer.Dispose();
        Trackers.Dispose();
    }
}
