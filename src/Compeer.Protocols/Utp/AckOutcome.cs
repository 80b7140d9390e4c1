namespace Compeer.Protocols.Utp;

/// <summary>What an acknowledgement told.</summary>
internal struct AckOutcome
{
    /// <summary>Payload bytes acknowledged for the first time.</summary>
    public int AckedBytes;

    /// <summary>Packets acknowledged for the first time.</summary>
    public int AckedPackets;

    /// <summary>Round trip of the packet sent last among those sent once; zero when there is none.</summary>
    public TimeSpan RoundTrip;

    /// <summary>Packets that had been taken for lost but had arrived.</summary>
    public int Spurious;

    /// <summary>Payload bytes of an acknowledged probe; 0 when there is none.</summary>
    public int ProbePayload;

    public bool IsFinAcked;
}

/// <summary>What a look for losses found.</summary>
internal struct LossOutcome
{
    /// <summary>Packets found lost that were no probes.</summary>
    public int Packets;

    /// <summary>When the last of them was sent.</summary>
    public Instant SentAt;

    /// <summary>Payload bytes of a lost probe; 0 when there is none.</summary>
    public int ProbePayload;

    /// <summary>When to look again; <see cref="Instant.Never"/> when only an acknowledgement can tell more.</summary>
    public Instant LookAgainAt;
}
