using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Compeer.Protocols.KadDht;

/// <summary>
/// The signed part of an IPNS record, a DAG-CBOR map with the keys Value, Validity, ValidityType, Sequence and TTL; others are passed over.
/// Spec: ipfs/specs ipns-record, "Extensible Data (DAG-CBOR)"; RFC 8949, section 3.
/// </summary>
internal readonly record struct IpnsData(byte[] Value, byte[] Validity, ulong ValidityType, ulong Sequence, ulong TimeToLive)
{
    private const int UnsignedInteger = 0;
    private const int ByteString = 2;
    private const int TextString = 3;
    private const int Array = 4;
    private const int Map = 5;
    private const int Tag = 6;
    private const int MaxEntries = 64;

    /// <summary>The map with its keys in the order that DAG-CBOR demands: the shorter first.</summary>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(128);
        Write(output, Map, 5);
        WriteText(output, "TTL");
        Write(output, UnsignedInteger, TimeToLive);
        WriteText(output, "Value");
        WriteBytes(output, Value);
        WriteText(output, "Sequence");
        Write(output, UnsignedInteger, Sequence);
        WriteText(output, "Validity");
        WriteBytes(output, Validity);
        WriteText(output, "ValidityType");
        Write(output, UnsignedInteger, ValidityType);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>False when a key is missing or twice, or the bytes are no such map and nothing more.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out IpnsData data)
    {
        data = default;
        byte[]? value = null, validity = null;
        ulong? type = null, sequence = null, ttl = null;
        if (!TryRead(ref bytes, out int major, out ulong entries) || major != Map || entries > MaxEntries)
            return false;
        for (; entries > 0; entries--)
        {
            if (!TryRead(ref bytes, out major, out ulong length) || major != TextString || !TryTake(ref bytes, length, out ReadOnlySpan<byte> name))
                return false;
            switch (Encoding.UTF8.GetString(name))
            {
                case "Value" when value is null && TryReadBytes(ref bytes, out value):
                case "Validity" when validity is null && TryReadBytes(ref bytes, out validity):
                case "ValidityType" when type is null && TryReadNumber(ref bytes, out type):
                case "Sequence" when sequence is null && TryReadNumber(ref bytes, out sequence):
                case "TTL" when ttl is null && TryReadNumber(ref bytes, out ttl):
                    break;
                case "Value" or "Validity" or "ValidityType" or "Sequence" or "TTL":
                    return false;
                default:
                    if (!TrySkip(ref bytes))
                        return false;
                    break;
            }
        }
        if (value is null || validity is null || type is null || sequence is null || ttl is null || !bytes.IsEmpty)
            return false;
        data = new IpnsData(value, validity, type.Value, sequence.Value, ttl.Value);
        return true;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> bytes, out ulong? number)
    {
        bool isRead = TryRead(ref bytes, out int major, out ulong value) && major == UnsignedInteger;
        number = isRead ? value : null;
        return isRead;
    }

    private static bool TryReadBytes(ref ReadOnlySpan<byte> bytes, out byte[]? content)
    {
        bool isRead = TryRead(ref bytes, out int major, out ulong length) & TryTake(ref bytes, length, out ReadOnlySpan<byte> taken) && major == ByteString;
        content = isRead ? taken.ToArray() : null;
        return isRead;
    }

    /// <summary>Passes over one value with all that is in it; every step consumes a byte, so what a header claims costs nothing.</summary>
    private static bool TrySkip(ref ReadOnlySpan<byte> bytes)
    {
        for (ulong left = 1; left > 0; left--)
        {
            if (!TryRead(ref bytes, out int major, out ulong argument))
                return false;
            if (major is ByteString or TextString && !TryTake(ref bytes, argument, out _))
                return false;
            ulong inner = major switch { Array => argument, Map => argument > ulong.MaxValue / 2 ? ulong.MaxValue : 2 * argument, Tag => 1, _ => 0 };
            if (inner > (ulong)bytes.Length)
                return false;
            left += inner;
        }
        return true;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> bytes, ulong length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (length > (ulong)bytes.Length)
            return false;
        taken = bytes[..(int)length];
        bytes = bytes[(int)length..];
        return true;
    }

    /// <summary>The head of a data item; indefinite lengths are refused, as DAG-CBOR has none.</summary>
    private static bool TryRead(ref ReadOnlySpan<byte> bytes, out int major, out ulong argument)
    {
        (major, argument) = (0, 0);
        if (bytes.IsEmpty)
            return false;
        major = bytes[0] >> 5;
        int info = bytes[0] & 0x1f;
        int length = info < 24 ? 0 : info <= 27 ? 1 << (info - 24) : -1;
        if (length < 0 || bytes.Length < 1 + length)
            return false;
        argument = length switch
        {
            0 => (ulong)info,
            1 => bytes[1],
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]),
            4 => BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes[1..]),
        };
        bytes = bytes[(1 + length)..];
        return true;
    }

    private static void Write(ArrayBufferWriter<byte> output, int major, ulong argument)
    {
        Span<byte> target = output.GetSpan(9);
        int length = argument < 24 ? 0 : argument <= byte.MaxValue ? 1 : argument <= ushort.MaxValue ? 2 : argument <= uint.MaxValue ? 4 : 8;
        target[0] = (byte)(major << 5 | (length == 0 ? (int)argument : 24 + int.Log2(length)));
        for (int i = 0; i < length; i++)
            target[1 + i] = (byte)(argument >> (8 * (length - 1 - i)));
        output.Advance(1 + length);
    }

    private static void WriteText(ArrayBufferWriter<byte> output, string text)
    {
        Write(output, TextString, (ulong)text.Length);
        output.Write(Encoding.ASCII.GetBytes(text));
    }

    private static void WriteBytes(ArrayBufferWriter<byte> output, byte[] bytes)
    {
        Write(output, ByteString, (ulong)bytes.Length);
        output.Write(bytes);
    }
}
