using System.Net;
using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Turn;

/// <summary>Requests: who asks, and what they get.</summary>
public sealed partial class TurnServer
{
    private const byte Udp = 17;

    private static ReadOnlySpan<StunAttributeType> KnownAttributes =>
    [
        StunAttributeType.Username, StunAttributeType.Realm, StunAttributeType.Nonce, StunAttributeType.Lifetime, StunAttributeType.XorPeerAddress,
        StunAttributeType.RequestedTransport, StunAttributeType.RequestedAddressFamily, StunAttributeType.ChannelNumber,
        StunAttributeType.EvenPort,
    ];

    private int AnswerRequest(in StunMessage message, IPEndPoint client, Instant now, Span<byte> output)
    {
        if (message.Method is not (StunMethod.Allocate or StunMethod.Refresh or StunMethod.CreatePermission or StunMethod.ChannelBind))
            return 0;
        int refusal = Authenticate(message, client, now, out Request request);
        if (refusal != 0)
        {
            Challenges++;
            int length = Challenge(message, client, refusal, now, output);
            return length < StunBindingResponder.MaxAmplification * message.LengthBytes ? length : 0;
        }
        Span<ushort> unknown = stackalloc ushort[MaxUnknown];
        unknown = unknown[..message.UnknownAttributes(KnownAttributes, unknown)];
        if (!unknown.IsEmpty)
            return Refuse(request, StunError.UnknownAttribute, output, unknown);
        if (message.Method == StunMethod.Allocate)
            return Allocate(message, request, now, output);
        if (!_byClient.TryGetValue(client, out TurnAllocation? allocation))
            return Refuse(request, StunError.AllocationMismatch, output);
        if (allocation.User != request.User)
            return Refuse(request, StunError.WrongCredentials, output);
        return message.Method switch
        {
            StunMethod.Refresh => Refresh(message, request, allocation, now, output),
            StunMethod.CreatePermission => CreatePermission(message, request, allocation, now, output),
            _ => BindChannel(message, request, allocation, now, output),
        };
    }

    /// <summary>Gives the error to refuse with, 0 for none. A name that nobody has costs the same work as a wrong password.</summary>
    private int Authenticate(in StunMessage message, IPEndPoint client, Instant now, out Request request)
    {
        request = default;
        if (!message.IsProtected)
            return StunError.Unauthenticated;
        if (!message.TryGetText(StunAttributeType.Username, 508, out string? user)
            || !message.TryGet(StunAttributeType.Realm, out _)
            || !message.TryGet(StunAttributeType.Nonce, out ReadOnlySpan<byte> nonce))
            return StunError.BadRequest;
        if (!_nonces.IsFresh(nonce, client, now))
            return StunError.StaleNonce;
        bool known = _keys.TryGetValue(user, out byte[]? key);
        if (!message.HasIntegrity(key ?? []) || !known)
            return StunError.Unauthenticated;
        request = new Request(message.Method, message.Id, client, user, key!);
        return 0;
    }

    private int Challenge(in StunMessage message, IPEndPoint client, int code, Instant now, Span<byte> output)
    {
        var writer = new StunMessageWriter(output, StunClass.Error, message.Method, message.Id);
        writer.AddError(code);
        if (code != StunError.BadRequest)
        {
            Span<byte> nonce = stackalloc byte[TurnNonces.LengthBytes];
            _nonces.Write(nonce, client, now);
            writer.AddText(StunAttributeType.Realm, _options.Realm);
            writer.Add(StunAttributeType.Nonce, nonce);
        }
        return writer.Length;
    }

