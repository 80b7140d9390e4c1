using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Compeer.Protocols.Stun;

/// <summary>
/// A STUN message as a view of a datagram: structure and fingerprint are checked when it is read, integrity when it is asked for.
/// Spec: RFC 8489 sections 5 and 14.
/// <code>
/// | 00 | type (14 bits) | length (2) | magic cookie (4) | transaction id (12) | attributes: type (2), length (2), value, padding to 4 |
/// </code>
/// </summary>
/// <remarks>Allocates nothing. Attributes behind the integrity are not shown, since they are not protected by it.</remarks>
public readonly ref struct StunMessage
{
    public const int HeaderBytes = 20;

    public const uint MagicCookie = 0x2112A442;

    /// <summary>More attributes than any method uses; a message with more is refused.</summary>
    public const int MaxAttributes = 64;

    /// <summary>The longest message whose integrity is checked: protected messages are short, so a longer one is no honest one.</summary>
    public const int MaxProtectedBytes = 2048;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _integrityAt;
    private readonly int _integrity256At;

    private StunMessage(ReadOnlySpan<byte> bytes, int integrityAt, int integrity256At)
    {
        _bytes = bytes;
        _integrityAt = integrityAt;
        _integrity256At = integrity256At;
        int type = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        Class = (StunClass)(((type >> 4) & 1) | ((type >> 7) & 2));
        Method = (StunMethod)((type & 0xF) | ((type >> 1) & 0x70) | ((type >> 2) & 0xF80));
        Id = StunTransactionId.Read(bytes[8..]);
    }

    public StunClass Class { get; }

    public StunMethod Method { get; }

    public StunTransactionId Id { get; }

    public int LengthBytes => _bytes.Length;

    /// <summary>Whether it carries MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256, right or wrong.</summary>
    public bool IsProtected => _integrityAt > 0 || _integrity256At > 0;

    /// <summary>Whether it carries FINGERPRINT; a wrong one is not read at all.</summary>
    public bool HasFingerprint { get; private init; }

    /// <summary>The attributes in their order, without those behind the integrity.</summary>
    public StunAttributes Attributes => new(_bytes[HeaderBytes..ProtectedEnd]);

    private int ProtectedEnd => (_integrityAt, _integrity256At) switch
    {
        (> 0, > 0) => Math.Min(_integrityAt, _integrity256At),
        _ => Math.Max(_integrityAt, _integrity256At) is > 0 and int at ? at : _bytes.Length,
    };

    /// <summary>Whether a datagram claims to be STUN; tells it from the other protocols of a shared port.</summary>
    public static bool IsLikely(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= HeaderBytes && datagram[0] < 0x40 && BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) == MagicCookie;

    /// <summary>Reads a whole datagram; false when it is not one well-formed message.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out StunMessage message)
    {
        message = default;
        if (!IsLikely(datagram) || datagram.Length % 4 != 0 || BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) != datagram.Length - HeaderBytes)
            return false;
        int integrityAt = 0, integrity256At = 0, at = HeaderBytes;
        bool fingerprint = false;
        for (int count = 0; at < datagram.Length; count++)
        {
            int type = BinaryPrimitives.ReadUInt16BigEndian(datagram[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[(at + 2)..]);
            int next = at + 4 + ((length + 3) & ~3);
            // FINGERPRINT is the last attribute.
            if (count == MaxAttributes || next > datagram.Length || fingerprint)
                return false;
            switch ((StunAttributeType)type)
            {
                case StunAttributeType.MessageIntegrity when integrityAt == 0 && integrity256At == 0:
                    if (length != HMACSHA1.HashSizeInBytes)
                        return false;
                    integrityAt = at;
                    break;
                case StunAttributeType.MessageIntegritySha256 when integrity256At == 0:
                    if (length is < 16 or > HMACSHA256.HashSizeInBytes || length % 4 != 0)
                        return false;
                    integrity256At = at;
                    break;
                case StunAttributeType.Fingerprint:
                    if (length != 4 || BinaryPrimitives.ReadUInt32BigEndian(datagram[(at + 4)..]) != StunMessageWriter.Fingerprint(datagram[..at]))
                        return false;
                    fingerprint = true;
                    break;
            }
            at = next;
        }
        message = new StunMessage(datagram, integrityAt, integrity256At) { HasFingerprint = fingerprint };
        return true;
    }

    /// <summary>The first attribute of a type.</summary>
    public bool TryGet(StunAttributeType type, out ReadOnlySpan<byte> value)
    {
        foreach (StunAttributeView attribute in Attributes)
        {
            if (attribute.Type == type)
            {
                value = attribute.Value;
                return true;
            }
        }
        value = default;
        return false;
    }

    /// <summary>The first XORed endpoint of a type.</summary>
    public bool TryGetXorAddress(StunAttributeType type, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        endpoint = null;
        return TryGet(type, out ReadOnlySpan<byte> value) && StunAddressCodec.TryReadXor(value, Id, out endpoint);
    }

    /// <summary>The first plain endpoint of a type.</summary>
    public bool TryGetAddress(StunAttributeType type, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        endpoint = null;
        return TryGet(type, out ReadOnlySpan<byte> value) && StunAddressCodec.TryRead(value, out endpoint);
    }

    /// <summary>A number of four bytes, as in LIFETIME.</summary>
    public bool TryGetUInt32(StunAttributeType type, out uint number)
    {
        bool found = TryGet(type, out ReadOnlySpan<byte> value) && value.Length == 4;
        number = found ? BinaryPrimitives.ReadUInt32BigEndian(value) : 0;
        return found;
    }

    /// <summary>A text of at most <paramref name="maxBytes"/>, as in REALM.</summary>
    public bool TryGetText(StunAttributeType type, int maxBytes, [NotNullWhen(true)] out string? text)
    {
        text = TryGet(type, out ReadOnlySpan<byte> value) && value.Length <= maxBytes ? Encoding.UTF8.GetString(value) : null;
        return text is not null;
    }

    /// <summary>The error of an error answer.</summary>
    public bool TryGetError(out StunError error)
    {
        error = default;
        return TryGet(StunAttributeType.ErrorCode, out ReadOnlySpan<byte> value) && StunError.TryRead(value, out error);
    }

    /// <summary>Lists attributes that must be understood and are not among <paramref name="known"/>; returns how many were written.</summary>
    public int UnknownAttributes(ReadOnlySpan<StunAttributeType> known, Span<ushort> unknown)
    {
        int count = 0;
        foreach (StunAttributeView attribute in Attributes)
        {
            if ((int)attribute.Type < 0x8000 && !known.Contains(attribute.Type) && !unknown[..count].Contains((ushort)attribute.Type) && count < unknown.Length)
                unknown[count++] = (ushort)attribute.Type;
        }
        return count;
    }

    /// <summary>
    /// Whether the message is protected by <paramref name="key"/>: by SHA-256 when it says so, else by SHA-1. Takes the same time wherever it differs.
    /// </summary>
    public bool HasIntegrity(ReadOnlySpan<byte> key)
    {
        if (_integrity256At > 0)
            return Check(_integrity256At, HMACSHA256.HashSizeInBytes, key);
        return _integrityAt > 0 && Check(_integrityAt, HMACSHA1.HashSizeInBytes, key);
    }

    private bool Check(int at, int hashBytes, ReadOnlySpan<byte> key)
    {
        if (at > MaxProtectedBytes)
            return false;
        int stated = BinaryPrimitives.ReadUInt16BigEndian(_bytes[(at + 2)..]);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        StunMessageWriter.Integrity(_bytes[..at], stated, hashBytes == HMACSHA256.HashSizeInBytes, key, hash);
        return CryptographicOperations.FixedTimeEquals(hash[..stated], _bytes.Slice(at + 4, stated));
    }
}
