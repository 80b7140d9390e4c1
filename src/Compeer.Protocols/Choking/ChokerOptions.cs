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

    /// <summary>A seed keeps serving a peer for at least this long.</summary>
    public TimeSpan SeedTurn { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>And for at least so many pieces.</summary>
    public int SeedQuotaPieces { get; init; } = 20;

    /// <summary>Optimistic slots: a fifth, at least one.</summary>
    public int OptimisticSlots => Math.Max(1, Slots / 5);
}