    private int Allocate(in StunMessage message, Request request, Instant now, Span<byte> output)
    {
        if (_byClient.TryGetValue(request.Client, out TurnAllocation? existing))
        {
            bool isRepeated = existing.AllocatedBy == request.Id;
            // Our answer was lost, or is still to come.
            if (isRepeated)
                return existing.Relayed is null ? 0 : WriteAllocated(existing, output);
            return Refuse(request, StunError.AllocationMismatch, output);
        }
        if (!message.TryGet(StunAttributeType.RequestedTransport, out ReadOnlySpan<byte> transport) || transport.Length != 4)
            return Refuse(request, StunError.BadRequest, output);
        if (transport[0] != Udp)
            return Refuse(request, StunError.UnsupportedTransport, output);
        bool isV6 = false;
        if (message.TryGet(StunAttributeType.RequestedAddressFamily, out ReadOnlySpan<byte> family))
        {
            if (family.Length != 4 || family[0] is not (StunAddressCodec.V4 or StunAddressCodec.V6))
                return Refuse(request, StunError.AddressFamilyNotSupported, output);
            isV6 = family[0] == StunAddressCodec.V6;
        }
        if (isV6 ? !_options.RelaysV6 : !_options.RelaysV4)
            return Refuse(request, StunError.AddressFamilyNotSupported, output);
        bool isEven = message.TryGet(StunAttributeType.EvenPort, out ReadOnlySpan<byte> even);
        // The highest bit asks to keep the next port for another allocation, which is not done here.
        if (isEven && (even.Length == 0 || (even[0] & 0x80) != 0))
            return Refuse(request, StunError.InsufficientCapacity, output);
        if (_byClient.Values.Count(a => a.User == request.User) >= _options.MaxAllocationsPerUser)
            return Refuse(request, StunError.AllocationQuotaReached, output);
        if (_byClient.Count >= _options.MaxAllocations)
            return Refuse(request, StunError.InsufficientCapacity, output);
        var allocation = new TurnAllocation(_options, _relays++, request.Client, request.User, request.Key, isV6)
        {
            AllocatedBy = request.Id,
            Lifetime = LifetimeOf(message),
        };
        allocation.Expires = now + allocation.Lifetime;
        _byClient.Add(request.Client, allocation);
        _byRelay.Add(allocation.Relay, allocation);
        _events.Enqueue(new TurnRelayWanted(allocation.Relay, isV6, isEven));
        return 0;
    }

    private int Refresh(in StunMessage message, Request request, TurnAllocation allocation, Instant now, Span<byte> output)
    {
        if (message.TryGet(StunAttributeType.RequestedAddressFamily, out ReadOnlySpan<byte> family)
            && (family.Length != 4 || family[0] != (allocation.IsV6 ? StunAddressCodec.V6 : StunAddressCodec.V4)))
            return Refuse(request, StunError.PeerAddressFamilyMismatch, output);
        TimeSpan lifetime = TimeSpan.Zero;
        if (message.TryGetUInt32(StunAttributeType.Lifetime, out uint seconds) && seconds == 0)
        {
            End(allocation);
        }
        else
        {
            lifetime = allocation.Lifetime = LifetimeOf(message);
            allocation.Expires = now + lifetime;
        }
        var writer = new StunMessageWriter(output, StunClass.Success, request.Method, request.Id);
        writer.AddUInt32(StunAttributeType.Lifetime, (uint)lifetime.TotalSeconds);
        writer.AddIntegrity(request.Key);
        return writer.Length;
    }

    private int CreatePermission(in StunMessage message, Request request, TurnAllocation allocation, Instant now, Span<byte> output)
    {
        // All are checked before one is let in: a request works as a whole or not at all.
        for (int pass = 0; pass < 2; pass++)
        {
            bool any = false;
            foreach (StunAttributeView attribute in message.Attributes)
            {
                if (attribute.Type != StunAttributeType.XorPeerAddress)
                    continue;
                any = true;
                if (!StunAddressCodec.TryReadXor(attribute.Value, message.Id, out IPEndPoint? peer))
                    return Refuse(request, StunError.BadRequest, output);
                int error = ErrorOf(peer.Address, allocation);
                if (error == 0 && pass == 1 && !allocation.TryPermit(peer.Address, now))
                    error = StunError.InsufficientCapacity;
                if (error != 0)
                    return Refuse(request, error, output);
            }
            if (!any)
                return Refuse(request, StunError.BadRequest, output);
        }
        return Succeed(request, output);
    }

