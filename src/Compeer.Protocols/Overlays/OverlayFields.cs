using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Overlays;

/// <summary>The fields that messages of several overlays share; numbers that are 0 are left out.</summary>
/// <remarks>Spec: docs/overlay-messages.proto.</remarks>
internal static class OverlayFields
{
    /// <summary>Addresses of one peer that are told and read.</summary>
    public const int MaxAddresses = 4;

    /// <summary>Longest address that is told and read, in bytes.</summary>
    public const int MaxAddressBytes = 256;

    public static void WritePeer(this ProtobufWriter writer, int field, PeerId peer, IPeerAddresses? book) =>
        writer.WriteMessage(field, (peer, book), static (message, named) =>
        {
            message.WriteBytes(1, named.peer.Bytes);
            foreach (Multiaddr address in (named.book?.AddressesOf(named.peer) ?? []).Where(a => a.Bytes.Length <= MaxAddressBytes).Take(MaxAddresses))
                message.WriteBytes(2, address.Bytes);
        });

    public static void WritePeers(this ProtobufWriter writer, int field, ReadOnlySpan<RingContact<PeerId>> contacts, IPeerAddresses? book)
    {
        foreach (ref readonly RingContact<PeerId> contact in contacts)
            writer.WritePeer(field, contact.Peer, book);
    }

    public static void WriteNumber(this ProtobufWriter writer, int field, ulong number)
    {
        if (number != 0)
            writer.WriteVarint(field, number);
    }

    public static void WriteKey(this ProtobufWriter writer, int field, RingKey key)
    {
        Span<byte> bytes = stackalloc byte[RingKey.LengthBytes];
        key.Write(bytes);
        writer.WriteBytes(field, bytes);
    }

    /// <summary>Reads a key of the ring: 16 bytes.</summary>
    public static bool TryReadKey(this ref ProtobufReader reader, out RingKey key)
    {
        key = default;
        if (!reader.TryReadBytes(out ReadOnlySpan<byte> bytes) || bytes.Length != RingKey.LengthBytes)
            return false;
        key = RingKey.Read(bytes);
        return true;
    }

    /// <summary>Reads a number that is at most so large.</summary>
    public static bool TryReadNumber(this ref ProtobufReader reader, int most, out int number)
    {
        bool read = reader.TryReadVarint(out ulong value) && value <= (ulong)most;
        number = read ? (int)value : 0;
        return read;
    }

    /// <summary>Reads a message within the message; false where it is malformed, or a second one.</summary>
    public static bool TryReadOnce<TMessage>(this ref ProtobufReader reader, IOverlayCodec<TMessage> codec, ref TMessage? message)
        where TMessage : struct
    {
        if (!reader.TryReadBytes(out ReadOnlySpan<byte> nested) || message is not null || !codec.TryDecode(nested, out TMessage read))
            return false;
        message = read;
        return true;
    }

    /// <summary>The contacts that peers are, each with the key that follows from its name.</summary>
    public static RingContact<PeerId>[] ToContacts(List<PeerId> peers) => [.. peers.Select(p => p.ToContact())];

    public static RingContact<PeerId> ToContact(this PeerId peer) => new(RingKey.Of(peer), peer);
}
