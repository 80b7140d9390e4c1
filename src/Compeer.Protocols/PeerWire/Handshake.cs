using System.Buffers.Binary;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Protocols.PeerWire;

/// <summary>What a peer can do beyond BEP 3, as bits of the handshake's eight reserved bytes.</summary>
[Flags]
public enum ReservedBits : ulong
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Mainline DHT. Spec: BEP 5.</summary>
    Dht = 0x01,

    /// <summary>Fast extension. Spec: BEP 6.</summary>
    Fast = 0x04,

    /// <summary>Knows v2 of the protocol. Spec: BEP 52.</summary>
    V2 = 0x10,

    /// <summary>Extension protocol. Spec: BEP 10.</summary>
    Extensions = 0x10_00_00,
}

/// <summary>The first 68 bytes on a connection.</summary>
/// <remarks>
/// Spec: BEP 3, "peer protocol".
/// <code>
/// | 19 | "BitTorrent protocol" | reserved (8) | info-hash (20) | peer id (20) |
/// </code>
/// </remarks>
public readonly struct Handshake(ReservedBits reserved, Sha1Hash infoHash, PeerId peerId)
{
    /// <summary>Length in bytes.</summary>
    public const int LengthBytes = 68;

    /// <summary>What the sender can do.</summary>
    public ReservedBits Reserved { get; } = reserved;

    /// <summary>The swarm.</summary>
    public Sha1Hash InfoHash { get; } = infoHash;

    /// <summary>The sender.</summary>
    public PeerId PeerId { get; } = peerId;

    /// <summary>How every handshake begins: length and name of the protocol.</summary>
    public static ReadOnlySpan<byte> Header => "\u0013BitTorrent protocol"u8;

    /// <summary>Reads 68 bytes; false when they are of another protocol.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, out Handshake handshake)
    {
        handshake = default;
        if (data.Length < LengthBytes || !data.StartsWith(Header))
            return false;
        handshake = new Handshake(
            (ReservedBits)BinaryPrimitives.ReadUInt64BigEndian(data[20..]), new Sha1Hash(data.Slice(28, 20)), new PeerId(data.Slice(48, 20)));
        return true;
    }

    /// <summary>Writes 68 bytes.</summary>
    public void Write(Span<byte> target)
    {
        Header.CopyTo(target);
        BinaryPrimitives.WriteUInt64BigEndian(target[20..], (ulong)Reserved);
        InfoHash.AsSpan().CopyTo(target[28..]);
        PeerId.AsSpan().CopyTo(target[48..]);
    }
}
