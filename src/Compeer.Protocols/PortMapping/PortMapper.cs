using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>Where a datagram of <see cref="PortMapper"/> goes.</summary>
public enum PortMapperChannel
{
    /// <summary>To port 5351 of the gateway.</summary>
    Gateway,

    /// <summary>To <see cref="SsdpCodec.Group"/>, on the interface of the link.</summary>
    Search,
}

/// <summary>
/// Keeps one port mapped at one router, for TCP and UDP: asks by all ways at once whether the router speaks them, maps by the best
/// that answers, falls back to the next, renews at half of the lease, makes everything again when the router restarts or its
/// address changes, and removes the mappings at the end. Says in words what happened with each way.
/// Spec: RFC 6886, RFC 6887, UPnP-IGD 1 and 2. Bounds: <see cref="PortMapperOptions"/>; single-threaded.
/// </summary>
// DEVIATION from asking for mappings by all ways at once and releasing the losers: most routers keep one table for all ways, so
// a release by one way can remove the very mapping that another has just made. All are probed at once, one at a time maps.
public sealed partial class PortMapper
{
    private static readonly TimeSpan MaxLease = TimeSpan.FromHours(2);

    private readonly PortMapperOptions _options;
    private readonly PortMappingLink _link;
    private readonly NatPmpSession? _natPmp;
    private readonly PcpSession? _pcp;
    private readonly IgdSession? _igd;
    private readonly List<Way> _ways = [];
    private readonly List<Wish> _wishes = [];
    private readonly Queue<PortMapperEvent> _events = new();

    /// <param name="options">What to try and how patiently.</param>
    /// <param name="link">The router and our address; over IPv6 only PCP is tried.</param>
    /// <param name="port">Our port, wanted outside too.</param>
    /// <param name="nonceKey">A secret of this node that outlives a restart (PCP); any length.</param>
    /// <param name="random">Unpredictable outside simulations.</param>
    public PortMapper(PortMapperOptions options, PortMappingLink link, int port, ReadOnlySpan<byte> nonceKey, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Lease, MaxLease, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Lease, TimeSpan.FromSeconds(1), nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        _options = options;
        _link = link;
        // The order is the order of preference: PCP tells most, UPnP has most to go wrong.
        if (options.Ways.HasFlag(PortMappingWays.Pcp))
            _ways.Add(new Way(PortMappingWays.Pcp, _pcp = new PcpSession(options.Pcp, link, nonceKey, random)));
        if (options.Ways.HasFlag(PortMappingWays.NatPmp) && !link.IsV6)
            _ways.Add(new Way(PortMappingWays.NatPmp, _natPmp = new NatPmpSession(options.NatPmp, random)));
        if (options.Ways.HasFlag(PortMappingWays.Igd) && !link.IsV6)
            _ways.Add(new Way(PortMappingWays.Igd, _igd = new IgdSession(options.Igd, link, random)));
        foreach (MappedProtocol protocol in (MappedProtocol[])[MappedProtocol.Tcp, MappedProtocol.Udp])
            _wishes.Add(new Wish(protocol, port));
    }

    /// <summary>Whether everything is removed, or was given up.</summary>
    public bool IsStopped => _phase == PortMapperPhase.Stopped;

    /// <summary>The earliest instant at which something is to be sent or done; null when stopped.</summary>
    public Instant? NextDeadline
    {
        get
        {
            Instant next = Instant.Never;
            foreach (Way way in _ways)
                next = Instant.Min(next, way.Session.NextDeadline ?? Instant.Never);
            foreach (Wish wish in _wishes)
                next = Instant.Min(next, Instant.Min(wish.RenewAt, wish.LeaseEnds ?? Instant.Never));
            next = Instant.Min(Instant.Min(next, _chooseAt), Instant.Min(_checkAt, Instant.Min(_retryAt, _stopBy)));
            return IsStopped || next == Instant.Never ? null : next;
        }
    }

    /// <summary>Begins. Called once.</summary>
    public void Start(Instant now) => Begin(now);

