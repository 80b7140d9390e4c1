using System.Buffers.Binary;
using System.Net;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// What counts as one address for limits: an IPv4 address, or the /64 of an IPv6 address.
/// Hashed with the process's seed, so that nobody can choose addresses that collide.
/// </summary>
internal readonly record struct AddressPrefix(ulong Bits)
{
    public static AddressPrefix Of(UInt128 address) => new(IsV4(address) ? (ulong)address : (ulong)(address >> 64));

    /// <summary>An address as 128 bits; IPv4 in its mapped form.</summary>
    public static UInt128 Bits128(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out int length) && length == 4
            ? ((UInt128)0xffff << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public static bool IsV4(UInt128 address) => address >> 32 == 0xffff;

    public override int GetHashCode() => HashCode.Combine(Bits);
}
