using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>Result codes of NAT-PMP. Spec: RFC 6886 section 3.5.</summary>
public enum NatPmpResult : ushort
{
    Success = 0,
    UnsupportedVersion = 1,
    NotAuthorized = 2,
    NetworkFailure = 3,
    OutOfResources = 4,
    UnsupportedOpcode = 5,
}

/// <summary>An answer of a NAT-PMP gateway.</summary>
/// <param name="Opcode">What was asked: 0 the external address, 1 to map UDP, 2 to map TCP.</param>
/// <param name="Result">How it went.</param>
/// <param name="EpochSeconds">Seconds since the gateway made its table of mappings.</param>
/// <param name="ExternalAddress">Only with opcode 0 and success.</param>
/// <param name="InternalPort">Only with opcodes 1 and 2.</param>
/// <param name="ExternalPort">Only with opcodes 1 and 2.</param>
/// <param name="LifetimeSeconds">Only with opcodes 1 and 2; 0 when the mapping was removed.</param>
public sealed record NatPmpResponse(
    int Opcode, NatPmpResult Result, uint EpochSeconds, IPAddress? ExternalAddress = null, int InternalPort = 0, int ExternalPort = 0, uint LifetimeSeconds = 0);

/// <summary>
/// The datagrams of NAT-PMP, all big-endian. Longer datagrams are valid.
/// <code>
/// address request   version 1 (0) | opcode 1 (0)
/// map request       version 1 (0) | opcode 1 | reserved 2 | internal port 2 | external port 2 | lifetime 4
/// address response  version 1 (0) | opcode 1 (128) | result 2 | epoch 4 | address 4
/// map response      version 1 (0) | opcode 1 (129, 130) | result 2 | epoch 4 | internal port 2 | external port 2 | lifetime 4
/// </code>
/// Spec: RFC 6886 sections 3.2 to 3.5.
/// </summary>
public static class NatPmpCodec
{
    /// <summary>Where gateways listen, for PCP too.</summary>
    public const int Port = 5351;

    public const int MapUdpOpcode = 1;

    public const int MapTcpOpcode = 2;

    /// <summary>The longest request.</summary>
    public const int MaxRequestBytes = 12;

    private const int ErrorBytes = 8;

    /// <summary>The opcode that maps <paramref name="protocol"/>.</summary>
    public static int OpcodeOf(MappedProtocol protocol) => protocol == MappedProtocol.Tcp ? MapTcpOpcode : MapUdpOpcode;

    /// <summary>Writes a request for the external address; returns its length.</summary>
    public static int WriteAddressRequest(Span<byte> target)
    {
        target[0] = 0;
        target[1] = 0;
        return 2;
    }

    /// <summary>Writes a request to map, or with a lifetime of 0 to remove; returns its length.</summary>
    public static int WriteMapRequest(Span<byte> target, MappedProtocol protocol, int internalPort, int externalPort, uint lifetimeSeconds)
    {
        target[0] = 0;
        target[1] = (byte)OpcodeOf(protocol);
        BinaryPrimitives.WriteUInt16BigEndian(target[2..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(target[4..], (ushort)internalPort);
        BinaryPrimitives.WriteUInt16BigEndian(target[6..], (ushort)externalPort);
        BinaryPrimitives.WriteUInt32BigEndian(target[8..], lifetimeSeconds);
        return 12;
    }

    /// <summary>Reads a response; false when it is none, or is cut short.</summary>
    public static bool TryReadResponse(ReadOnlySpan<byte> datagram, [NotNullWhen(true)] out NatPmpResponse? response)
    {
        response = null;
        if (datagram.Length < ErrorBytes || datagram[0] != 0 || datagram[1] < 128)
            return false;
        int opcode = datagram[1] - 128;
        var result = (NatPmpResult)BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        uint epoch = BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]);
        if (opcode == 0)
        {
            bool complete = datagram.Length >= 12;
            if (result == NatPmpResult.Success && !complete)
                return false;
            response = new NatPmpResponse(0, result, epoch, result == NatPmpResult.Success ? new IPAddress(datagram.Slice(8, 4)) : null);
            return true;
        }
        if (datagram.Length >= 16)
        {
            response = new NatPmpResponse(opcode, result, epoch, null,
                BinaryPrimitives.ReadUInt16BigEndian(datagram[8..]),
                BinaryPrimitives.ReadUInt16BigEndian(datagram[10..]),
                BinaryPrimitives.ReadUInt32BigEndian(datagram[12..]));
            return true;
        }
        if (result == NatPmpResult.Success)
            return false;
        response = new NatPmpResponse(opcode, result, epoch);
        return true;
    }

    /// <summary>A result in words, without a full stop.</summary>
    public static string Describe(NatPmpResult result) => result switch
    {
        NatPmpResult.Success => "done",
        NatPmpResult.UnsupportedVersion => "the router does not speak this version of NAT-PMP",
        NatPmpResult.NotAuthorized => "the router does not allow it: NAT-PMP may be switched off in its settings",
        NatPmpResult.NetworkFailure => "the router has no address outside: it is not connected to the Internet",
        NatPmpResult.OutOfResources => "the router has no room for more mappings, or another machine has this port",
        NatPmpResult.UnsupportedOpcode => "the router does not know this request",
        _ => $"the router answered with error {(int)result}",
    };
}
