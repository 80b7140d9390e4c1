namespace Compeer.Protocols.Utp;

/// <summary>What is known of a packet that was sent.</summary>
internal enum SentPacketState : byte
{
    /// <summary>On its way.</summary>
    InFlight,

    /// <summary>The remote has it.</summary>
    Acknowledged,

    /// <summary>It did not arrive; to be sent again.</summary>
    Lost,
}

/// <summary>One packet with a sequence number, until everything up to it is acknowledged.</summary>
internal struct SentPacket
{
    /// <summary>Payload bytes.</summary>
    public int Length;

    /// <summary>Where in the stream of bytes the payload begins.</summary>
    public long Offset;

    /// <summary>When it was last sent.</summary>
    public Instant SentAt;

    public SentPacketState State;

    /// <summary>How often it was sent.</summary>
    public byte Transmissions;

    /// <summary>It was sent larger than what is known to pass, and not to be cut.</summary>
    public bool IsProbe;

    public bool IsFin;

    /// <summary>It was sent again to provoke an answer, not because it seemed lost.</summary>
    public bool IsTailProbe;
}
