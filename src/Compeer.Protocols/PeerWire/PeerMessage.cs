namespace Compeer.Protocols.PeerWire;

/// <summary>The kinds of messages. Spec: BEP 3, 5, 6, 10, 52.</summary>
public enum PeerMessageId : byte
{
    Choke = 0,
    Unchoke = 1,
    Interested = 2,
    NotInterested = 3,
    Have = 4,
    Bitfield = 5,
    Request = 6,
    Piece = 7,
    Cancel = 8,
    Port = 9,
    Suggest = 13,
    HaveAll = 14,
    HaveNone = 15,
    Reject = 16,
    AllowedFast = 17,
    Extended = 20,
    HashRequest = 21,
    Hashes = 22,
    HashReject = 23,

    /// <summary>Not on the wire: a message of length zero.</summary>
    KeepAlive = 255,
}

/// <summary>
/// One message, its fixed fields decoded, its rest as a view that lives as long as the bytes it was read from.
/// </summary>
/// <remarks>
/// <code>
/// | length (4) | id (1) | index (4) | begin (4) | length (4) or payload |
/// </code>
/// </remarks>
public readonly ref struct PeerMessage
{
    internal PeerMessage(PeerMessageId id, ReadOnlySpan<byte> body)
    {
        Id = id;
        switch (id)
        {
            case PeerMessageId.Have or PeerMessageId.Suggest or PeerMessageId.AllowedFast:
                Index = Read(body);
                break;
            case PeerMessageId.Request or PeerMessageId.Cancel or PeerMessageId.Reject:
                Index = Read(body);
                Begin = Read(body[4..]);
                Length = Read(body[8..]);
                break;
            case PeerMessageId.Piece:
                Index = Read(body);
                Begin = Read(body[4..]);
                Payload = body[8..];
                Length = Payload.Length;
                break;
            case PeerMessageId.Port:
                Index = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(body);
                break;
            case PeerMessageId.Extended:
                Index = body[0];
                Payload = body[1..];
                break;
            default:
                Payload = body;
                break;
        }
    }

    /// <summary>Its kind; unknown kinds keep their number.</summary>
    public PeerMessageId Id { get; }

    /// <summary>Piece; for extended messages the extension's number.</summary>
    public int Index { get; }

    /// <summary>First byte within the piece.</summary>
    public int Begin { get; }

    /// <summary>Bytes asked for or sent.</summary>
    public int Length { get; }

    /// <summary>What follows the fixed fields.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    private static int Read(ReadOnlySpan<byte> body) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(body);
}
