using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Network.Connections;
using Compeer.Network.LocalDiscovery;
using Compeer.Network.MainlineDht;
using Compeer.Network.PortMapping;
using Compeer.Network.Proxies;
using Compeer.Network.Stun;
using Compeer.Network.Transports;
using Compeer.Network.Turn;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.LocalDiscovery;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>
/// A BitTorrent node: listens for peers and runs any number of torrents. Thread-safe.
/// </summary>
/// <example><code>
/// await using var client = TorrentClient.Start(new TorrentClientOptions { DataDirectory = "state" });
/// Torrent torrent = client.Add(new TorrentSettings { InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, Directory = "files" });
/// await torrent.Completed;
/// </code></example>
public sealed class TorrentClient : IAsyncDisposable
{
    private readonly TorrentServices _services;
    private readonly PeerListener? _listener;
    private readonly UdpEndpoint? _udp;
    private readonly UtpTransport? _utp;
    private readonly TorrentTable<TorrentSession> _swarms = new(s => s.InfoHashes);
    private readonly RequestedSwarms _requested = new();
    private readonly Action<TorrentSession> _forget;
    private readonly Action<TorrentSession> _onStatusChanged;

    private TorrentClient(TorrentClientOptions options, NetworkPolicy policy, (Socket? Tcp, UdpEndpoint Udp)? port)
    {
        (_forget, _onStatusChanged) = (Forget, OnStatusChanged);
        Span<byte> random = stackalloc byte[12];
        RandomNumberGenerator.Fill(random);
        if (port is { } bound)
        {
            _udp = bound.Udp;
            _listener = PeerListener.Start(bound.Tcp, options.Handshake, new IncomingEncryption(options.Encryption, _requested.Find), Answer, Accept);
        }
        RelayService? relay = null;
        if (_udp is not null && options.Relay is { } named && (options.Transports & PeerTransports.Utp) != 0 && policy.AllowsDirect(TrafficClass.Turn))
        {
            relay = new RelayService(named, _udp, options.Utp, _listener!.Offer);
            _udp.Add(relay);
        }
        PublicAddressService? addresses = null;
        if (_udp is not null && policy.AllowsDirect(TrafficClass.Stun))
            _udp.Add(addresses = PublicAddressService.Start(_udp, options.StunServers));
        if (_udp is not null && (options.Transports & PeerTransports.Utp) != 0 && policy.AllowsDirect(TrafficClass.PeerUtp))
        {
            _utp = new UtpTransport(_udp, _udp.LocalEndPoint, options.Utp, PeerPath.Utp, _listener!.Offer);
            _udp.Add(_utp);
        }
        _services = new TorrentServices(options, policy, PeerId.Create(random), _utp) { ListenPort = _udp?.LocalEndPoint.Port ?? 0, PublicAddresses = addresses, Relay = relay };
        if (_udp is not null && options.Dht is { } dht && policy.AllowsDirect(TrafficClass.Dht))
        {
            _services.Dht = DhtService.Start(_udp, dht with { AddressSeen = _services.OnSeenByNode }, _services.Timers);
            _udp.Add(_services.Dht);
        }
        _udp?.Start(onOwnThread: true);
        relay?.Start();
        if (options.LocalDiscovery && policy.AllowsDirect(TrafficClass.LocalDiscovery))
            _services.Lan = LocalDiscoveryDriver.Start(options.LocalDiscoveryLimits, _services.ListenPort, options.Bind, OnLocalPeer);
        if (options.PortMapping is { } mapping && policy.AllowsDirect(TrafficClass.PortMapping))
            _services.PortMapping = PortMappingService.Start(_services.ListenPort, PortMappingKey.Complete(mapping with { Bind = options.Bind, Changed = _services.OnPortMapping + mapping.Changed }, options.DataDirectory));
    }

    /// <summary>The DHT, when there is one.</summary>
    public DhtService? Dht => _services.Dht;

    /// <summary>What the router does for our port; null when none shall be asked.</summary>
    public PortMappingService? PortMapping => _services.PortMapping;

    /// <summary>Under which addresses others see us; null when there is a proxy.</summary>
    public PublicAddressService? PublicAddresses => _services.PublicAddresses;

    /// <summary>Our port at a relay; null when none shall be used.</summary>
    public RelayService? Relay => _services.Relay;

    /// <summary>Where peers reach it; nowhere (port 0) when there is a proxy.</summary>
    public IPEndPoint LocalEndPoint => _udp?.LocalEndPoint ?? new IPEndPoint(IPAddress.None, 0);

    /// <summary>What may leave this machine, and how.</summary>
    public NetworkPolicy Policy => _services.Policy;

