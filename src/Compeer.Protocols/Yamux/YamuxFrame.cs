using System.Buffers.Binary;

namespace Compeer.Protocols.Yamux;

/// <summary>What a frame is for.</summary>
public enum YamuxFrameType : byte
{
    Data = 0,
    WindowUpdate = 1,
    Ping = 2,
    GoAway = 3,
}

/// <summary>What else a frame says.</summary>
[Flags]
public enum YamuxFlags : ushort
{
    None = 0,
    Syn = 1,
    Ack = 2,
    Fin = 4,
    Rst = 8,
}

/// <summary>
/// The header of every frame.
/// <code>
/// | version 1 | type 1 | flags 2 | stream id 4 | length 4 |   big endian
/// </code>
/// Spec: libp2p/specs yamux/README.md, "Framing".
/// </summary>
/// <param name="Type">What it is for.</param>
/// <param name="Flags">What else it says.</param>
/// <param name="StreamId">The stream; 0 is the session.</param>
/// <param name="Length">Data: bytes that follow. WindowUpdate: bytes of credit. Ping: a value that is echoed. GoAway: an error code.</param>
public readonly record struct YamuxFrame(YamuxFrameType Type, YamuxFlags Flags, uint StreamId, uint Length)
{
    /// <summary>Bytes of a header.</summary>
    public const int HeaderBytes = 12;

    /// <summary>Reads a header; false when the version or the type is unknown.</summary>
    /// <param name="bytes">At least <see cref="HeaderBytes"/>.</param>
    /// <param name="frame">What it says.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out YamuxFrame frame)
    {
        frame = new YamuxFrame(
            (YamuxFrameType)bytes[1],
            (YamuxFlags)BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[8..HeaderBytes]));
        return bytes[0] == 0 && bytes[1] <= (byte)YamuxFrameType.GoAway;
    }

    /// <summary>Writes the header into the first <see cref="HeaderBytes"/> of <paramref name="target"/>.</summary>
    public void Write(Span<byte> target)
    {
        target[0] = 0;
        target[1] = (byte)Type;
        BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)Flags);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], StreamId);
        BinaryPrimitives.WriteUInt32BigEndian(target[8..HeaderBytes], Length);
    }
}
