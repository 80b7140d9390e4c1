using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.PortMapping;

/// <summary>Which way is used, and when what is asked again.</summary>
public sealed partial class PortMapper
{
    private static readonly TimeSpan RemakePause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AfterFailedCheck = TimeSpan.FromSeconds(30);

    private PortMapperPhase _phase;
    private Way? _active;
    private IPAddress? _external;
    private int _failures;
    private Instant _chooseAt = Instant.Never;
    private Instant _checkAt = Instant.Never;
    private Instant _retryAt = Instant.Never;
    private Instant _stopBy = Instant.Never;
    private Instant? _remadeAt;
    private bool _graceOver;

    private enum WayState
    {
        Asking,
        Answered,
        Failed,
        Refused,
    }

    private sealed class Way(PortMappingWays kind, IMappingSession session)
    {
        public PortMappingWays Kind { get; } = kind;

        public IMappingSession Session { get; } = session;

        public WayState State { get; set; }

        public string Message { get; set; } = "not tried yet";

        public IPAddress? External { get; set; }

        public TimeSpan RetryAfter { get; set; }
    }

    private sealed class Wish(MappedProtocol protocol, int port)
    {
        public MappedProtocol Protocol { get; } = protocol;

        public int Port { get; } = port;

        public int ExternalPort { get; set; } = port;

        public IPAddress? ExternalAddress { get; set; }

        public bool IsHeld { get; set; }

        public bool IsAsked { get; set; }

        public bool IsLeaving { get; set; }

        public Instant RenewAt { get; set; } = Instant.Never;

        public Instant? LeaseEnds { get; set; }
    }

    private void Begin(Instant now)
    {
        _phase = PortMapperPhase.Probing;
        _active = null;
        _graceOver = false;
        _chooseAt = _checkAt = _retryAt = Instant.Never;
        foreach (Way way in _ways)
        {
            way.State = WayState.Asking;
            way.Message = "asked, no answer yet";
            way.RetryAfter = TimeSpan.Zero;
            way.Session.Probe(now);
        }
        TakeSessionEvents(now);
        Choose(now);
    }

    private void TakeSessionEvents(Instant now)
    {
        foreach (Way way in _ways)
        {
            while (way.Session.TryTakeEvent(out MappingSessionEvent? happened))
                OnSessionEvent(way, happened, now);
        }
    }

    private void OnSessionEvent(Way way, MappingSessionEvent happened, Instant now)
    {
        switch (happened)
        {
            case MappingWayAnswered answered:
                OnAnswered(way, answered, now);
                break;
            case MappingWayFailed failed:
                OnFailed(way, failed, now);
                break;
            case MappingGranted granted when way == _active && _phase != PortMapperPhase.Stopping:
                OnGranted(way, granted, now);
                break;
            case MappingRefused refused when way == _active && _phase != PortMapperPhase.Stopping:
                OnRefused(way, refused, now);
                break;
            case MappingsLost lost when way == _active:
                RemakeAll(lost.Message, now);
                break;
            case MappingRemoved removed when _phase == PortMapperPhase.Stopping:
                OnRemoved(removed.Protocol);
                break;
        }
    }

    private void OnAnswered(Way way, MappingWayAnswered answered, Instant now)
    {
        way.External = Usable(answered.ExternalAddress);
        if (way == _active)
        {
            if (way.External is { } address && !address.Equals(_external) && _external is not null)
            {
                _external = address;
                RemakeAll($"the router's address outside is now {address}", now);
            }
            return;
        }
        way.State = WayState.Answered;
        way.Message = "the router speaks it; not needed";
        if (_phase == PortMapperPhase.Probing && !_graceOver && _chooseAt == Instant.Never)
            _chooseAt = now + _options.Grace;
        Choose(now);
    }

    private void OnFailed(Way way, MappingWayFailed failed, Instant now)
    {
        way.Message = failed.Message;
        if (way == _active)
        {
            // The mappings may live on: only the end of their leases ends them.
            _checkAt = Instant.Min(_checkAt, now + Min(_options.CheckInterval, AfterFailedCheck));
            return;
        }
        way.State = WayState.Failed;
        Choose(now);
    }

