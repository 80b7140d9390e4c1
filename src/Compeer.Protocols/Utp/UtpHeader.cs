namespace Compeer.Protocols.Utp;

/// <summary>The 20 bytes that begin every uTP packet.</summary>
/// <remarks>
/// Spec: BEP 29, "header format". All big-endian:
/// <code>
/// type:4 version:4 | extension:8 | connection_id:16
/// timestamp_microseconds:32
/// timestamp_difference_microseconds:32
/// wnd_size:32
/// seq_nr:16 | ack_nr:16
/// </code>
/// </remarks>
/// <param name="Type">What it is for.</param>
/// <param name="ConnectionId">The receiver's id of the connection; in a SYN the initiator's own.</param>
/// <param name="Timestamp">The sender's clock in microseconds, wrapping.</param>
/// <param name="TimestampDifference">Receiver's clock minus <paramref name="Timestamp"/> of the last packet that came the other way; 0 when there was none.</param>
/// <param name="WindowBytes">Bytes that the sender of this packet can still take.</param>
/// <param name="SequenceNumber">Number of this packet; of a STATE, the next one to come.</param>
/// <param name="AckNumber">The last packet received in order.</param>
public readonly record struct UtpHeader(
    UtpPacketType Type,
    ushort ConnectionId,
    uint Timestamp,
    uint TimestampDifference,
    uint WindowBytes,
    ushort SequenceNumber,
    ushort AckNumber);
