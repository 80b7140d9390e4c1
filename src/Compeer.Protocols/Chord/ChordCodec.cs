using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Chord;

/// <summary>Messages of Chord as protobuf. Keys of nodes follow from their names and are not on the wire.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, ChordMessage.</remarks>
/// <param name="addresses">Where peers may be dialled; null to tell names alone.</param>
public sealed class ChordCodec(IPeerAddresses? addresses) : IOverlayCodec<ChordMessage<PeerId>>
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/compeer/chord/1.0.0";

    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Most nodes that a message tells.</summary>
    public const int MaxContacts = 64;

    public void Encode(in ChordMessage<PeerId> message, IBufferWriter<byte> output)
    {
        var writer = new ProtobufWriter(output);
        writer.WriteNumber(1, (ulong)message.Kind);
        writer.WriteNumber(2, message.Id);
        writer.WriteKey(3, message.Key);
        if (message.Predecessor is { } predecessor)
            writer.WritePeer(4, predecessor.Peer, addresses);
        writer.WritePeers(5, message.Contacts.AsSpan(0, Math.Min(message.Contacts.Length, MaxContacts)), addresses);
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out ChordMessage<PeerId> message)
    {
        message = default;
        int kind = 0;
        ulong id = 0;
        RingKey key = default;
        PeerId predecessor = default;
        List<PeerId> contacts = [];
        var peers = new PeerReader(addresses);
        var reader = new ProtobufReader(source);
        while (source.Length <= MaxBytes && reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadNumber((int)ChordMessageKind.Leave, out kind),
                (2, WireType.Varint) => reader.TryReadVarint(out id) && id <= uint.MaxValue,
                (3, WireType.Bytes) => reader.TryReadKey(out key),
                (4, WireType.Bytes) => peers.TryRead(ref reader, out predecessor),
                (5, WireType.Bytes) => peers.TryRead(ref reader, contacts, MaxContacts),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        if (!reader.IsAtEnd)
            return false;
        peers.TellAddresses();
        message = new ChordMessage<PeerId>((ChordMessageKind)kind, (uint)id, key, predecessor.IsEmpty ? null : predecessor.ToContact(), OverlayFields.ToContacts(contacts));
        return true;
    }
}
