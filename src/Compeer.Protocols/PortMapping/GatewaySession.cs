using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Compeer.Protocols.PortMapping;

/// <summary>
/// What the clients of NAT-PMP and PCP have in common: one request at a time, repeated with doubling waits. The owner passes in
/// only datagrams that came from the gateway's own address and port. Holds at most 16 requests and as many events; single-threaded.
/// </summary>
public abstract class GatewaySession : IMappingSession
{
    private readonly Queue<MappingSessionEvent> _events = new();

    private protected GatewaySession(GatewayTimes times, Random random) => Requests = new GatewayRequests(times, random);

    public Instant? NextDeadline => Requests.NextDeadline;

    private protected GatewayRequests Requests { get; }

    private protected ServerEpoch Epoch { get; } = new();

    public void Probe(Instant now) => Requests.Add(new GatewayRequest(GatewayRequestKind.Probe, default), now);

    public void Map(MappingWish wish, Instant now) => Requests.Add(new GatewayRequest(GatewayRequestKind.Map, wish), now);

    public void Unmap(MappingWish wish, Instant now) => Requests.Add(new GatewayRequest(GatewayRequestKind.Unmap, wish), now);

    /// <summary>Writes the next datagram to the gateway, if one is to be sent now.</summary>
    public abstract bool TryTransmit(IBufferWriter<byte> output, Instant now);

    /// <summary>Takes a datagram from the gateway; false when it answers nothing that was asked, so it changes nothing.</summary>
    public abstract bool Receive(ReadOnlySpan<byte> datagram, Instant now);

    public void OnDeadline(Instant now)
    {
        if (Requests.OnDeadline(now) is { } given)
            GiveUp(given, "the router does not answer");
    }

    /// <summary>The system says that nothing listens at the gateway's port.</summary>
    public void OnUnreachable(Instant now)
    {
        if (Requests.Current is not { Kind: GatewayRequestKind.Probe } request)
            return;
        Requests.Complete(now);
        GiveUp(request, "the router does not offer it (nothing listens on port 5351)");
    }

    public bool TryTakeEvent([NotNullWhen(true)] out MappingSessionEvent? happened) => _events.TryDequeue(out happened);

    private protected void Emit(MappingSessionEvent happened) => _events.Enqueue(happened);

    /// <summary>A request has failed; <paramref name="retryAfter"/> is when the router wants a mapping to be asked for again.</summary>
    private protected void GiveUp(GatewayRequest request, string message, TimeSpan retryAfter = default) => Emit(request.Kind switch
    {
        GatewayRequestKind.Probe => new MappingWayFailed(message),
        GatewayRequestKind.Map => new MappingRefused(request.Wish.Protocol, message, retryAfter),
        _ => new MappingRemoved(request.Wish.Protocol),
    });
}
