using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Protocols.HolePunching;

namespace Compeer.Protocols.PeerWire;

/// <summary>What a peer did, as far as its owner needs to act.</summary>
public enum PeerEventKind
{
    /// <summary>The remote's pieces are known or replaced (bitfield, have all, have none).</summary>
    Pieces,

    /// <summary>It has one piece more: Index.</summary>
    Have,

    /// <summary>It lost a piece: Index.</summary>
    DontHave,

    /// <summary>It stopped serving us.</summary>
    Choked,

    /// <summary>It serves us.</summary>
    Unchoked,

    /// <summary>It wants something of ours, or no more.</summary>
    InterestChanged,

    /// <summary>It asks for blocks; take them with TryTakeUpload.</summary>
    Request,

    /// <summary>A block we asked for: Index, Begin, Payload.</summary>
    Block,

    /// <summary>It will not serve a request of ours: Index, Begin, Length.</summary>
    Rejected,

    /// <summary>It would like to serve Index.</summary>
    Suggest,

    /// <summary>It serves Index even while choking us.</summary>
    AllowedFast,

    /// <summary>Its extension handshake: see Remote.</summary>
    Extensions,

    /// <summary>Its node of the DHT is at port Index. Spec: BEP 5.</summary>
    DhtPort,

    /// <summary>It asks for metadata piece Index.</summary>
    MetadataRequest,

    /// <summary>Metadata piece Index: Payload.</summary>
    MetadataData,

    /// <summary>It has no metadata for us.</summary>
    MetadataReject,

    /// <summary>It asks for hashes: Root, Range.</summary>
    HashRequest,

    /// <summary>Hashes for Root, Range: Hashes.</summary>
    Hashes,

    /// <summary>It will not serve hashes: Root, Range.</summary>
    HashReject,

    /// <summary>It tells of peers: Payload.</summary>
    PeerExchange,

    /// <summary>It sends a hole punching message: HolePunch.</summary>
    HolePunch,
}

/// <summary>One event; its views live as long as the bytes that were received.</summary>
public readonly ref struct PeerEvent
{
    /// <summary>What happened.</summary>
    public required PeerEventKind Kind { get; init; }

    /// <summary>Piece.</summary>
    public int Index { get; init; }

    /// <summary>First byte within the piece.</summary>
    public int Begin { get; init; }

    /// <summary>Bytes.</summary>
    public int Length { get; init; }

    /// <summary>The block had been cancelled, or given up after a choke; it may still be used.</summary>
    public bool IsLate { get; init; }

    /// <summary>A block's or metadata piece's bytes, or a ut_pex message.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>The tree whose hashes are meant.</summary>
    public Sha256Hash Root { get; init; }

    /// <summary>Which hashes are meant.</summary>
    public HashRange Range { get; init; }

    /// <summary>The hashes.</summary>
    public ReadOnlySpan<Sha256Hash> Hashes { get; init; }

    /// <summary>A hole punching message.</summary>
    public HolePunchMessage HolePunch { get; init; }
}
