namespace Compeer.Protocols.Gossip;

/// <summary>When a node stops to tell a rumour. Worst case: 16 bytes a rumour remembered.</summary>
public sealed record RumourOptions
{
    /// <summary>Loses interest with probability 1/k each time (coin), or after k times (counter).</summary>
    public int K { get; init; } = 4;

    /// <summary>Loses interest only when the other knew the rumour; blind: whatever the other knew.</summary>
    public bool HasFeedback { get; init; }

    /// <summary>Counts to k instead of tossing a coin.</summary>
    public bool Counts { get; init; }

    /// <summary>How often a hot rumour is told on.</summary>
    public TimeSpan TellEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Rumours remembered; the oldest go first.</summary>
    public int MaxRumours { get; init; } = 1024;
}
