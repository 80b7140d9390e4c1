using System.Buffers;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Plumtree;

/// <summary>Messages of Plumtree alone, as protobuf; over streams they travel inside those of <see cref="BroadcastCodec"/>. A payload under another's number is refused.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, PlumtreeMessage.</remarks>
public sealed class PlumtreeCodec : IOverlayCodec<PlumtreeMessage>
{
    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = 128 * 1024;

    public void Encode(in PlumtreeMessage message, IBufferWriter<byte> output)
    {
        var writer = new ProtobufWriter(output);
        writer.WriteNumber(1, (ulong)message.Kind);
        writer.WriteFixed64(2, message.Broadcast);
        writer.WriteNumber(3, (ulong)Math.Max(0, message.Round));
        if (!message.Payload.IsEmpty)
            writer.WriteBytes(4, message.Payload.Span);
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out PlumtreeMessage message)
    {
        int kind = 0, round = 0;
        ulong broadcast = 0;
        ReadOnlySpan<byte> payload = default;
        bool isSound = source.Length <= MaxBytes;
        var reader = new ProtobufReader(source);
        while (isSound && reader.TryReadTag(out int field, out WireType type))
        {
            isSound = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadNumber((int)PlumtreeMessageKind.Prune, out kind),
                (2, WireType.Fixed64) => reader.TryReadFixed64(out broadcast),
                (3, WireType.Varint) => reader.TryReadNumber(int.MaxValue, out round),
                (4, WireType.Bytes) => reader.TryReadBytes(out payload),
                _ => reader.TrySkip(type),
            };
        }
        isSound &= reader.IsAtEnd && (kind != (int)PlumtreeMessageKind.Gossip || broadcast == PlumtreeMessage.NumberOf(payload));
        message = isSound ? new PlumtreeMessage((PlumtreeMessageKind)kind, broadcast, round, payload.ToArray()) : default;
        return isSound;
    }
}
