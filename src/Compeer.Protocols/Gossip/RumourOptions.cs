namespace Compeer.Protocols.Gossip;

/// <summary>When a node stops to tell a rumour. Worst case: a payload and 40 bytes a rumour remembered.</summary>
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

    /// <summary>Rumours have payloads, which are asked of who tells; all nodes have the same. Else a rumour is its number.</summary>
    public bool HasPayloads { get; init; }

    /// <summary>Longest payload, in bytes; at most <see cref="RumourCodec.MaxPayloadBytes"/>.</summary>
    public int MaxPayloadBytes { get; init; } = 1024;

    /// <summary>How long a teller may take to give the payload, before another one is asked.</summary>
    public TimeSpan AskPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Payloads that are awaited at once; what is told beyond them is not heard.</summary>
    public int MaxAsked { get; init; } = 256;

    /// <summary>Payloads that are awaited of one peer at once, so that who gives none does not hold up others.</summary>
    public int MaxAskedOfOne { get; init; } = 16;
}
