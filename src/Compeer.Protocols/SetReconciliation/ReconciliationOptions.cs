namespace Compeer.Protocols.SetReconciliation;

/// <summary>Bounds of a reconciliation. Worst case: one message, and 32 bytes for each id that the other side has more.</summary>
public sealed record ReconciliationOptions
{
    /// <summary>Longest message written, in bytes, give or take one range; at least 4,096. What does not fit follows in the next round.</summary>
    public int MaxMessageBytes { get; init; } = 64 * 1024;

    /// <summary>Longest message taken, in bytes.</summary>
    public int MaxReceivedBytes { get; init; } = 1 << 20;

    /// <summary>Ids learned in all; after so many the other side is not believed any longer.</summary>
    public int MaxNeeded { get; init; } = 1_000_000;
}
