using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>What a PCP message is about.</summary>
public enum PcpOpcode : byte
{
    Announce = 0,
    Map = 1,
}

/// <summary>Result codes of PCP. Spec: RFC 6887 section 7.4.</summary>
public enum PcpResult : byte
{
    Success = 0,
    UnsupportedVersion = 1,
    NotAuthorized = 2,
    MalformedRequest = 3,
    UnsupportedOpcode = 4,
    UnsupportedOption = 5,
    MalformedOption = 6,
    NetworkFailure = 7,
    NoResources = 8,
    UnsupportedProtocol = 9,
    UserExceededQuota = 10,
    CannotProvideExternal = 11,
    AddressMismatch = 12,
    ExcessiveRemotePeers = 13,
}

/// <summary>An answer of a PCP server.</summary>
/// <param name="Opcode">What was asked.</param>
/// <param name="Result">How it went.</param>
/// <param name="LifetimeSeconds">Of the mapping; with an error, how long the error is expected to stay.</param>
/// <param name="EpochSeconds">The server's clock.</param>
/// <param name="Map">What it says about the mapping, with opcode MAP.</param>
public sealed record PcpResponse(PcpOpcode Opcode, PcpResult Result, uint LifetimeSeconds, uint EpochSeconds, PcpMap? Map);

/// <summary>The part of a message that is about a mapping.</summary>
/// <param name="Nonce">12 bytes that only the owner of the mapping knows.</param>
/// <param name="Protocol">What is mapped.</param>
/// <param name="InternalPort">The client's port.</param>
/// <param name="ExternalPort">Suggested or assigned; 0 for no wish.</param>
/// <param name="ExternalAddress">Suggested or assigned, never IPv4-mapped; an any-address for no wish.</param>
public sealed record PcpMap(ReadOnlyMemory<byte> Nonce, MappedProtocol Protocol, int InternalPort, int ExternalPort, IPAddress ExternalAddress);

/// <summary>
/// The datagrams of PCP version 2, all big-endian; options are neither sent nor read.
/// <code>
/// request   version 1 (2) | opcode 1 | reserved 2 | lifetime 4 | client address 16
/// response  version 1 (2) | opcode 1 + 128 | reserved 1 | result 1 | lifetime 4 | epoch 4 | reserved 12
/// MAP       nonce 12 | protocol 1 | reserved 3 | internal port 2 | external port 2 | external address 16
/// </code>
/// Spec: RFC 6887 sections 7.1, 7.2, 11.1, 14.1.
/// </summary>
public static class PcpCodec
{
    public const int Version = 2;

    public const int NonceBytes = 12;

    /// <summary>The longest request that we send.</summary>
    public const int MaxRequestBytes = HeaderBytes + MapBytes;

    /// <summary>The longest datagram of the protocol.</summary>
    public const int MaxDatagramBytes = 1100;

    private const int HeaderBytes = 24;
    private const int MapBytes = 36;

    /// <summary>Writes a request for the server's clock; returns its length.</summary>
    public static int WriteAnnounce(Span<byte> target, IPAddress client) => WriteHeader(target, PcpOpcode.Announce, 0, client);

    /// <summary>Writes a request to map, or with a lifetime of 0 to remove; returns its length.</summary>
    public static int WriteMap(Span<byte> target, IPAddress client, uint lifetimeSeconds, PcpMap map)
    {
        WriteHeader(target, PcpOpcode.Map, lifetimeSeconds, client);
        Span<byte> body = target.Slice(HeaderBytes, MapBytes);
        body.Clear();
        map.Nonce.Span.CopyTo(body[..NonceBytes]);
        body[12] = (byte)map.Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(body[16..], (ushort)map.InternalPort);
        BinaryPrimitives.WriteUInt16BigEndian(body[18..], (ushort)map.ExternalPort);
        WriteAddress(body[20..], map.ExternalAddress);
        return MaxRequestBytes;
    }

