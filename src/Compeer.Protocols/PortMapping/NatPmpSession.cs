using System.Buffers;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>The client's side of NAT-PMP towards one gateway. Spec: RFC 6886.</summary>
public sealed class NatPmpSession : GatewaySession
{
    /// <param name="times">How often a request is repeated.</param>
    /// <param name="random">Spreads the repetitions.</param>
    public NatPmpSession(GatewayTimes times, Random random)
        : base(times, random)
    {
    }

    public override bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (Requests.Current is not { } request || !Requests.TrySend(now))
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

    public override bool Receive(ReadOnlySpan<byte> datagram, Instant now)
    {
        if (Requests.Current is not { } request)
            return false;
        if (PcpCodec.TryReadVersionRefusal(datagram, out int version))
        {
            if (version == 0)
                return false;
            Requests.Complete(now);
            GiveUp(request, "the router speaks PCP, not NAT-PMP");
            return true;
        }
        if (!NatPmpCodec.TryReadResponse(datagram, out NatPmpResponse? response) || !Answers(response, request))
            return false;
        if (!Epoch.ContinuesNatPmp(response.EpochSeconds, now))
            Emit(new MappingsLost("the router has restarted: its clock went back"));
        Requests.Complete(now);
        Conclude(request, response);
        return true;
    }

    private static bool Answers(NatPmpResponse response, GatewayRequest request) => request.Kind == GatewayRequestKind.Probe
        ? response.Opcode == 0
        : response.Opcode == NatPmpCodec.OpcodeOf(request.Wish.Protocol)
            && (response.InternalPort == request.Wish.InternalPort || (response.InternalPort == 0 && response.Result != NatPmpResult.Success));

    private void Conclude(GatewayRequest request, NatPmpResponse response)
    {
        MappingWish wish = request.Wish;
        if (request.Kind == GatewayRequestKind.Unmap)
            Emit(new MappingRemoved(wish.Protocol));
        else if (response.Result != NatPmpResult.Success)
            GiveUp(request, NatPmpCodec.Describe(response.Result));
        else if (request.Kind == GatewayRequestKind.Probe && response.ExternalAddress!.Equals(IPAddress.Any))
            GiveUp(request, NatPmpCodec.Describe(NatPmpResult.NetworkFailure));
        else if (request.Kind == GatewayRequestKind.Probe)
            Emit(new MappingWayAnswered(response.ExternalAddress));
        else if (response.LifetimeSeconds == 0 || response.ExternalPort == 0)
            GiveUp(request, "the router answered with an empty mapping");
        else
            Emit(new MappingGranted(wish.Protocol, wish.InternalPort, response.ExternalPort, null, TimeSpan.FromSeconds(response.LifetimeSeconds)));
    }
}
