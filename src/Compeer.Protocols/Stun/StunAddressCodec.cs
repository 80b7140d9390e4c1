using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Compeer.Protocols.Stun;

/// <summary>
/// Endpoints in attributes, plain or XORed with the magic cookie and the transaction id, which keeps NATs from rewriting them.
/// Spec: RFC 8489 sections 14.1 and 14.2.
/// <code>
/// | 0 (1) | family (1): 1 IPv4, 2 IPv6 | port (2) | address (4 or 16) |
/// </code>
/// </summary>
public static class StunAddressCodec
{
    internal const byte V4 = 1;
    internal const byte V6 = 2;

    /// <summary>Most bytes of a value.</summary>
    public const int MaxBytes = 20;

    /// <summary>Reads a plain endpoint, as in OTHER-ADDRESS.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        endpoint = null;
        if (value.Length < 8 || value.Length != (value[1] == V6 ? 20 : 8) || value[1] is not (V4 or V6))
            return false;
        endpoint = new IPEndPoint(new IPAddress(value[4..]), BinaryPrimitives.ReadUInt16BigEndian(value[2..]));
        return true;
    }

    /// <summary>Reads an endpoint that was XORed, as in XOR-MAPPED-ADDRESS.</summary>
    public static bool TryReadXor(ReadOnlySpan<byte> value, StunTransactionId id, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        endpoint = null;
        if (value.Length > MaxBytes)
            return false;
        Span<byte> plain = stackalloc byte[MaxBytes];
        value.CopyTo(plain);
        Xor(plain, id);
        return TryRead(plain[..value.Length], out endpoint);
    }

    internal static int Write(Span<byte> value, IPEndPoint endpoint)
    {
        if (!endpoint.Address.TryWriteBytes(value[4..], out int length))
            throw new ArgumentException("An endpoint takes 20 bytes.", nameof(value));
        value[0] = 0;
        value[1] = length == 4 ? V4 : V6;
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)endpoint.Port);
        return 4 + length;
    }

    internal static int WriteXor(Span<byte> value, IPEndPoint endpoint, StunTransactionId id)
    {
        int length = Write(value, endpoint);
        Span<byte> padded = stackalloc byte[MaxBytes];
        value[..length].CopyTo(padded);
        Xor(padded, id);
        padded[..length].CopyTo(value);
        return length;
    }

    /// <summary>Whether an address is one of IPv6.</summary>
    internal static bool IsV6(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out int length) && length == 16;
    }

    private static void Xor(Span<byte> value, StunTransactionId id)
    {
        Span<byte> mask = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(mask, StunMessage.MagicCookie);
        id.Write(mask[4..]);
        value[2] ^= mask[0];
        value[3] ^= mask[1];
        for (int i = 0; i < mask.Length; i++)
            value[4 + i] ^= mask[i];
    }
}
