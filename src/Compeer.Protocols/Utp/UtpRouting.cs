namespace Compeer.Protocols.Utp;

/// <summary>Where the router's bookkeeping of a connection stands.</summary>
internal struct UtpRouting
{
    /// <summary>It waits for its turn to send.</summary>
    public bool IsQueuedToSend;

    /// <summary>It waits for its signals to be taken.</summary>
    public bool IsQueuedToTell;

    /// <summary>The earliest entry among the deadlines; <see cref="Instant.Never"/> when there is none.</summary>
    public Instant ScheduledAt;
}
