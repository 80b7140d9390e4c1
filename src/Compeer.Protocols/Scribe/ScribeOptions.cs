namespace Compeer.Protocols.Scribe;

/// <summary>Bounds and times of Scribe. Worst case: groups times children, 32 bytes each, and a KiB more for each group that is counted.</summary>
public sealed record ScribeOptions
{
    /// <summary>Groups that a node is in or passes news of on.</summary>
    public int MaxGroups { get; init; } = 1024;

    /// <summary>Children in one group; a further one is handed down to one of them.</summary>
    public int MaxChildren { get; init; } = 1024;

    /// <summary>How often a child tells its parent that it is there.</summary>
    public TimeSpan RefreshEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A child that was silent so long is dropped.</summary>
    public TimeSpan ChildPatience { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>News remembered for each group, so that none is delivered twice.</summary>
    public int MaxRemembered { get; init; } = 64;

    /// <summary>Longest news passed on, in bytes.</summary>
    public int MaxPayloadBytes { get; init; } = 64 * 1024;

    /// <summary>How often a root counts what members contribute; all nodes of a group have the same.</summary>
    public TimeSpan GatherEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a root waits for the parts; each level below has a quarter less. Less than <see cref="GatherEvery"/>.</summary>
    public TimeSpan GatherPatience { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Most contributions that a branch, or all together, may claim: the bound of what liars can add, so best near the number of members.</summary>
    public int MaxCounted { get; init; } = 1 << 20;

    /// <summary>
    /// Combines what contributions carry besides their value; null to carry nothing. It must not care for order (commutative, associative), gives at most
    /// <see cref="ScribeAggregate.MaxExtraBytes"/>, and never throws, since strangers wrote what it is given.
    /// </summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? Combine { get; init; }
}
