using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.HyParView;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Plumtree;

/// <summary>Messages of broadcast and of the membership below it, as protobuf.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, BroadcastMessage.</remarks>
/// <param name="addresses">Where peers may be dialled; null to tell names alone.</param>
public sealed class BroadcastCodec(IPeerAddresses? addresses) : IOverlayCodec<BroadcastMessage<PeerId>>
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/compeer/plumtree/1.0.0";

    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = PlumtreeCodec.MaxBytes + 16;

    private readonly HyParViewCodec _membership = new(addresses);
    private readonly PlumtreeCodec _broadcast = new();

    public void Encode(in BroadcastMessage<PeerId> message, IBufferWriter<byte> output)
    {
        var nested = new ArrayBufferWriter<byte>();
        if (message.Membership is { } membership)
            _membership.Encode(membership, nested);
        else if (message.Broadcast is { } broadcast)
            _broadcast.Encode(broadcast, nested);
        new ProtobufWriter(output).WriteBytes(message.Membership is null ? 2 : 1, nested.WrittenSpan);
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out BroadcastMessage<PeerId> message)
    {
        message = default;
        HyParViewMessage<PeerId>? membership = null;
        PlumtreeMessage? broadcast = null;
        var reader = new ProtobufReader(source);
        while (source.Length <= MaxBytes && reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Bytes) => reader.TryReadOnce(_membership, ref membership),
                (2, WireType.Bytes) => reader.TryReadOnce(_broadcast, ref broadcast),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        message = new BroadcastMessage<PeerId>(membership, broadcast);
        return reader.IsAtEnd && membership is null != broadcast is null;
    }
}
