using System.Buffers.Binary;

namespace Compeer.Protocols.Utp;

/// <summary>uTP packets as bytes.</summary>
/// <remarks>Spec: BEP 29, "header format", "extension", "Selective ACK".</remarks>
public static class UtpPacketCodec
{
    /// <summary>Bytes of a header without extensions.</summary>
    public const int HeaderBytes = 20;

    /// <summary>Longest selective ack: a multiple of 4 that the length byte can tell.</summary>
    public const int MaxSelectiveAckBytes = 252;

    private const byte SelectiveAckExtension = 1;
    private const int Version = 1;

    /// <summary>Reads a packet; unknown extensions are passed over.</summary>
    /// <param name="datagram">A whole datagram.</param>
    /// <param name="header">The header.</param>
    /// <param name="selectiveAck">Bit i of byte j stands for the packet ack_nr + 2 + 8j + i; empty when there is none. Points into <paramref name="datagram"/>.</param>
    /// <param name="payload">What follows header and extensions. Points into <paramref name="datagram"/>.</param>
    /// <returns>False when this is no packet of version 1, or an extension is cut or malformed.</returns>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out UtpHeader header, out ReadOnlySpan<byte> selectiveAck, out ReadOnlySpan<byte> payload)
    {
        header = default;
        selectiveAck = payload = default;
        if (datagram.Length < HeaderBytes || (datagram[0] & 0x0F) != Version || datagram[0] >> 4 > (int)UtpPacketType.Syn)
            return false;
        header = new UtpHeader(
            (UtpPacketType)(datagram[0] >> 4),
            BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[12..]),
            BinaryPrimitives.ReadUInt16BigEndian(datagram[16..]),
            BinaryPrimitives.ReadUInt16BigEndian(datagram[18..]));
        byte extension = datagram[1];
        ReadOnlySpan<byte> rest = datagram[HeaderBytes..];
        while (extension != 0)
        {
            if (rest.Length < 2 || rest.Length < 2 + rest[1])
                return false;
            int length = rest[1];
            // DEVIATION: the length should be a multiple of 4; libtorrent sends others, which mean the same.
            if (extension == SelectiveAckExtension)
                selectiveAck = rest.Slice(2, length);
            extension = rest[0];
            rest = rest[(2 + length)..];
        }
        payload = rest;
        return true;
    }

    /// <summary>Writes header and selective ack; the payload goes behind them.</summary>
    /// <param name="target">Room for 22 bytes more than the selective ack.</param>
    /// <param name="header">The header.</param>
    /// <param name="selectiveAck">Empty, or 4 to 252 bytes, a multiple of 4.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> target, in UtpHeader header, ReadOnlySpan<byte> selectiveAck = default)
    {
        target[0] = (byte)(((int)header.Type << 4) | Version);
        target[1] = selectiveAck.IsEmpty ? (byte)0 : SelectiveAckExtension;
        BinaryPrimitives.WriteUInt16BigEndian(target[2..], header.ConnectionId);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], header.Timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(target[8..], header.TimestampDifference);
        BinaryPrimitives.WriteUInt32BigEndian(target[12..], header.WindowBytes);
        BinaryPrimitives.WriteUInt16BigEndian(target[16..], header.SequenceNumber);
        BinaryPrimitives.WriteUInt16BigEndian(target[18..], header.AckNumber);
        if (selectiveAck.IsEmpty)
            return HeaderBytes;
        if (selectiveAck.Length % 4 != 0 || selectiveAck.Length > MaxSelectiveAckBytes)
            throw new ArgumentException("A selective ack has 4 to 252 bytes, a multiple of 4.", nameof(selectiveAck));
        target[HeaderBytes] = 0;
        target[HeaderBytes + 1] = (byte)selectiveAck.Length;
        selectiveAck.CopyTo(target[(HeaderBytes + 2)..]);
        return HeaderBytes + 2 + selectiveAck.Length;
    }
}
