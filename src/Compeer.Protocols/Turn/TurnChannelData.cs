using System.Buffers.Binary;

namespace Compeer.Protocols.Turn;

/// <summary>Datagrams on a bound channel. Spec: RFC 8656 section 12.4.
/// <code>
/// | channel number (2): 0x4000 to 0x4FFF | length (2) | data |
/// </code>
/// </summary>
internal static class TurnChannelData
{
    public const int HeaderBytes = 4;
    public const int FirstNumber = 0x4000;

    /// <summary>The highest that a client gives.</summary>
    public const int LastNumber = 0x4FFF;

    /// <summary>
    /// The highest that a server takes. DEVIATION: RFC 8656 stops at 0x4FFF so that ports can be shared with other protocols; clients of
    /// RFC 5766 go on to here, and a relay knows its clients by their endpoints anyway.
    /// </summary>
    public const int LastAcceptedNumber = 0x7FFE;

    public static bool IsLikely(ReadOnlySpan<byte> datagram) => datagram.Length >= HeaderBytes && datagram[0] is >= 0x40 and <= 0x7F;

    /// <summary>Reads a datagram; bytes behind the stated length are padding.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out ushort number, out ReadOnlySpan<byte> data)
    {
        number = 0;
        data = default;
        if (!IsLikely(datagram))
            return false;
        number = BinaryPrimitives.ReadUInt16BigEndian(datagram);
        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (length > datagram.Length - HeaderBytes)
            return false;
        data = datagram.Slice(HeaderBytes, length);
        return true;
    }

    public static int Write(Span<byte> output, ushort number, ReadOnlySpan<byte> data)
    {
        BinaryPrimitives.WriteUInt16BigEndian(output, number);
        BinaryPrimitives.WriteUInt16BigEndian(output[2..], (ushort)data.Length);
        data.CopyTo(output[HeaderBytes..]);
        return HeaderBytes + data.Length;
    }
}
