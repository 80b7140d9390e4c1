using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>
/// The client's side of NAT-PMP towards one gateway: one request at a time, repeated with doubling waits. The owner passes in
/// only datagrams that came from the gateway's own address and port.
/// Spec: RFC 6886. Holds at most 16 requests and as many events; single-threaded.
/// </summary>
public sealed class NatPmpSession : IMappingSession
{
    private readonly Queue<MappingSessionEvent> _events = new();
    private readonly GatewayRequests _requests;
    private readonly ServerEpoch _epoch = new();

    /// <param name="times">How often a request is repeated.</param>
    /// <param name="random">Spreads the repetitions.</param>
    public NatPmpSession(GatewayTimes times, Random random) => _requests = new GatewayRequests(times, random);

    public Instant? NextDeadline => _requests.NextDeadline;

    public void Probe(Instant now) => _requests.Add(new GatewayRequest(GatewayRequestKind.Probe, default), now);

    public void Map(MappingWish wish, Instant now) => _requests.Add(new GatewayRequest(GatewayRequestKind.Map, wish), now);

    public void Unmap(MappingWish wish, Instant now) => _requests.Add(new GatewayRequest(GatewayRequestKind.Unmap, wish), now);

    /// <summary>Writes the next datagram to the gateway, if one is to be sent now.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (_requests.Current is not { } request || !_requests.TrySend(now))
            return false;
        Span<byte> target = output.GetSpan(NatPmpCodec.MaxRequestBytes);
        MappingWish wish = request.Wish;
        output.Advance(request.Kind switch
        {
            GatewayRequestKind.Probe => NatPmpCodec.WriteAddressRequest(target),
            GatewayRequestKind.Map => NatPmpCodec.WriteMapRequest(target, wish.Protocol, wish.InternalPort, wish.ExternalPort, (uint)wish.Lease.TotalSeconds),
            _ => NatPmpCodec.WriteMapRequest(target, wish.Protocol, wish.InternalPort, 0, 0),
        });
        return true;
    }

    /// <summary>Takes a datagram from the gateway; false when it answers nothing that was asked, so it changes nothing.</summary>
    public bool Receive(ReadOnlySpan<byte> datagram, Instant now)
    {
        if (_requests.Current is not { } request)
            return false;
        if (PcpCodec.TryReadVersionRefusal(datagram, out int version))
        {
            if (version == 0)
                return false;
            _requests.Complete(now);
            GiveUp(request, "the router speaks PCP, not NAT-PMP");
            return true;
        }
        if (!NatPmpCodec.TryReadResponse(datagram, out NatPmpResponse? response) || !Answers(response, request))
            return false;
        if (!_epoch.ContinuesNatPmp(response.EpochSeconds, now))
            _events.Enqueue(new MappingsLost("the router has restarted: its clock went back"));
        _requests.Complete(now);
        Conclude(request, response);
        return true;
    }

    public void OnDeadline(Instant now)
    {
        if (_requests.OnDeadline(now) is { } given)
            GiveUp(given, "the router does not answer");
    }

    /// <summary>The system says that nothing listens at the gateway's port.</summary>
    public void OnUnreachable(Instant now)
    {
        if (_requests.Current is not { Kind: GatewayRequestKind.Probe } request)
            return;
        _requests.Complete(now);
        GiveUp(request, "the router does not offer it (nothing listens on port 5351)");
    }

    public bool TryTakeEvent([NotNullWhen(true)] out MappingSessionEvent? happened) => _events.TryDequeue(out happened);

    private static bool Answers(NatPmpResponse response, GatewayRequest request) => request.Kind == GatewayRequestKind.Probe
        ? response.Opcode == 0
        : response.Opcode == NatPmpCodec.OpcodeOf(request.Wish.Protocol)
            && (response.InternalPort == request.Wish.InternalPort || (response.InternalPort == 0 && response.Result != NatPmpResult.Success));

    private void Conclude(GatewayRequest request, NatPmpResponse response)
    {
        MappingWish wish = request.Wish;
        if (request.Kind == GatewayRequestKind.Unmap)
            _events.Enqueue(new MappingRemoved(wish.Protocol));
        else if (response.Result != NatPmpResult.Success)
            GiveUp(request, NatPmpCodec.Describe(response.Result));
        else if (request.Kind == GatewayRequestKind.Probe && response.ExternalAddress!.Equals(IPAddress.Any))
            GiveUp(request, NatPmpCodec.Describe(NatPmpResult.NetworkFailure));
        else if (request.Kind == GatewayRequestKind.Probe)
            _events.Enqueue(new MappingWayAnswered(response.ExternalAddress));
        else if (response.LifetimeSeconds == 0 || response.ExternalPort == 0)
            GiveUp(request, "the router answered with an empty mapping");
        else
            _events.Enqueue(new MappingGranted(wish.Protocol, wish.InternalPort, response.ExternalPort, null, TimeSpan.FromSeconds(response.LifetimeSeconds)));
    }

    private void GiveUp(GatewayRequest request, string message) => _events.Enqueue(request.Kind switch
    {
        GatewayRequestKind.Probe => new MappingWayFailed(message),
        GatewayRequestKind.Map => new MappingRefused(request.Wish.Protocol, message, TimeSpan.Zero),
        _ => new MappingRemoved(request.Wish.Protocol),
    });
}