    /// <summary>Takes the best way that answered, unless a better one may answer any moment; gives up when none is left.</summary>
    private void Choose(Instant now)
    {
        if (_phase != PortMapperPhase.Probing)
            return;
        foreach (Way way in _ways)
        {
            if (way.State == WayState.Asking && !_graceOver)
                return;
            if (way.State != WayState.Answered)
                continue;
            _active = way;
            _external = way.External;
            _phase = PortMapperPhase.Mapping;
            _chooseAt = Instant.Never;
            way.Message = "the router speaks it";
            AskNext(now);
            return;
        }
        if (!_ways.Exists(w => w.State == WayState.Asking))
            Fail(now);
    }

    /// <summary>Asks for the first wish that is not granted: one after the other, so that UDP can follow the port that TCP got.</summary>
    private void AskNext(Instant now)
    {
        if (_wishes.Find(w => !w.IsHeld) is { } missing)
        {
            if (!missing.IsAsked)
                Ask(missing, now);
            return;
        }
        OnComplete(now);
    }

    private void OnComplete(Instant now)
    {
        if (_phase == PortMapperPhase.Mapping)
            _checkAt = now + _options.CheckInterval;
        _phase = PortMapperPhase.Mapped;
        _retryAt = Instant.Never;
        _failures = 0;
    }

    private void Ask(Wish wish, Instant now)
    {
        wish.RenewAt = Instant.Never;
        wish.IsAsked = true;
        if (!wish.IsHeld && wish.Protocol == MappedProtocol.Udp && _wishes.Find(w => w.Protocol == MappedProtocol.Tcp && w.IsHeld) is { } tcp)
            wish.ExternalPort = tcp.ExternalPort;
        _active!.Session.Map(WishFor(wish), now);
        TakeSessionEvents(now);
    }

    private MappingWish WishFor(Wish wish) => new(wish.Protocol, wish.Port, wish.ExternalPort, _options.Lease, wish.IsHeld ? _external : null);

    private void OnGranted(Way way, MappingGranted granted, Instant now)
    {
        if (_wishes.Find(w => w.Protocol == granted.Protocol && w.Port == granted.InternalPort) is not { } wish)
            return;
        IPAddress? address = Usable(granted.ExternalAddress) ?? _external;
        bool isRenewal = wish.IsHeld && wish.ExternalPort == granted.ExternalPort && Equals(wish.ExternalAddress, address);
        _external = wish.ExternalAddress = address;
        wish.IsHeld = true;
        wish.IsAsked = false;
        wish.ExternalPort = granted.ExternalPort;
        wish.LeaseEnds = granted.Lifetime is { } lifetime ? now + Max(lifetime, 2 * _options.MinRenewal) : null;
        TimeSpan half = Min(granted.Lifetime ?? _options.Lease, _options.Lease) / 2;
        wish.RenewAt = now + Max(half, _options.MinRenewal);
        way.Message = granted.Lifetime is null ? "in use; the router keeps the mapping until it is removed" : "in use";
        _events.Enqueue(new PortMapped(wish.Protocol, way.Kind, wish.Port, wish.ExternalPort, address, isRenewal));
        AskNext(now);
    }

    private void OnRefused(Way way, MappingRefused refused, Instant now)
    {
        if (_wishes.Find(w => w.Protocol == refused.Protocol) is not { } wish)
            return;
        wish.IsAsked = false;
        way.Message = $"{NameOf(refused.Protocol)} was not mapped: {refused.Message}";
        way.RetryAfter = Max(way.RetryAfter, refused.RetryAfter);
        if (wish.IsHeld)
        {
            // Still mapped until the lease ends: ask again at half of what is left.
            wish.RenewAt = wish.LeaseEnds is { } ends ? now + Max((ends - now) / 2, _options.MinRenewal) : now + _options.CheckInterval;
            _checkAt = Instant.Min(_checkAt, now + _options.MinRenewal);
            return;
        }
        wish.ExternalPort = wish.Port;
        bool hasOther = _ways.Exists(w => w != way && w.State is WayState.Answered or WayState.Asking);
        if (!hasOther && _wishes.Exists(w => w.IsHeld))
        {
            int failures = _failures;
            OnComplete(now);
            _failures = failures;
            _retryAt = now + RetryWait(way.RetryAfter);
            _failures++;
            return;
        }
        foreach (Wish held in _wishes.Where(w => w.IsHeld))
        {
            way.Session.Unmap(WishFor(held), now);
            Forget(held, $"{way.Kind.NameOf()} maps only {NameOf(held.Protocol)}; another way is tried");
        }
        way.State = WayState.Refused;
        _active = null;
        _phase = PortMapperPhase.Probing;
        _graceOver = true;
        Choose(now);
    }

