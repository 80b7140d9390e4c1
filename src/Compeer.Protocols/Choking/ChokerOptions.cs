namespace Compeer.Protocols.Choking;

/// <summary>Values of the chokers.</summary>
public sealed record ChokerOptions
{
    /// <summary>Peers served at once, optimistic ones included.</summary>
    public int Slots { get; init; } = 8;

    /// <summary>Time between rounds.</summary>
    public TimeSpan Round { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an optimistic slot is one peer's.</summary>
    public TimeSpan OptimisticTurn { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes that a peer may take beyond what it gave, before it counts as a debtor.</summary>
    public long UnpaidBytes { get; init; } = 1 << 20;

    /// <summary>A debtor that had the optimistic slot waits for so many turns before it may have it again.</summary>
    public int DebtorRestTurns { get; init; } = 3;

    /// <summary>A seed keeps serving a peer for at least this long.</summary>
    public TimeSpan SeedTurn { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>And for at least so many pieces.</summary>
    public int SeedQuotaPieces { get; init; } = 20;

    /// <summary>But no longer than this while others wait.</summary>
    public TimeSpan SeedTurnLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A peer that takes nothing for this long has given up its turn.</summary>
    public TimeSpan SeedIdle { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Optimistic slots: a fifth, at least one.</summary>
    public int OptimisticSlots => Math.Max(1, Slots / 5);
}