    private int BindChannel(in StunMessage message, Request request, TurnAllocation allocation, Instant now, Span<byte> output)
    {
        if (!message.TryGetUInt32(StunAttributeType.ChannelNumber, out uint value)
            || value >> 16 is < TurnChannelData.FirstNumber or > TurnChannelData.LastAcceptedNumber
            || !message.TryGetXorAddress(StunAttributeType.XorPeerAddress, out IPEndPoint? peer)
            || peer.Port == 0)
            return Refuse(request, StunError.BadRequest, output);
        int error = ErrorOf(peer.Address, allocation);
        if (error == 0)
            error = allocation.Bind((ushort)(value >> 16), peer, now);
        return error == 0 ? Succeed(request, output) : Refuse(request, error, output);
    }

    private int ErrorOf(IPAddress peer, TurnAllocation allocation)
    {
        if (StunAddressCodec.IsV6(peer) != allocation.IsV6)
            return StunError.PeerAddressFamilyMismatch;
        return _policy.Allows(peer) ? 0 : StunError.Forbidden;
    }

    private TimeSpan LifetimeOf(in StunMessage message)
    {
        TimeSpan wanted = message.TryGetUInt32(StunAttributeType.Lifetime, out uint seconds) ? TimeSpan.FromSeconds(seconds) : _options.DefaultLifetime;
        if (wanted > _options.MaxLifetime)
            return _options.MaxLifetime;
        return wanted < _options.DefaultLifetime ? _options.DefaultLifetime : wanted;
    }

    private static int WriteAllocated(TurnAllocation allocation, Span<byte> output)
    {
        var writer = new StunMessageWriter(output, StunClass.Success, StunMethod.Allocate, allocation.AllocatedBy);
        writer.AddXorAddress(StunAttributeType.XorRelayedAddress, allocation.Relayed!);
        writer.AddUInt32(StunAttributeType.Lifetime, (uint)allocation.Lifetime.TotalSeconds);
        writer.AddXorAddress(StunAttributeType.XorMappedAddress, allocation.Client);
        writer.AddIntegrity(allocation.Key);
        return writer.Length;
    }

    private static int Succeed(Request request, Span<byte> output)
    {
        var writer = new StunMessageWriter(output, StunClass.Success, request.Method, request.Id);
        writer.AddIntegrity(request.Key);
        return writer.Length;
    }

    private static int Refuse(Request request, int code, Span<byte> output, ReadOnlySpan<ushort> unknown = default)
    {
        var writer = new StunMessageWriter(output, StunClass.Error, request.Method, request.Id);
        writer.AddError(code, ReasonOf(code));
        if (!unknown.IsEmpty)
            writer.AddUnknownAttributes(unknown);
        writer.AddIntegrity(request.Key);
        return writer.Length;
    }

    private static string ReasonOf(int code) => code switch
    {
        StunError.BadRequest => "Bad Request",
        StunError.Forbidden => "Forbidden",
        StunError.UnknownAttribute => "Unknown Attribute",
        StunError.AllocationMismatch => "Allocation Mismatch",
        StunError.AddressFamilyNotSupported => "Address Family not Supported",
        StunError.WrongCredentials => "Wrong Credentials",
        StunError.UnsupportedTransport => "Unsupported Transport Protocol",
        StunError.PeerAddressFamilyMismatch => "Peer Address Family Mismatch",
        StunError.AllocationQuotaReached => "Allocation Quota Reached",
        StunError.InsufficientCapacity => "Insufficient Capacity",
        _ => "",
    };

    /// <summary>A request whose sender has proved to know the password.</summary>
    private readonly record struct Request(StunMethod Method, StunTransactionId Id, IPEndPoint Client, string User, byte[] Key);
}
