using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Identity;

namespace Compeer.Protocols.CircuitRelay;

/// <summary>A relay's signed word that it serves a peer. Spec: libp2p/specs relay/circuit-v2.md, "Reservation Vouchers".</summary>
/// <param name="Relay">Who signed.</param>
/// <param name="Peer">Who is served.</param>
/// <param name="Expires">Until when, in seconds of Unix time.</param>
public sealed record ReservationVoucher(PeerId Relay, PeerId Peer, ulong Expires)
{
    private const string Domain = "libp2p-relay-rsvp";

    // The multicodec 0x0302, two bytes as in peer records.
    private static ReadOnlySpan<byte> PayloadType => [0x03, 0x02];

    /// <summary>The signer's word.</summary>
    public static SignedEnvelope Seal(ISigner relay, PeerId peer, ulong expires)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        writer.WriteBytes(1, PeerId.FromPublicKey(relay.PublicKey).Bytes);
        writer.WriteBytes(2, peer.Bytes);
        writer.WriteVarint(3, expires);
        return SignedEnvelope.Seal(relay, Domain, PayloadType, output.WrittenSpan);
    }

    /// <summary>Opens a voucher; false where the envelope is not right, or another relay signed than the one that is named.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> envelope, ISignatures signatures, [NotNullWhen(true)] out ReservationVoucher? voucher)
    {
        voucher = null;
        if (!SignedEnvelope.TryOpen(envelope, Domain, PayloadType, signatures, out SignedEnvelope? opened))
            return false;
        PeerId relay = default, peer = default;
        ulong expires = 0;
        var reader = new ProtobufReader(opened.Payload);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            bool isRead = (field, type) switch
            {
                (1, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> id) && PeerId.TryDecode(id, out relay),
                (2, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> id) && PeerId.TryDecode(id, out peer),
                (3, WireType.Varint) => reader.TryReadVarint(out expires),
                _ => reader.TrySkip(type),
            };
            if (!isRead)
                return false;
        }
        if (peer.IsEmpty || relay.IsEmpty || relay != PeerId.FromPublicKey(opened.Key))
            return false;
        voucher = new ReservationVoucher(relay, peer, expires);
        return true;
    }
}
