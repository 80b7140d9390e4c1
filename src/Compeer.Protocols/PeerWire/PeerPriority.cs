using System.Buffers.Binary;
using System.Net;
using System.Numerics;

namespace Compeer.Protocols.PeerWire;

/// <summary>How much two peers should want to be connected; both compute the same. Spec: BEP 40.</summary>
public static class PeerPriority
{
    private static ReadOnlySpan<byte> FarMask4 => [0xFF, 0xFF, 0x55, 0x55];

    /// <summary>CRC-32C over both addresses, masked by how near they are; over the ports when the addresses are equal. Higher is better.</summary>
    public static uint Compute(IPEndPoint a, IPEndPoint b)
    {
        byte[] x = Normal(a.Address);
        byte[] y = Normal(b.Address);
        if (x.Length != y.Length)
            return 0;
        if (x.AsSpan().SequenceEqual(y))
        {
            Span<byte> ports = stackalloc byte[4];
            BinaryPrimitives.WriteUInt16BigEndian(ports, (ushort)Math.Min(a.Port, b.Port));
            BinaryPrimitives.WriteUInt16BigEndian(ports[2..], (ushort)Math.Max(a.Port, b.Port));
            return Crc32C(ports);
        }
        Mask(x, y);
        return x.AsSpan().SequenceCompareTo(y) < 0 ? Crc32C([.. x, .. y]) : Crc32C([.. y, .. x]);
    }

    private static byte[] Normal(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();

    private static void Mask(byte[] x, byte[] y)
    {
        int same = x.AsSpan().CommonPrefixLength(y);
        for (int i = 0; i < x.Length; i++)
        {
            byte mask = x.Length == 4
                ? same >= 3 ? (byte)0xFF : same == 2 && i == 2 ? (byte)0xFF : FarMask4[i]
                : i < Math.Max(6, same + 1) ? (byte)0xFF : (byte)0x55;
            x[i] &= mask;
            y[i] &= mask;
        }
    }

    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
