using System.Buffers.Binary;
using System.Net;

namespace Compeer.Protocols.HolePunching;

/// <summary>Hole punching messages as bytes. Spec: BEP 55.</summary>
public static class HolePunchCodec
{
    /// <summary>The longest message: IPv6 with an error code.</summary>
    public const int MaxLengthBytes = 2 + 16 + 2 + 4;

    private const int ErrorBytes = 4;

    /// <summary>Writes a message into at least <see cref="MaxLengthBytes"/>; gives its length.</summary>
    public static int Write(HolePunchMessage message, Span<byte> target)
    {
        IPAddress address = message.EndPoint.Address.IsIPv4MappedToIPv6 ? message.EndPoint.Address.MapToIPv4() : message.EndPoint.Address;
        target[0] = (byte)message.Type;
        if (!address.TryWriteBytes(target[2..], out int length))
            throw new ArgumentException($"{target.Length} bytes do not hold the message.", nameof(target));
        target[1] = length == 4 ? (byte)0 : (byte)1;
        BinaryPrimitives.WriteUInt16BigEndian(target[(2 + length)..], (ushort)message.EndPoint.Port);
        BinaryPrimitives.WriteUInt32BigEndian(target[(4 + length)..], (uint)message.Error);
        return 4 + length + ErrorBytes;
    }

    /// <summary>
    /// Reads a message; false when it is cut short, longer than one, or of an unknown type. The error code may be missing
    /// where it says nothing.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out HolePunchMessage message)
    {
        message = default;
        // DEVIATION: libtorrent leaves the error code out of messages that are no errors; BEP 55 has it in all.
        if (payload.Length < 2 || payload[0] > (byte)HolePunchMessageType.Error || payload[1] > 1)
            return false;
        var type = (HolePunchMessageType)payload[0];
        int length = payload[1] == 0 ? 4 : 16;
        int whole = 4 + length + ErrorBytes;
        if (payload.Length != whole && (payload.Length != whole - ErrorBytes || type == HolePunchMessageType.Error))
            return false;
        var address = new IPAddress(payload.Slice(2, length));
        int port = BinaryPrimitives.ReadUInt16BigEndian(payload[(2 + length)..]);
        uint error = type == HolePunchMessageType.Error ? BinaryPrimitives.ReadUInt32BigEndian(payload[(4 + length)..]) : 0;
        message = new HolePunchMessage(type, new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port), (HolePunchError)error);
        return true;
    }
}
