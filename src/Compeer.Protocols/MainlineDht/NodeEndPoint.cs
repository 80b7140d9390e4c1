using System.Buffers.Binary;
using System.Net;

namespace Compeer.Protocols.MainlineDht;

/// <summary>An address and port by value: routing tables hold hundreds, and messages carry dozens.</summary>
/// <param name="High">The first 8 bytes of an IPv6 address; 0 for IPv4.</param>
/// <param name="Low">The last 8 bytes of an IPv6 address; an IPv4 address in the low 32 bits.</param>
/// <param name="Port">The port.</param>
/// <param name="IsV6">The family.</param>
public readonly record struct NodeEndPoint(ulong High, ulong Low, ushort Port, bool IsV6)
{
    /// <summary>Bytes of a compact IPv4 endpoint.</summary>
    public const int V4LengthBytes = 6;

    /// <summary>Bytes of a compact IPv6 endpoint.</summary>
    public const int V6LengthBytes = 18;

    /// <summary>Bytes of its compact form.</summary>
    public int LengthBytes => IsV6 ? V6LengthBytes : V4LengthBytes;

    /// <summary>Takes over an endpoint; an IPv4 address in IPv6 form becomes plain IPv4.</summary>
    public static NodeEndPoint From(IPEndPoint endpoint)
    {
        IPAddress address = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        Span<byte> bytes = stackalloc byte[18];
        address.TryWriteBytes(bytes, out int length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[length..], (ushort)endpoint.Port);
        return Read(bytes[..(length + 2)]);
    }

    /// <summary>Reads a compact endpoint of 6 or 18 bytes. Spec: BEP 5, "contact encoding"; BEP 32.</summary>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public static NodeEndPoint Read(ReadOnlySpan<byte> compact) => compact.Length switch
    {
        V4LengthBytes => new NodeEndPoint(0, BinaryPrimitives.ReadUInt32BigEndian(compact), BinaryPrimitives.ReadUInt16BigEndian(compact[4..]), false),
        V6LengthBytes => new NodeEndPoint(
            BinaryPrimitives.ReadUInt64BigEndian(compact), BinaryPrimitives.ReadUInt64BigEndian(compact[8..]), BinaryPrimitives.ReadUInt16BigEndian(compact[16..]), true),
        _ => throw new ArgumentException("A compact endpoint has 6 or 18 bytes.", nameof(compact)),
    };

    /// <summary>Writes the compact form and gives its length.</summary>
    public int Write(Span<byte> compact)
    {
        if (!IsV6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(compact, (uint)Low);
            BinaryPrimitives.WriteUInt16BigEndian(compact[4..], Port);
            return V4LengthBytes;
        }
        BinaryPrimitives.WriteUInt64BigEndian(compact, High);
        BinaryPrimitives.WriteUInt64BigEndian(compact[8..], Low);
        BinaryPrimitives.WriteUInt16BigEndian(compact[16..], Port);
        return V6LengthBytes;
    }

    /// <summary>Writes the address alone and gives its length, 4 or 16.</summary>
    public int WriteAddress(Span<byte> address)
    {
        Span<byte> compact = stackalloc byte[V6LengthBytes];
        int length = Write(compact) - 2;
        compact[..length].CopyTo(address);
        return length;
    }

    /// <summary>The same host without its port.</summary>
    public NodeEndPoint Host => this with { Port = 0 };

    /// <summary>The network that one operator probably owns: a /24, or a /64 of IPv6.</summary>
    public NodeEndPoint Network => IsV6 ? new NodeEndPoint(High, 0, 0, true) : new NodeEndPoint(0, Low & 0xFFFFFF00, 0, false);

    /// <summary>On this machine.</summary>
    public bool IsLoopback => IsV6 ? High == 0 && Low == 1 : (Low >> 24) == 127;

    /// <summary>In a local network: many hosts of one such network are many people's, as far as we know.</summary>
    public bool IsLocal => IsLoopback || (IsV6
        ? (High >> 57) == 0x7E || (High >> 54) == 0x3FA
        : (Low >> 24) == 10 || (Low >> 20) == 0xAC1 || (Low >> 16) == 0xC0A8 || (Low >> 16) == 0xA9FE || (Low >> 22) == 0x191);

    /// <summary>Somebody can be there: not unspecified, multicast or reserved, and the port is not 0.</summary>
    public bool IsPlausible => Port != 0 && (IsV6
        ? (High >> 56) != 0xFF && (High != 0 || Low > 1 || IsLoopback) && !(High == 0 && Low >> 32 == 0xFFFF)
        : (Low >> 24) is > 0 and < 224);

    /// <summary>The address.</summary>
    public IPAddress Address
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            return new IPAddress(bytes[..WriteAddress(bytes)]);
        }
    }

    public IPEndPoint ToIPEndPoint() => new(Address, Port);

    public bool Equals(NodeEndPoint other) => Low == other.Low && Port == other.Port && High == other.High && IsV6 == other.IsV6;

    /// <summary>Seeded per process: strangers choose what goes into our tables.</summary>
    public override int GetHashCode() => HashCode.Combine(High, Low, Port);

    public override string ToString() => ToIPEndPoint().ToString();
}
