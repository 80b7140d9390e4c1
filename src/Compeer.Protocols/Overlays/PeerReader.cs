using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Overlays;

/// <summary>
/// Reads the peers of one message. Their addresses are told to the book only by <see cref="TellAddresses"/>, once the whole
/// message is known to be sound.
/// </summary>
/// <remarks>Spec: docs/overlay-messages.proto, Peer.</remarks>
internal struct PeerReader(IPeerAddresses? book)
{
    private List<(PeerId Peer, List<Multiaddr> Addresses)>? _told;

    /// <summary>Reads a field that is a peer; false where it is cut or names nobody. Addresses that are malformed or too many are passed over.</summary>
    public bool TryRead(ref ProtobufReader message, out PeerId peer)
    {
        peer = default;
        if (!message.TryReadBytes(out ReadOnlySpan<byte> source))
            return false;
        List<Multiaddr> addresses = [];
        var reader = new ProtobufReader(source);
        while (reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> id) && PeerId.TryDecode(id, out peer),
                (2, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> address) && Take(address, addresses),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        if (!reader.IsAtEnd || peer.IsEmpty)
            return false;
        if (addresses.Count > 0)
            (_told ??= []).Add((peer, addresses));
        return true;
    }

    /// <summary>Reads a peer into a list that holds at most so many.</summary>
    public bool TryRead(ref ProtobufReader message, List<PeerId> peers, int most)
    {
        if (peers.Count == most || !TryRead(ref message, out PeerId peer))
            return false;
        peers.Add(peer);
        return true;
    }

    /// <summary>Tells the book what the message said.</summary>
    public readonly void TellAddresses()
    {
        foreach ((PeerId peer, List<Multiaddr> addresses) in _told ?? [])
            book?.Learn(peer, addresses);
    }

    private static bool Take(ReadOnlySpan<byte> bytes, List<Multiaddr> addresses)
    {
        if (addresses.Count < OverlayFields.MaxAddresses && bytes.Length <= OverlayFields.MaxAddressBytes && Multiaddr.TryDecode(bytes, out Multiaddr? address))
            addresses.Add(address);
        return true;
    }
}
