using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.HyParView;

/// <summary>Messages of HyParView as protobuf.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, HyParViewMessage.</remarks>
/// <param name="addresses">Where peers may be dialled; null to tell names alone.</param>
public sealed class HyParViewCodec(IPeerAddresses? addresses) : IOverlayCodec<HyParViewMessage<PeerId>>
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/compeer/hyparview/1.0.0";

    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Most nodes that are exchanged at once.</summary>
    public const int MaxPeers = 64;

    /// <summary>Most steps that a message may ask for.</summary>
    public const int MaxTimeToLive = 64;

    public void Encode(in HyParViewMessage<PeerId> message, IBufferWriter<byte> output)
    {
        var writer = new ProtobufWriter(output);
        writer.WriteNumber(1, (ulong)message.Kind);
        writer.WritePeer(2, message.Subject, addresses);
        writer.WriteNumber(3, (ulong)Math.Max(0, message.TimeToLive));
        writer.WriteNumber(4, message.HasPriority ? 1UL : 0);
        foreach (PeerId peer in message.Peers.AsSpan(0, Math.Min(message.Peers.Length, MaxPeers)))
            writer.WritePeer(5, peer, addresses);
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out HyParViewMessage<PeerId> message)
    {
        message = default;
        int kind = 0, timeToLive = 0;
        ulong hasPriority = 0;
        PeerId subject = default;
        List<PeerId> exchanged = [];
        var peers = new PeerReader(addresses);
        var reader = new ProtobufReader(source);
        while (source.Length <= MaxBytes && reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadNumber((int)HyParViewMessageKind.ShuffleReply, out kind),
                (2, WireType.Bytes) => peers.TryRead(ref reader, out subject),
                (3, WireType.Varint) => reader.TryReadNumber(MaxTimeToLive, out timeToLive),
                (4, WireType.Varint) => reader.TryReadVarint(out hasPriority),
                (5, WireType.Bytes) => peers.TryRead(ref reader, exchanged, MaxPeers),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        if (!reader.IsAtEnd || subject.IsEmpty)
            return false;
        peers.TellAddresses();
        message = new HyParViewMessage<PeerId>((HyParViewMessageKind)kind, subject, timeToLive, hasPriority != 0, [.. exchanged]);
        return true;
    }
}
