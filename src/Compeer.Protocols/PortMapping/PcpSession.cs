using System.Buffers;
using System.Net;
using System.Security.Cryptography;

namespace Compeer.Protocols.PortMapping;

/// <summary>The client's side of PCP towards one server. Over IPv6 a mapping is a pinhole in the router's firewall. Spec: RFC 6887.</summary>
public sealed class PcpSession : GatewaySession
{
    private readonly PortMappingLink _link;
    private readonly byte[] _nonceKey;

    /// <param name="times">How often a request is repeated.</param>
    /// <param name="link">The server, and our address as it sees it.</param>
    /// <param name="nonceKey">A secret from which the nonces of mappings follow; kept over restarts, so that a restarted program may take over what it left behind.</param>
    /// <param name="random">Spreads the repetitions.</param>
    public PcpSession(GatewayTimes times, PortMappingLink link, ReadOnlySpan<byte> nonceKey, Random random)
        : base(times, random)
    {
        _link = link;
        _nonceKey = nonceKey.ToArray();
    }

    public override bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (Requests.Current is not { } request || !Requests.TrySend(now))
            return false;
        Span<byte> target = output.GetSpan(PcpCodec.MaxRequestBytes);
        if (request.Kind == GatewayRequestKind.Probe)
        {
            output.Advance(PcpCodec.WriteAnnounce(target, _link.Local));
            return true;
        }
        MappingWish wish = request.Wish;
        uint lifetime = request.Kind == GatewayRequestKind.Unmap ? 0 : (uint)wish.Lease.TotalSeconds;
        IPAddress none = _link.IsV6 ? IPAddress.IPv6Any : IPAddress.Any;
        output.Advance(PcpCodec.WriteMap(target, _link.Local, lifetime, new PcpMap(NonceOf(wish), wish.Protocol, wish.InternalPort, wish.ExternalPort, wish.ExternalAddress ?? none)));
        return true;
    }

    public override bool Receive(ReadOnlySpan<byte> datagram, Instant now)
    {
        if (Requests.Current is not { } request)
            return false;
        if (PcpCodec.TryReadVersionRefusal(datagram, out int version))
        {
            // Version 2 refused in version 2: it is about the NAT-PMP request that went to the same port.
            if (version == PcpCodec.Version)
                return false;
            Requests.Complete(now);
            GiveUp(request, version == 0 ? "the router speaks NAT-PMP, not PCP" : $"the router speaks version {version} of PCP, not 2");
            return true;
        }
        if (!PcpCodec.TryReadResponse(datagram, out PcpResponse? response) || !Answers(response, request))
            return false;
        if (!Epoch.ContinuesPcp(response.EpochSeconds, now))
            Emit(new MappingsLost("the router has restarted: its clock does not fit"));
        Requests.Complete(now);
        Conclude(request, response);
        return true;
    }

    /// <summary>The nonce of a mapping: the same after a restart, another one for every server, client, protocol and port.</summary>
    private byte[] NonceOf(MappingWish wish)
    {
        byte[] what = [.. _link.Gateway.GetAddressBytes(), .. _link.Local.GetAddressBytes(), (byte)wish.Protocol, (byte)(wish.InternalPort >> 8), (byte)wish.InternalPort];
        return HMACSHA256.HashData(_nonceKey, what)[..PcpCodec.NonceBytes];
    }

    private bool Answers(PcpResponse response, GatewayRequest request) => request.Kind == GatewayRequestKind.Probe
        ? response.Opcode == PcpOpcode.Announce
        : response.Map is { } map
            && map.Protocol == request.Wish.Protocol
            && map.InternalPort == request.Wish.InternalPort
            && map.Nonce.Span.SequenceEqual(NonceOf(request.Wish));

    private void Conclude(GatewayRequest request, PcpResponse response)
    {
        MappingWish wish = request.Wish;
        if (request.Kind == GatewayRequestKind.Unmap)
            Emit(new MappingRemoved(wish.Protocol));
        // A server that knows no ANNOUNCE speaks PCP all the same.
        else if (request.Kind == GatewayRequestKind.Probe && response.Result is PcpResult.Success or PcpResult.UnsupportedOpcode)
            Emit(new MappingWayAnswered(null));
        else if (response.Result != PcpResult.Success)
            GiveUp(request, PcpCodec.Describe(response.Result), TimeSpan.FromSeconds(response.LifetimeSeconds));
        else if (response.LifetimeSeconds == 0 || response.Map!.ExternalPort == 0)
            GiveUp(request, "the router answered with an empty mapping");
        else
            Emit(new MappingGranted(wish.Protocol, wish.InternalPort, response.Map.ExternalPort, response.Map.ExternalAddress, TimeSpan.FromSeconds(response.LifetimeSeconds)));
    }
}