    /// <summary>Reads a response of version 2; false when it is none, is cut short or is about what we never ask.</summary>
    public static bool TryReadResponse(ReadOnlySpan<byte> datagram, [NotNullWhen(true)] out PcpResponse? response)
    {
        response = null;
        if (datagram.Length < HeaderBytes || datagram.Length > MaxDatagramBytes || datagram[0] != Version || datagram[1] < 128)
            return false;
        var opcode = (PcpOpcode)(datagram[1] - 128);
        var result = (PcpResult)datagram[3];
        PcpMap? map = null;
        if (opcode == PcpOpcode.Map)
        {
            if (!TryReadMap(datagram[HeaderBytes..], out map))
                return false;
        }
        else if (opcode != PcpOpcode.Announce)
        {
            return false;
        }
        response = new PcpResponse(opcode, result, BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]), BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]), map);
        return true;
    }

    /// <summary>
    /// Whether a datagram of either protocol says that the version asked for is not spoken; then the version that is:
    /// 0 for NAT-PMP, 2 for PCP. Spec: RFC 6887 section 9, appendix A; RFC 6886 section 3.5.
    /// </summary>
    public static bool TryReadVersionRefusal(ReadOnlySpan<byte> datagram, out int version)
    {
        version = datagram.Length < 4 ? -1 : datagram[0];
        // A NAT-PMP gateway has a result of two bytes where PCP has a reserved byte and one of result: the same place.
        return version >= 0 && datagram[1] >= 128 && datagram[2] == 0 && datagram[3] == (byte)PcpResult.UnsupportedVersion;
    }

    /// <summary>A result in words, without a full stop.</summary>
    public static string Describe(PcpResult result) => result switch
    {
        PcpResult.Success => "done",
        PcpResult.UnsupportedVersion => "the router does not speak version 2 of PCP",
        PcpResult.NotAuthorized => "the router does not allow it: PCP may be switched off, or another program holds this mapping",
        PcpResult.MalformedRequest or PcpResult.MalformedOption or PcpResult.UnsupportedOption => "the router does not understand the request",
        PcpResult.UnsupportedOpcode => "the router makes no mappings by PCP",
        PcpResult.NetworkFailure => "the router is not connected to the Internet",
        PcpResult.NoResources => "the router has no room for more mappings",
        PcpResult.UnsupportedProtocol => "the router does not map this protocol",
        PcpResult.UserExceededQuota => "the router allows this machine no more mappings",
        PcpResult.CannotProvideExternal => "another machine has this port at the router",
        PcpResult.AddressMismatch => "there is another NAT between this machine and the router",
        PcpResult.ExcessiveRemotePeers => "the router does not allow so many remote peers",
        _ => $"the router answered with error {(int)result}",
    };

    private static int WriteHeader(Span<byte> target, PcpOpcode opcode, uint lifetimeSeconds, IPAddress client)
    {
        target[0] = Version;
        target[1] = (byte)opcode;
        BinaryPrimitives.WriteUInt16BigEndian(target[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], lifetimeSeconds);
        WriteAddress(target[8..], client);
        return HeaderBytes;
    }

    private static void WriteAddress(Span<byte> target, IPAddress address) =>
        address.MapToIPv6().TryWriteBytes(target, out _);

    private static bool TryReadMap(ReadOnlySpan<byte> body, [NotNullWhen(true)] out PcpMap? map)
    {
        map = null;
        if (body.Length < MapBytes)
            return false;
        var external = new IPAddress(body.Slice(20, 16));
        map = new PcpMap(
            body[..NonceBytes].ToArray(),
            (MappedProtocol)body[12],
            BinaryPrimitives.ReadUInt16BigEndian(body[16..]),
            BinaryPrimitives.ReadUInt16BigEndian(body[18..]),
            external.IsIPv4MappedToIPv6 ? external.MapToIPv4() : external);
        return true;
    }
}
