namespace Compeer.Protocols.PortMapping;

/// <summary>What is asked of a gateway by datagram.</summary>
internal enum GatewayRequestKind
{
    Probe,
    Map,
    Unmap,
}

/// <summary>One request; the wish is empty for a probe.</summary>
internal readonly record struct GatewayRequest(GatewayRequestKind Kind, MappingWish Wish);

/// <summary>
/// Requests to one gateway, one at a time, each sent again after a doubling wait until it is answered or given up:
/// what NAT-PMP and PCP have in common. Holds at most <see cref="MaxWaiting"/> requests.
/// </summary>
internal sealed class GatewayRequests(GatewayTimes times, Random random)
{
    private const int MaxWaiting = 16;

    private readonly List<GatewayRequest> _waiting = [];
    private int _sends;
    private bool _sendDue;
    private Instant? _deadline;

    /// <summary>What is under way.</summary>
    public GatewayRequest? Current { get; private set; }

    public Instant? NextDeadline => _deadline;

    /// <summary>Adds a request; an equal one that waits or runs is enough.</summary>
    public void Add(GatewayRequest request, Instant now)
    {
        bool IsSame(GatewayRequest other) => other.Kind == request.Kind && (request.Kind == GatewayRequestKind.Probe || other.Wish.Protocol == request.Wish.Protocol);
        if ((Current is { } current && IsSame(current)) || _waiting.Any(IsSame) || _waiting.Count == MaxWaiting)
            return;
        _waiting.Add(request);
        Next(now);
    }

    /// <summary>Whether <see cref="Current"/> is to be sent now; if so it counts as sent.</summary>
    public bool TrySend(Instant now)
    {
        if (!_sendDue)
            return false;
        _sendDue = false;
        double spread = 1 + (times.Spread * ((2 * random.NextDouble()) - 1));
        _deadline = now + (times.FirstWait * (1L << _sends) * spread);
        _sends++;
        return true;
    }

    /// <summary>Ends the current request and begins the next.</summary>
    public void Complete(Instant now)
    {
        Current = null;
        _deadline = null;
        _sendDue = false;
        Next(now);
    }

    /// <summary>Repeats; or gives up, ends the request and returns it.</summary>
    public GatewayRequest? OnDeadline(Instant now)
    {
        if (_sendDue || _deadline is not { } due || now < due)
            return null;
        if (_sends < times.MaxSends)
        {
            _sendDue = true;
            _deadline = now;
            return null;
        }
        GatewayRequest? given = Current;
        Complete(now);
        return given;
    }

    private void Next(Instant now)
    {
        if (Current is not null || _waiting.Count == 0)
            return;
        Current = _waiting[0];
        _waiting.RemoveAt(0);
        _sends = 0;
        _sendDue = true;
        _deadline = now;
    }
}
