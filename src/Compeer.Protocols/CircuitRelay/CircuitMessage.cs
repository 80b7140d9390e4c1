using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.CircuitRelay;

/// <summary>What a message is for.</summary>
public enum CircuitMessageType
{
    /// <summary>Asks a relay for a place; of the hop protocol only.</summary>
    Reserve,

    /// <summary>Asks for a circuit.</summary>
    Connect,

    /// <summary>Answers.</summary>
    Status,
}

/// <summary>
/// A message between a client and a relay (hop), or between a relay and the target of a circuit (stop): the same content under other
/// field numbers. <code>
/// hop:  1 type (0 RESERVE, 1 CONNECT, 2 STATUS) | 2 peer | 3 reservation | 4 limit | 5 status
/// stop: 1 type (0 CONNECT, 1 STATUS)            | 2 peer                 | 3 limit | 4 status
/// </code>
/// Spec: libp2p/specs relay/circuit-v2.md, "Protobuf".
/// </summary>
public sealed record CircuitMessage(CircuitMessageType Type)
{
    /// <summary>Between a client and a relay.</summary>
    public const string HopProtocol = "/libp2p/circuit/relay/0.2.0/hop";

    /// <summary>Between a relay and the target of a circuit.</summary>
    public const string StopProtocol = "/libp2p/circuit/relay/0.2.0/stop";

    /// <summary>The longest message that is read.</summary>
    public const int MaxBytes = 4096;

    private const int PeerIdField = 1;

    /// <summary>The other end of the circuit; null where there is none.</summary>
    public PeerId? Peer { get; init; }

    /// <summary>The place that was given; never in a message of the stop protocol.</summary>
    public CircuitReservation? Reservation { get; init; }

    /// <summary>The limits of a circuit; null where the relay sets none.</summary>
    public CircuitLimit? Limit { get; init; }

    /// <summary>How it ended, in an answer.</summary>
    public CircuitStatus Status { get; init; }

    /// <summary>An answer.</summary>
    public static CircuitMessage Of(CircuitStatus status) => new(CircuitMessageType.Status) { Status = status };

    /// <summary>The message as it passes by the hop protocol.</summary>
    public byte[] EncodeHop() => Encode(isHop: true);

    /// <summary>The message as it passes by the stop protocol.</summary>
    public byte[] EncodeStop() => Encode(isHop: false);

    /// <summary>Reads a message of the hop protocol; false where it is malformed, or has no type.</summary>
    public static bool TryDecodeHop(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CircuitMessage? message) => TryDecode(bytes, isHop: true, out message);

    /// <summary>Reads a message of the stop protocol; false where it is malformed, or has no type.</summary>
    public static bool TryDecodeStop(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CircuitMessage? message) => TryDecode(bytes, isHop: false, out message);

    private byte[] Encode(bool isHop)
    {
        var output = new ArrayBufferWriter<byte>(128);
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(1, (ulong)Type - (isHop ? 0UL : 1UL));
        if (Peer is { } peer)
            writer.WriteMessage(2, peer, static (nested, id) => nested.WriteBytes(PeerIdField, id.Bytes));
        if (Reservation is not null && isHop)
            writer.WriteMessage(3, Reservation, CircuitReservation.Write);
        if (Limit is not null)
            writer.WriteMessage(isHop ? 4 : 3, Limit, CircuitLimit.Write);
        if (Type == CircuitMessageType.Status)
            writer.WriteVarint(isHop ? 5 : 4, (ulong)Status);
        return output.WrittenSpan.ToArray();
    }

    private static bool TryDecode(ReadOnlySpan<byte> bytes, bool isHop, [NotNullWhen(true)] out CircuitMessage? message)
    {
        message = null;
        ulong type = ulong.MaxValue, status = 0;
        PeerId? peer = null;
        CircuitReservation? reservation = null;
        CircuitLimit? limit = null;
        var reader = new ProtobufReader(bytes.Length <= MaxBytes ? bytes : []);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType wire))
                return false;
            // The stop protocol has no reservation: its later fields stand one lower.
            int meaning = isHop || field <= 2 ? field : field + 1;
            bool isRead = (meaning, wire) switch
            {
                (1, WireType.Varint) => reader.TryReadVarint(out type),
                (2, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> value) && TryReadPeer(value, out peer),
                (3, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> value) && CircuitReservation.TryDecode(value, out reservation),
                (4, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> value) && CircuitLimit.TryDecode(value, out limit),
                (5, WireType.Varint) => reader.TryReadVarint(out status),
                _ => reader.TrySkip(wire),
            };
            if (!isRead)
                return false;
        }
        if (type > (isHop ? 2UL : 1UL))
            return false;
        message = new CircuitMessage((CircuitMessageType)(type + (isHop ? 0UL : 1UL)))
        {
            Peer = peer,
            Reservation = reservation,
            Limit = limit,
            Status = status <= int.MaxValue ? (CircuitStatus)status : CircuitStatus.Unused,
        };
        return true;
    }

    /// <summary>The addresses that may stand beside the id are passed over: relays that dial for others are deprecated.</summary>
    private static bool TryReadPeer(ReadOnlySpan<byte> bytes, out PeerId? peer)
    {
        peer = null;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            if (field != PeerIdField || type != WireType.Bytes)
            {
                if (!reader.TrySkip(type))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> value) || !PeerId.TryDecode(value, out PeerId id))
                return false;
            peer = id;
        }
        return peer is not null;
    }
}