    /// <summary>Writes the next datagram and says where it goes, if one is to be sent now.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, out PortMapperChannel channel, Instant now)
    {
        channel = PortMapperChannel.Gateway;
        if (IsStopped)
            return false;
        if (_pcp?.TryTransmit(output, now) == true || _natPmp?.TryTransmit(output, now) == true)
            return true;
        channel = PortMapperChannel.Search;
        return _igd?.TryTransmitSearch(output, now) == true;
    }

    /// <summary>Takes the HTTP request that is to be made now.</summary>
    public bool TryTakeRequest([NotNullWhen(true)] out IgdRequest? request)
    {
        request = null;
        return !IsStopped && _igd?.TryTakeRequest(out request) == true;
    }

    /// <summary>Takes a datagram that came to the port from which the gateway was asked; from anybody but the gateway it changes nothing.</summary>
    public void ReceiveFromGateway(IPEndPoint from, ReadOnlySpan<byte> datagram, Instant now)
    {
        if (from.Port != NatPmpCodec.Port || !IsSameHost(from.Address, _link.Gateway))
            return;
        if (_pcp?.Receive(datagram, now) != true)
            _natPmp?.Receive(datagram, now);
        TakeSessionEvents(now);
    }

    /// <summary>Takes a datagram that came to the port from which the search was sent.</summary>
    public void ReceiveSearchAnswer(IPEndPoint from, ReadOnlySpan<byte> datagram, Instant now)
    {
        _igd?.ReceiveSearchAnswer(from.Address, datagram, now);
        TakeSessionEvents(now);
    }

    /// <summary>Takes the outcome of an HTTP request.</summary>
    public void OnReply(IgdReply reply, Instant now)
    {
        _igd?.OnReply(reply, now);
        TakeSessionEvents(now);
    }

    /// <summary>The system says that nothing listens at the gateway's port 5351.</summary>
    public void OnGatewayUnreachable(Instant now)
    {
        _pcp?.OnUnreachable(now);
        _natPmp?.OnUnreachable(now);
        TakeSessionEvents(now);
    }

    /// <summary>Does what is due when <see cref="NextDeadline"/> has passed.</summary>
    public void OnDeadline(Instant now)
    {
        foreach (Way way in _ways)
            way.Session.OnDeadline(now);
        TakeSessionEvents(now);
        OnTimers(now);
    }

    /// <summary>Begins to remove the mappings; it is over when <see cref="IsStopped"/>.</summary>
    public void Stop(Instant now)
    {
        if (_phase is PortMapperPhase.Stopping or PortMapperPhase.Stopped)
            return;
        _phase = PortMapperPhase.Stopping;
        _chooseAt = _checkAt = _retryAt = Instant.Never;
        foreach (Wish wish in _wishes)
        {
            // Also what was asked for and not answered yet: a session does one thing after the other.
            if (_active is not null && (wish.IsHeld || wish.IsAsked))
            {
                wish.IsLeaving = true;
                _active.Session.Unmap(WishFor(wish), now);
            }
            wish.RenewAt = Instant.Never;
            wish.LeaseEnds = null;
        }
        _stopBy = now + _options.StopTimeout;
        TakeSessionEvents(now);
        StopWhenDone();
    }

    /// <summary>Takes what happened, oldest first.</summary>
    public bool TryTakeEvent([NotNullWhen(true)] out PortMapperEvent? happened) => _events.TryDequeue(out happened);

    /// <summary>The state now.</summary>
    public PortMapperStatus Describe() => new(
        _phase,
        _link,
        _active?.Kind ?? PortMappingWays.None,
        _external,
        [.. _wishes.Where(w => w.IsHeld).Select(w => new PortMapping(w.Protocol, w.Port, w.ExternalPort, w.LeaseEnds))],
        [.. _ways.Select(w => new PortMappingWayReport(w.Kind, w.State == WayState.Answered, w.Message))]);

    // A link-local address carries the interface's number in one place and not in the other.
    private static bool IsSameHost(IPAddress a, IPAddress b) => a.GetAddressBytes().AsSpan().SequenceEqual(b.GetAddressBytes());
}