    private void Fail(Instant now)
    {
        _active = null;
        _external = null;
        _phase = PortMapperPhase.Waiting;
        _chooseAt = _checkAt = Instant.Never;
        _retryAt = now + RetryWait(_ways.Count == 0 ? TimeSpan.Zero : _ways.Min(w => w.RetryAfter));
        _failures++;
        _events.Enqueue(new PortMappingFailed(string.Join("; ", _ways.Select(w => $"{w.Kind.NameOf()}: {w.Message}"))));
    }

    private TimeSpan RetryWait(TimeSpan asked)
    {
        TimeSpan own = Min(_options.RetryWait * (1L << Math.Min(_failures, 16)), _options.MaxRetryWait);
        return Min(Max(own, asked), _options.MaxRetryWait);
    }

    private void RemakeAll(string message, Instant now)
    {
        // A router whose clock is wrong in every answer must not make us ask without end.
        if (_phase is not (PortMapperPhase.Mapped or PortMapperPhase.Mapping) || (_remadeAt is { } last && now - last < RemakePause))
            return;
        _remadeAt = now;
        _events.Enqueue(new PortMappingsRemade(message));
        foreach (Wish wish in _wishes.Where(w => w.IsHeld && !w.IsAsked))
            wish.RenewAt = now;
    }

    private void OnTimers(Instant now)
    {
        if (now >= _stopBy)
            _phase = PortMapperPhase.Stopped;
        if (now >= _chooseAt)
        {
            _chooseAt = Instant.Never;
            _graceOver = true;
            Choose(now);
        }
        OnLeases(now);
        if (now >= _checkAt && _active is not null)
        {
            _checkAt = now + _options.CheckInterval;
            _active.Session.Probe(now);
            TakeSessionEvents(now);
        }
        if (now < _retryAt)
            return;
        _retryAt = Instant.Never;
        if (_phase == PortMapperPhase.Waiting)
            Begin(now);
        else if (_phase == PortMapperPhase.Mapped)
            AskNext(now);
    }

    private void OnLeases(Instant now)
    {
        foreach (Wish wish in _wishes.Where(w => w.IsHeld))
        {
            if (wish.LeaseEnds is { } ends && now >= ends)
                Forget(wish, $"the lease ended: {_active?.Message}");
            else if (now >= wish.RenewAt && _active is not null)
                Ask(wish, now);
        }
        if (_phase == PortMapperPhase.Mapped && !_wishes.Exists(w => w.IsHeld))
            Begin(now);
    }

    private void Forget(Wish wish, string why)
    {
        wish.IsHeld = false;
        wish.IsAsked = false;
        wish.LeaseEnds = null;
        wish.RenewAt = Instant.Never;
        _events.Enqueue(new PortUnmapped(wish.Protocol, why));
    }

    private void OnRemoved(MappedProtocol protocol)
    {
        if (_wishes.Find(w => w.Protocol == protocol && w.IsLeaving) is not { } wish)
            return;
        wish.IsLeaving = false;
        Forget(wish, "removed, as we leave");
        StopWhenDone();
    }

    private void StopWhenDone()
    {
        if (!_wishes.Exists(w => w.IsLeaving))
            _phase = PortMapperPhase.Stopped;
    }

    /// <summary>An address that others can at least try; a router without a line tells 0.0.0.0.</summary>
    private static IPAddress? Usable(IPAddress? address) =>
        address is not null && AddressReaches.Of(address) is AddressReach.Private or AddressReach.Global ? address : null;

    private static string NameOf(MappedProtocol protocol) => protocol == MappedProtocol.Tcp ? "TCP" : "UDP";

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
