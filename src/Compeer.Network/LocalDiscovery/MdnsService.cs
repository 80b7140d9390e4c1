using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.MulticastDns;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.LocalDiscovery;

/// <summary>How peers of the local network are found.</summary>
public sealed record MdnsServiceOptions
{
    /// <summary>The local address to keep to, or null for all; with one of loopback nothing leaves the machine.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>Connects to those that are found.</summary>
    public bool Connect { get; init; } = true;

    /// <summary>Peers that are dialled at once; of further ones only the addresses are remembered.</summary>
    public int MaxDials { get; init; } = 16;

    /// <summary>Timers and bounds.</summary>
    public MdnsOptions Session { get; init; } = new();
}

/// <summary>Finds peers on the local network by multicast DNS over IPv4 and IPv6, and lets them find us. Thread-safe.</summary>
/// <remarks>Spec: libp2p/specs discovery/mdns.md.</remarks>
public sealed class MdnsService : IAsyncDisposable
{
    private static readonly TimeSpan Rescan = TimeSpan.FromSeconds(10);

    private readonly PeerHost _host;
    private readonly MdnsServiceOptions _options;
    private readonly MdnsSession _session;
    private readonly MulticastPorts _ports;
    private readonly DeadlineLoop _loop;
    private readonly TaskScope _scope = new();
    private readonly Lock _lock = new();
    private Instant _nextScan;
    private int _dials;

    private MdnsService(PeerHost host, MdnsServiceOptions options)
    {
        _host = host;
        _options = options;
        _session = new MdnsSession(host.Id, options.Session, SecureRandom.Instance);
        _ports = new MulticastPorts(options.Bind, MdnsSession.GroupV4, MdnsSession.GroupV6, OnHeard);
        _loop = new DeadlineLoop(Step);
    }

    /// <summary>Told on any thread of peers that were found; again when their addresses change, and every few minutes. Returns soon.</summary>
    public event Action<MdnsPeer>? Found;

    /// <summary>Sockets open now: one an interface and address family.</summary>
    public int Ports
    {
        get
        {
            lock (_lock)
                return _ports.Count;
        }
    }

    /// <summary>Begins to look, and to be found.</summary>
    public static MdnsService Start(PeerHost host, MdnsServiceOptions options)
    {
        var service = new MdnsService(host, options);
        service._scope.TryRun(service._loop.RunAsync);
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        lock (_lock)
            _ports.Dispose();
    }

    private Instant? Step()
    {
        if (!TryGetAddresses(out IReadOnlyList<Multiaddr> addresses))
            return null;
        lock (_lock)
        {
            Instant now = MonotonicClock.Now;
            if (now >= _nextScan)
            {
                _nextScan = now + Rescan;
                if (_ports.Scan(_scope))
                    _session.OnNewInterface(now);
            }
            _ports.SendRefused();
            while (_session.TryTransmit(addresses, now, out Func<AddressReach, byte[]?> message))
                _ports.Send(place => message(AddressReaches.Of(place.Address)));
            return Instant.Min(_nextScan, _session.NextDeadline);
        }
    }

    /// <summary>False when the host has ended before us.</summary>
    private bool TryGetAddresses(out IReadOnlyList<Multiaddr> addresses)
    {
        try
        {
            addresses = _host.Addresses;
            return true;
        }
        catch (ObjectDisposedException)
        {
            addresses = [];
            return false;
        }
    }

    private void OnHeard(IPEndPoint from, ReadOnlyMemory<byte> datagram)
    {
        var found = new List<MdnsPeer>();
        lock (_lock)
        {
            _session.Receive(from, datagram.Span, MonotonicClock.Now);
            while (_session.TryTakeFound(out MdnsPeer peer))
                found.Add(peer);
        }
        _loop.Wake();
        foreach (MdnsPeer peer in found)
            Take(peer);
    }

    private void Take(MdnsPeer peer)
    {
        _host.AddAddresses(peer.Id, peer.Addresses);
        Found?.Invoke(peer);
        if (!_options.Connect)
            return;
        lock (_lock)
        {
            if (_dials >= _options.MaxDials)
                return;
            _dials++;
        }
        _scope.TryRun(token => DialAsync(peer.Id, token));
    }

    private async Task DialAsync(PeerId peer, CancellationToken cancellationToken)
    {
        try
        {
            await _host.ConnectAsync(peer, cancellationToken);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It is told again when it is still there later.
        }
        finally
        {
            lock (_lock)
                _dials--;
        }
    }
}