    /// <summary>Starts a client.</summary>
    /// <exception cref="SocketException">The address or port cannot be had.</exception>
    public static TorrentClient Start(TorrentClientOptions options)
    {
        var policy = new NetworkPolicy(options.Proxy);
        // Without a port there is nothing that others could reach, and nothing that DHT and uTP could use past the proxy.
        if (!policy.AllowsDirect(TrafficClass.IncomingPeers))
            return new TorrentClient(options, policy, null);
        IPAddress bind = options.Bind ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any);
        return new TorrentClient(options, policy, PeerPort.Bind(new IPEndPoint(bind, options.Port), options.Transports));
    }

    /// <summary>The torrents that were added and have not ended, in no order; a snapshot.</summary>
    public IReadOnlyCollection<Torrent> Torrents => [.. _swarms.All().Select(s => s.Outside!)];

    /// <summary>
    /// Told of each torrent whose <see cref="Torrent.Status"/> is another than before, on its loop: be quick, and do not wait. One that
    /// stands still or sleeps is not told of.
    /// </summary>
    public event Action<Torrent>? StatusChanged;

    /// <summary>Adds and starts a torrent.</summary>
    /// <exception cref="ArgumentException">It is already here.</exception>
    /// <exception cref="Storage.StorageException">Its state cannot be opened.</exception>
    public Torrent Add(TorrentSettings settings)
    {
        var session = new TorrentSession(_services, settings, knownTogether: 0);
        Torrent torrent = Enlist(session);
        try
        {
            session.OpenFolder();
        }
        catch
        {
            Forget(session);
            throw;
        }
        session.Start(here: false);
        return torrent;
    }

    /// <summary>
    /// Adds and starts torrents of earlier runs, on all processors; returns when each is seeding, or begins to be checked or fetched.
    /// Those that are complete according to their journals and as they were left sleep until somebody wants them, and announce
    /// themselves one after the other. The metainfo is best left out of their settings: it is read from the data directory.
    /// One whose state cannot be opened is not thrown for; its status says why it failed.
    /// </summary>
    /// <returns>The torrents in the order of their settings.</returns>
    /// <exception cref="ArgumentException">One is already here; those in front of it are added, and not started.</exception>
    public IReadOnlyList<Torrent> AddKnown(IReadOnlyCollection<TorrentSettings> settings)
    {
        _swarms.MakeRoom(settings.Count);
        _requested.MakeRoom(settings.Count);
        TorrentSession[] sessions = [.. settings.Select(s => new TorrentSession(_services, s, settings.Count))];
        Torrent[] torrents = [.. sessions.Select(Enlist)];
        Parallel.ForEach(sessions, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, s => s.Start(here: true));
        return torrents;
    }

    /// <summary>The limits of all torrents together, in bytes per second; 0 means none.</summary>
    public (long Upload, long Download) RateLimits => (_services.Upload.BytesPerSecond, _services.Download.BytesPerSecond);

    /// <summary>Limits all torrents together from now on.</summary>
    /// <param name="uploadBytesPerSecond">0 means no limit.</param>
    /// <param name="downloadBytesPerSecond">0 means no limit.</param>
    public void SetRateLimits(long uploadBytesPerSecond, long downloadBytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(uploadBytesPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegative(downloadBytesPerSecond);
        _services.Upload.SetRate(uploadBytesPerSecond, MonotonicClock.Now);
        _services.Download.SetRate(downloadBytesPerSecond, MonotonicClock.Now);
    }

    /// <summary>
    /// Stops a torrent and forgets what is kept of it in the data directory; with <paramref name="deleteFiles"/> its content as well:
    /// the files that it names, and the folders that are empty then, but nothing through a link. A kill in between leaves the rest of it
    /// to be removed again.
    /// </summary>
    /// <exception cref="Storage.StorageException">Something could not be deleted, or another process works on it; the torrent has ended, and may be removed again.</exception>
    /// <exception cref="ArgumentException">The torrent is another client's.</exception>
    public async ValueTask RemoveAsync(Torrent torrent, bool deleteFiles, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (torrent.Session.Services != _services)
            throw new ArgumentException("The torrent is another client's.", nameof(torrent));
        await torrent.DisposeAsync();
        await Task.Run(() => torrent.Session.Forget(deleteFiles), cancellationToken);
    }

    /// <summary>Stops all torrents and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
            await _listener.DisposeAsync();
        if (_services.Lan is { } lan)
            await lan.DisposeAsync();
        Task unmapped = _services.PortMapping?.DisposeAsync().AsTask() ?? Task.CompletedTask;
        await Task.WhenAll(_swarms.All().Select(s => s.DisposeAsync().AsTask()));
        await unmapped;
        if (_services.Dht is { } dht)
            await dht.DisposeAsync();
        if (_utp is not null)
            await _utp.DisposeAsync();
        if (_services.Relay is { } relay)
            await relay.DisposeAsync();
        if (_services.PublicAddresses is { } addresses)
            await addresses.DisposeAsync();
        if (_udp is not null)
            await _udp.DisposeAsync();
        _services.Dispose();
    }

    private Torrent Enlist(TorrentSession session)
    {
        session.Outside = new Torrent(session, _services);
        session.Ended = _forget;
        session.StatusChanged = _onStatusChanged;
        if (_swarms.TryAdd(session) is { } taken)
            throw new ArgumentException($"The torrent {taken} is already running.", nameof(session));
        _requested.Add(session);
        return session.Outside;
    }

    private void Forget(TorrentSession session)
    {
        _requested.Remove(session);
        _swarms.Remove(session);
    }

    private void OnStatusChanged(TorrentSession session) => StatusChanged?.Invoke(session.Outside!);

    private Handshake? Answer(Handshake theirs) =>
        _swarms.Find(theirs.InfoHash) is { IsHalted: false } session ? session.AnswerTo(theirs) : null;

    private void Accept(PeerStream stream, Handshake theirs)
    {
        if (_swarms.Find(theirs.InfoHash) is { } session)
            session.Post(new PeerArrived(stream, theirs, null));
        else
            stream.Dispose();
    }

    private void OnLocalPeer(LocalPeer peer)
    {
        if (_swarms.Find(peer.InfoHash) is { } session)
            session.Post(new PeersFound([peer.EndPoint], PeerSource.LocalNetwork, peer.EndPoint.Address));
    }
}
