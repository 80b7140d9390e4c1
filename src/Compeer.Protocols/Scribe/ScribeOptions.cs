namespace Compeer.Protocols.Scribe;

/// <summary>Bounds and times of Scribe. Worst case: groups times children, 16 bytes each.</summary>
public sealed record ScribeOptions
{
    /// <summary>Groups that a node is in or passes news of on.</summary>
    public int MaxGroups { get; init; } = 1024;

    /// <summary>Children in one group; a further one is not taken.</summary>
    public int MaxChildren { get; init; } = 1024;

    /// <summary>How often a child tells its parent that it is there.</summary>
    public TimeSpan RefreshEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A child that was silent so long is dropped.</summary>
    public TimeSpan ChildPatience { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>News remembered for each group, so that none is delivered twice.</summary>
    public int MaxRemembered { get; init; } = 64;

    /// <summary>Longest news passed on, in bytes.</summary>
    public int MaxPayloadBytes { get; init; } = 64 * 1024;
}
