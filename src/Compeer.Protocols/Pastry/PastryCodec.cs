using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Pastry;

/// <summary>Messages of Pastry as protobuf. Keys of nodes follow from their names; a newcomer that asks for another's place is refused.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, PastryMessage.</remarks>
/// <param name="addresses">Where peers may be dialled; null to tell names alone.</param>
public sealed class PastryCodec(IPeerAddresses? addresses) : IOverlayCodec<PastryMessage<PeerId>>
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/compeer/pastry/1.0.0";

    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>Most nodes that a message tells.</summary>
    public const int MaxContacts = 256;

    /// <summary>Most steps that a message may claim to have made.</summary>
    public const int MaxHops = 1024;

    public void Encode(in PastryMessage<PeerId> message, IBufferWriter<byte> output)
    {
        var writer = new ProtobufWriter(output);
        writer.WriteNumber(1, (ulong)message.Kind);
        writer.WriteKey(2, message.Key);
        writer.WriteNumber(3, message.Id);
        writer.WriteNumber(4, (ulong)Math.Max(0, message.Hops));
        writer.WritePeer(5, message.Origin.Peer, addresses);
        writer.WritePeers(6, message.Contacts.AsSpan(0, Math.Min(message.Contacts.Length, MaxContacts)), addresses);
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out PastryMessage<PeerId> message)
    {
        message = default;
        int kind = 0, hops = 0;
        ulong id = 0;
        RingKey key = default;
        PeerId origin = default;
        List<PeerId> contacts = [];
        var peers = new PeerReader(addresses);
        var reader = new ProtobufReader(source);
        while (source.Length <= MaxBytes && reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadNumber((int)PastryMessageKind.NotJoined, out kind),
                (2, WireType.Bytes) => reader.TryReadKey(out key),
                (3, WireType.Varint) => reader.TryReadVarint(out id),
                (4, WireType.Varint) => reader.TryReadNumber(MaxHops, out hops),
                (5, WireType.Bytes) => peers.TryRead(ref reader, out origin),
                (6, WireType.Bytes) => peers.TryRead(ref reader, contacts, MaxContacts),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        if (!reader.IsAtEnd || origin.IsEmpty)
            return false;
        RingContact<PeerId> from = origin.ToContact();
        if (kind != (int)PastryMessageKind.Route && key != from.Key)
            return false;
        peers.TellAddresses();
        message = new PastryMessage<PeerId>((PastryMessageKind)kind, key, id, hops, from, OverlayFields.ToContacts(contacts));
        return true;
    }
}
