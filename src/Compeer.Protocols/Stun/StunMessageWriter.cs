using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Stun;

/// <summary>
/// Writes one STUN message into a buffer of the caller. Integrity and fingerprint come last and in this order.
/// Spec: RFC 8489 sections 5 and 14.
/// </summary>
/// <remarks>Too small a buffer is misuse and throws <see cref="ArgumentException"/>.</remarks>
public ref struct StunMessageWriter
{
    private const uint FingerprintMask = 0x5354554E;

    private readonly Span<byte> _output;
    private readonly StunTransactionId _id;

    public StunMessageWriter(Span<byte> output, StunClass messageClass, StunMethod method, StunTransactionId id)
    {
        _output = output;
        _id = id;
        int m = (int)method, c = (int)messageClass;
        int type = (m & 0xF) | ((m & 0x70) << 1) | ((m & 0xF80) << 2) | ((c & 1) << 4) | ((c & 2) << 7);
        BinaryPrimitives.WriteUInt16BigEndian(output, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(output[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(output[4..], StunMessage.MagicCookie);
        id.Write(output[8..]);
        Length = StunMessage.HeaderBytes;
    }

    /// <summary>Bytes written; always a whole message.</summary>
    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _output[..Length];

    public void Add(StunAttributeType type, scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(Begin(type, value.Length));
        Finish(value.Length);
    }

    public void AddText(StunAttributeType type, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, Begin(type, length));
        Finish(length);
    }

    public void AddUInt32(StunAttributeType type, uint number)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Begin(type, 4), number);
        Finish(4);
    }

    public void AddAddress(StunAttributeType type, IPEndPoint endpoint)
    {
        Span<byte> value = stackalloc byte[StunAddressCodec.MaxBytes];
        Add(type, value[..StunAddressCodec.Write(value, endpoint)]);
    }

    public void AddXorAddress(StunAttributeType type, IPEndPoint endpoint)
    {
        Span<byte> value = stackalloc byte[StunAddressCodec.MaxBytes];
        Add(type, value[..StunAddressCodec.WriteXor(value, endpoint, _id)]);
    }

    /// <summary>ERROR-CODE; <paramref name="reason"/> has at most 100 characters.</summary>
    public void AddError(int code, string reason = "")
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reason.Length, 100);
        Span<byte> value = stackalloc byte[4 + 300];
        Add(StunAttributeType.ErrorCode, value[..StunError.Write(value, code, reason)]);
    }

    public void AddUnknownAttributes(scoped ReadOnlySpan<ushort> types)
    {
        Span<byte> value = Begin(StunAttributeType.UnknownAttributes, types.Length * 2);
        for (int i = 0; i < types.Length; i++)
            BinaryPrimitives.WriteUInt16BigEndian(value[(2 * i)..], types[i]);
        Finish(types.Length * 2);
    }

    /// <summary>MESSAGE-INTEGRITY over all before it.</summary>
    public void AddIntegrity(scoped ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Integrity(Written, HMACSHA1.HashSizeInBytes, false, key, hash);
        Add(StunAttributeType.MessageIntegrity, hash[..HMACSHA1.HashSizeInBytes]);
    }

    /// <summary>MESSAGE-INTEGRITY-SHA256 over all before it.</summary>
    public void AddIntegritySha256(scoped ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Integrity(Written, HMACSHA256.HashSizeInBytes, true, key, hash);
        Add(StunAttributeType.MessageIntegritySha256, hash);
    }

    public void AddFingerprint() => AddUInt32(StunAttributeType.Fingerprint, Fingerprint(Written));

    /// <summary>The checksum of a message that FINGERPRINT will follow.</summary>
    internal static uint Fingerprint(ReadOnlySpan<byte> before)
    {
        // The length in the header counts the attribute that is still to come.
        Span<byte> start = stackalloc byte[StunMessage.HeaderBytes];
        before[..StunMessage.HeaderBytes].CopyTo(start);
        BinaryPrimitives.WriteUInt16BigEndian(start[2..], (ushort)(before.Length - StunMessage.HeaderBytes + 8));
        return Crc32.Of(start, before[StunMessage.HeaderBytes..]) ^ FingerprintMask;
    }

    /// <summary>The HMAC of a message that an integrity attribute of <paramref name="valueBytes"/> will follow.</summary>
    internal static void Integrity(ReadOnlySpan<byte> before, int valueBytes, bool sha256, ReadOnlySpan<byte> key, Span<byte> hash)
    {
        Span<byte> copy = stackalloc byte[StunMessage.MaxProtectedBytes];
        before.CopyTo(copy);
        BinaryPrimitives.WriteUInt16BigEndian(copy[2..], (ushort)(before.Length - StunMessage.HeaderBytes + 4 + valueBytes));
        if (sha256)
            HMACSHA256.HashData(key, copy[..before.Length], hash);
        else
            HMACSHA1.HashData(key, copy[..before.Length], hash);
    }

    private readonly Span<byte> Begin(StunAttributeType type, int length)
    {
        int padded = (length + 3) & ~3;
        if (_output.Length < Length + 4 + padded)
            throw new ArgumentException($"The message does not fit into {_output.Length} bytes.");
        BinaryPrimitives.WriteUInt16BigEndian(_output[Length..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(_output[(Length + 2)..], (ushort)length);
        Span<byte> value = _output.Slice(Length + 4, padded);
        value[length..].Clear();
        return value[..length];
    }

    private void Finish(int length)
    {
        Length += 4 + ((length + 3) & ~3);
        BinaryPrimitives.WriteUInt16BigEndian(_output[2..], (ushort)(Length - StunMessage.HeaderBytes));
    }
}
