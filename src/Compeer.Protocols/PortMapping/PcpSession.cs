using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;

namespace Compeer.Protocols.PortMapping;

/// <summary>
/// The client's side of PCP towards one server: one request at a time, repeated with doubling waits. Over IPv6 a mapping is a
/// pinhole in the router's firewall. The owner passes in only datagrams that came from the server's own address and port.
/// Spec: RFC 6887. Holds at most 16 requests and as many events; single-threaded.
/// </summary>
public sealed class PcpSession : IMappingSession
{
    private readonly Queue<MappingSessionEvent> _events = new();
    private readonly GatewayRequests _requests;
    private readonly ServerEpoch _epoch = new();
    private readonly PortMappingLink _link;
    private readonly byte[] _nonceKey;

    /// <param name="times">How often a request is repeated.</param>
    /// <param name="link">The server, and our address as it sees it.</param>
    /// <param name="nonceKey">A secret from which the nonces of mappings follow; kept over restarts, so that a restarted program may take over what it left behind.</param>
    /// <param name="random">Spreads the repetitions.</param>
    public PcpSession(GatewayTimes times, PortMappingLink link, ReadOnlySpan<byte> nonceKey, Random random)
    {
        _requests = new GatewayRequests(times, random);
        _link = link;
        _nonceKey = nonceKey.ToArray();
    }

    public Instant? NextDeadline => _requests.NextDeadline;

    public void Probe(Instant now) => _requests.Add(new GatewayRequest(GatewayRequestKind.Probe, default), now);

    public void Map(MappingWish wish, Instant now) => _requests.Add(new GatewayRequest(GatewayRequestKind.Map, wish), now);

    public void Unmap(MappingWish wish, Instant now) => _requests.Add(new GatewayRequest(GatewayRequestKind.Unmap, wish), now);

    /// <summary>Writes the next datagram to the server, if one is to be sent now.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (_requests.Current is not { } request || !_requests.TrySend(now))
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

    /// <summary>Takes a datagram from the server; false when it answers nothing that was asked, so it changes nothing.</summary>
    public bool Receive(ReadOnlySpan<byte> datagram, Instant now)
    {
        if (_requests.Current is not { } request)
            return false;
        if (PcpCodec.TryReadVersionRefusal(datagram, out int version))
        {
            // Version 2 refused in version 2: it is about the NAT-PMP request that went to the same port.
            if (version == PcpCodec.Version)
                return false;
            _requests.Complete(now);
            GiveUp(request, version == 0 ? "the router speaks NAT-PMP, not PCP" : $"the router speaks version {version} of PCP, not 2", TimeSpan.Zero);
            return true;
        }
        if (!PcpCodec.TryReadResponse(datagram, out PcpResponse? response) || !Answers(response, request))
            return false;
        if (!_epoch.ContinuesPcp(response.EpochSeconds, now))
            _events.Enqueue(new MappingsLost("the router has restarted: its clock does not fit"));
        _requests.Complete(now);
        Conclude(request, response);
        return true;
    }

    public void OnDeadline(Instant now)
    {
        if (_requests.OnDeadline(now) is { } given)
            GiveUp(given, "the router does not answer", TimeSpan.Zero);
    }

    /// <summary>The system says that nothing listens at the server's port.</summary>
    public void OnUnreachable(Instant now)
    {
        if (_requests.Current is not { Kind: GatewayRequestKind.Probe } request)
            return;
        _requests.Complete(now);
        GiveUp(request, "the router does not offer it (nothing listens on port 5351)", TimeSpan.Zero);
    }

    public bool TryTakeEvent([NotNullWhen(true)] out MappingSessionEvent? happened) => _events.TryDequeue(out happened);

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
            _events.Enqueue(new MappingRemoved(wish.Protocol));
        // A server that knows no ANNOUNCE speaks PCP all the same.
        else if (request.Kind == GatewayRequestKind.Probe && response.Result is PcpResult.Success or PcpResult.UnsupportedOpcode)
            _events.Enqueue(new MappingWayAnswered(null));
        else if (response.Result != PcpResult.Success)
            GiveUp(request, PcpCodec.Describe(response.Result), TimeSpan.FromSeconds(response.LifetimeSeconds));
        else if (response.LifetimeSeconds == 0 || response.Map!.ExternalPort == 0)
            GiveUp(request, "the router answered with an empty mapping", TimeSpan.Zero);
        else
            _events.Enqueue(new MappingGranted(wish.Protocol, wish.InternalPort, response.Map.ExternalPort, response.Map.ExternalAddress, TimeSpan.FromSeconds(response.LifetimeSeconds)));
    }

    private void GiveUp(GatewayRequest request, string message, TimeSpan retryAfter) => _events.Enqueue(request.Kind switch
    {
        GatewayRequestKind.Probe => new MappingWayFailed(message),
        GatewayRequestKind.Map => new MappingRefused(request.Wish.Protocol, message, retryAfter),
        _ => new MappingRemoved(request.Wish.Protocol),
    });
}
