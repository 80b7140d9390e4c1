namespace Compeer.Protocols.WebSeeds;

/// <summary>Values and bounds of a <see cref="WebSeedSession"/>.</summary>
/// <remarks>Worst-case memory: one block being put together, 16 bytes for each block asked for (a claim has at most <see cref="MaxClaimBytes"/>, or one piece), and a bit a piece.</remarks>
public sealed record WebSeedOptions
{
    /// <summary>Bytes of the first claim; later ones follow the rate.</summary>
    public int FirstClaimBytes { get; init; } = 1 << 20;

    /// <summary>The fewest bytes of a claim; it is never less than a piece.</summary>
    public int MinClaimBytes { get; init; } = 256 << 10;

    /// <summary>The most bytes of a claim; it is never less than a piece.</summary>
    public int MaxClaimBytes { get; init; } = 8 << 20;

    /// <summary>A claim should take about so long.</summary>
    public TimeSpan ClaimTime { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>A request must bring <see cref="MinWindowBytes"/> in each such span, the first one from its beginning.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Fewer bytes in a window end the request: a seed that trickles holds up the pieces it was asked for.</summary>
    public int MinWindowBytes { get; init; } = 32 << 10;

    /// <summary>The wait after the first failure; doubled with each further one.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait of our own.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest wait that a server may ask for.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromHours(1);
}
