namespace Compeer.Network.Dcutr;

/// <summary>Bounds of a <see cref="DcutrService"/>.</summary>
public sealed record DcutrOptions
{
    /// <summary>Rounds with one peer; each makes both sides send some six packets to each address of the other.</summary>
    public int MaxRounds { get; init; } = 3;

    /// <summary>Addresses of a peer that are dialled in a round.</summary>
    public int MaxAddresses { get; init; } = 8;

    /// <summary>One round, or the plain dial before the first, ends within this.</summary>
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(8);
}
