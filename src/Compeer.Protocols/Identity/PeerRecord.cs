using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Identity;

/// <summary>The addresses that a peer says of itself, signed by it.</summary>
/// <remarks>
/// Spec: libp2p/specs RFC 0003, with the domain and type that all programs use. A reader keeps the highest sequence number of each peer
/// and refuses what is not higher.
/// </remarks>
/// <param name="Peer">The peer that the record is of.</param>
/// <param name="Sequence">Rises with every record of that peer.</param>
/// <param name="Addresses">Where the peer listens; at most <see cref="MaxAddresses"/>.</param>
public sealed record PeerRecord(PeerId Peer, ulong Sequence, IReadOnlyList<Multiaddr> Addresses)
{
    /// <summary>Most addresses that are read; what follows is passed over.</summary>
    public const int MaxAddresses = 64;

    private const string Domain = "libp2p-peer-record";
    private const int PeerField = 1;
    private const int SequenceField = 2;
    private const int AddressesField = 3;
    private const int MultiaddrField = 1;

    // The multicodec 0x0301, written as two bytes and not as a varint: so go-libp2p began, and all others followed.
    private static ReadOnlySpan<byte> PayloadType => [0x03, 0x01];

    /// <summary>The record of the signer's own addresses, sealed.</summary>
    public static SignedEnvelope Seal(ISigner signer, ulong sequence, IReadOnlyList<Multiaddr> addresses)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        writer.WriteBytes(PeerField, PeerId.FromPublicKey(signer.PublicKey).Bytes);
        writer.WriteVarint(SequenceField, sequence);
        foreach (Multiaddr address in addresses)
            writer.WriteMessage(AddressesField, address, static (info, address) => info.WriteBytes(MultiaddrField, address.Bytes));
        return SignedEnvelope.Seal(signer, Domain, PayloadType, output.WrittenSpan);
    }

    /// <summary>
    /// Opens a sealed record; false where the envelope is not right, or the record is of another peer than the one that signed.
    /// Addresses that cannot be read are passed over.
    /// </summary>
    public static bool TryOpen(ReadOnlySpan<byte> envelope, ISignatures signatures, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = null;
        if (!SignedEnvelope.TryOpen(envelope, Domain, PayloadType, signatures, out SignedEnvelope? opened))
            return false;
        PeerId peer = default;
        ulong sequence = 0;
        var addresses = new List<Multiaddr>();
        var reader = new ProtobufReader(opened.Payload);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            bool isRead;
            switch (field, type)
            {
                case (PeerField, WireType.Bytes):
                    isRead = reader.TryReadBytes(out ReadOnlySpan<byte> id) && PeerId.TryDecode(id, out peer);
                    break;
                case (SequenceField, WireType.Varint):
                    isRead = reader.TryReadVarint(out sequence);
                    break;
                case (AddressesField, WireType.Bytes):
                    isRead = reader.TryReadBytes(out ReadOnlySpan<byte> info);
                    if (addresses.Count < MaxAddresses && ReadAddress(info) is { } address)
                        addresses.Add(address);
                    break;
                default:
                    isRead = reader.TrySkip(type);
                    break;
            }
            if (!isRead)
                return false;
        }
        if (peer.IsEmpty || peer != PeerId.FromPublicKey(opened.Key))
            return false;
        record = new PeerRecord(peer, sequence, addresses);
        return true;
    }

    private static Multiaddr? ReadAddress(ReadOnlySpan<byte> info)
    {
        var reader = new ProtobufReader(info);
        Multiaddr? address = null;
        while (reader.TryReadTag(out int field, out WireType type))
        {
            if (field != MultiaddrField || type != WireType.Bytes)
            {
                if (!reader.TrySkip(type))
                    return null;
            }
            else if (!reader.TryReadBytes(out ReadOnlySpan<byte> bytes) || !Multiaddr.TryDecode(bytes, out address))
                return null;
        }
        return address;
    }
}
