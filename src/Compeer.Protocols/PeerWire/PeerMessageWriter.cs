using System.Buffers;
using System.Buffers.Binary;

namespace Compeer.Protocols.PeerWire;

/// <summary>Writes messages, each in one piece. Spec: BEP 3, 6, 10.</summary>
public static class PeerMessageWriter
{
    /// <summary>Bytes before the payload of a piece message.</summary>
    public const int PieceHeaderBytes = 13;

    /// <summary>A message of length zero.</summary>
    public static void KeepAlive(IBufferWriter<byte> output) => Begin(output, 4, 0)[..4].Clear();

    /// <summary>A message without fields.</summary>
    public static void Plain(IBufferWriter<byte> output, PeerMessageId id) => Begin(output, id, 0);

    /// <summary>Have, Suggest, AllowedFast.</summary>
    public static void Index(IBufferWriter<byte> output, PeerMessageId id, int index) =>
        BinaryPrimitives.WriteInt32BigEndian(Begin(output, id, 4), index);

    /// <summary>Where our node of the DHT is.</summary>
    public static void Port(IBufferWriter<byte> output, int port) =>
        BinaryPrimitives.WriteUInt16BigEndian(Begin(output, PeerMessageId.Port, 2), (ushort)port);

    /// <summary>Request, Cancel, Reject.</summary>
    public static void Block(IBufferWriter<byte> output, PeerMessageId id, BlockRequest request)
    {
        Span<byte> body = Begin(output, id, 12);
        BinaryPrimitives.WriteInt32BigEndian(body, request.Index);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], request.Begin);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], request.Length);
    }

    /// <summary>The pieces we have.</summary>
    public static void Bitfield(IBufferWriter<byte> output, PieceSet pieces) =>
        pieces.WriteBitfield(Begin(output, PeerMessageId.Bitfield, pieces.BitfieldBytes));

    /// <summary>An extension's message.</summary>
    public static void Extended(IBufferWriter<byte> output, int extension, ReadOnlySpan<byte> payload)
    {
        Span<byte> body = Begin(output, PeerMessageId.Extended, 1 + payload.Length);
        body[0] = (byte)extension;
        payload.CopyTo(body[1..]);
    }

    /// <summary>What precedes a block's bytes: <see cref="PieceHeaderBytes"/> of them.</summary>
    public static void PieceHeader(Span<byte> target, BlockRequest block)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, 9 + block.Length);
        target[4] = (byte)PeerMessageId.Piece;
        BinaryPrimitives.WriteInt32BigEndian(target[5..], block.Index);
        BinaryPrimitives.WriteInt32BigEndian(target[9..], block.Begin);
    }

    private static Span<byte> Begin(IBufferWriter<byte> output, PeerMessageId id, int body)
    {
        Span<byte> target = Begin(output, 5 + body, 1 + body);
        target[4] = (byte)id;
        return target[5..];
    }

    private static Span<byte> Begin(IBufferWriter<byte> output, int total, int length)
    {
        Span<byte> target = output.GetSpan(total)[..total];
        BinaryPrimitives.WriteInt32BigEndian(target, length);
        output.Advance(total);
        return target;
    }
}
