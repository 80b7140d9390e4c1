using System.Buffers;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Gossip;

/// <summary>Rumours as protobuf.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, RumourMessage.</remarks>
public sealed class RumourCodec : IOverlayCodec<RumourMessage>
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/compeer/rumour/1.0.0";

    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = MaxPayloadBytes + 64;

    /// <summary>Longest payload that is read, in bytes.</summary>
    public const int MaxPayloadBytes = 4096;

    public void Encode(in RumourMessage message, IBufferWriter<byte> output)
    {
        var writer = new ProtobufWriter(output);
        writer.WriteFixed64(1, message.Rumour);
        writer.WriteNumber(2, (ulong)message.Kind);
        if (!message.Payload.IsEmpty)
            writer.WriteBytes(3, message.Payload.Span);
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out RumourMessage message)
    {
        ulong rumour = 0;
        int kind = 0;
        ReadOnlySpan<byte> payload = default;
        bool isNamed = false;
        bool isSound = source.Length <= MaxBytes;
        var reader = new ProtobufReader(source);
        while (isSound && reader.TryReadTag(out int field, out WireType type))
        {
            isSound = (field, type) switch
            {
                (1, WireType.Fixed64) => isNamed = reader.TryReadFixed64(out rumour),
                (2, WireType.Varint) => reader.TryReadNumber((int)RumourMessageKind.Payload, out kind),
                (3, WireType.Bytes) => reader.TryReadBytes(out payload),
                _ => reader.TrySkip(type),
            };
        }
        isSound &= isNamed && reader.IsAtEnd && payload.Length <= MaxPayloadBytes && payload.IsEmpty == (kind != (int)RumourMessageKind.Payload);
        message = isSound ? new RumourMessage(rumour, (RumourMessageKind)kind, payload.ToArray()) : default;
        return isSound;
    }
}
