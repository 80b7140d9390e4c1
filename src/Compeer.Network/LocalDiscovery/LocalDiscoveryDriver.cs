using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Hashing;
using Compeer.Network.Connections;
using Compeer.Protocols;
using Compeer.Protocols.LocalDiscovery;

namespace Compeer.Network.LocalDiscovery;

/// <summary>
/// Announces torrents by multicast on every interface of this machine, IPv4 and IPv6, and hears who else has them. Interfaces
/// that come and go are noticed within a minute. Thread-safe. At most 32 sockets.
/// </summary>
/// <remarks>
/// Spec: BEP 14. DEVIATION: the time-to-live is 1, so announcements stay on the link; the groups would allow more.
/// </remarks>
public sealed class LocalDiscoveryDriver : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Rescan = TimeSpan.FromMinutes(1);

    private readonly LocalDiscoverySession _session;
    private readonly Action<LocalPeer> _found;
    private readonly MulticastPorts _ports;
    private readonly TaskScope _scope = new();
    private readonly Lock _lock = new();
    private Instant _nextScan;

    private LocalDiscoveryDriver(LocalDiscoverySession session, IPAddress? bind, Action<LocalPeer> found)
    {
        _session = session;
        _found = found;
        _ports = new MulticastPorts(bind, LocalDiscoveryCodec.GroupV4, LocalDiscoveryCodec.GroupV6, OnHeard);
    }

    /// <summary>Sockets open now: one an interface and address family.</summary>
    public int Ports
    {
        get
        {
            lock (_lock)
                return _ports.Count;
        }
    }

    /// <summary>Begins to listen, and to announce what is added.</summary>
    /// <param name="options">Bounds and timers.</param>
    /// <param name="port">Where we listen for peers.</param>
    /// <param name="bind">The local address to keep to, or null for all; with one of loopback nothing leaves the machine.</param>
    /// <param name="found">Told of peers, on any thread; must only post.</param>
    public static LocalDiscoveryDriver Start(LocalDiscoveryOptions options, int port, IPAddress? bind, Action<LocalPeer> found)
    {
        var driver = new LocalDiscoveryDriver(new LocalDiscoverySession(options, port, SecureRandom.Instance), bind, found);
        driver._scope.TryRun(driver.RunAsync);
        return driver;
    }

    /// <summary>Announces a torrent from now on.</summary>
    public void Add(Sha1Hash infoHash)
    {
        lock (_lock)
            _session.Add(infoHash, MonotonicClock.Now);
    }

    /// <summary>Announces a torrent no more.</summary>
    public void Remove(Sha1Hash infoHash)
    {
        lock (_lock)
            _session.Remove(infoHash);
    }

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        lock (_lock)
            _ports.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Pace);
        try
        {
            do
            {
                lock (_lock)
                    Turn(MonotonicClock.Now);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    private void Turn(Instant now)
    {
        if (now >= _nextScan)
        {
            _nextScan = now + Rescan;
            if (_ports.Scan(_scope))
                _session.OnNewInterface(now);
        }
        _ports.SendRefused();
        if (_ports.Count == 0 || !_session.TryTransmit(now, out LocalAnnouncement? announcement))
            return;
        byte[] v4 = LocalDiscoveryCodec.Write(announcement, LocalDiscoveryCodec.GroupV4);
        byte[] v6 = LocalDiscoveryCodec.Write(announcement, LocalDiscoveryCodec.GroupV6);
        _ports.Send(place => place.Address.AddressFamily == AddressFamily.InterNetworkV6 ? v6 : v4);
    }

    private void OnHeard(IPEndPoint from, ReadOnlyMemory<byte> datagram)
    {
        lock (_lock)
        {
            _session.Receive(from, datagram.Span, MonotonicClock.Now);
            while (_session.TryTakeEvent(out LocalPeer peer))
                _found(peer);
        }
    }
}
