namespace Compeer.Network.AutoNat;

/// <summary>What an <see cref="AutoNatServer"/> does for others. At worst it dials <see cref="MaxDialsPerMinute"/> addresses a minute.</summary>
public sealed record AutoNatServerOptions
{
    /// <summary>Dials in a minute, for all.</summary>
    public int MaxDialsPerMinute { get; init; } = 60;

    /// <summary>The same for one peer.</summary>
    public int MaxDialsPerPeer { get; init; } = 12;

    /// <summary>Requests that are served at once.</summary>
    public int MaxAtOnce { get; init; } = 16;

    /// <summary>A peer that wants another address dialled than its own sends so many bytes first, at least, and up to twice of it.</summary>
    public int MinDialDataBytes { get; init; } = 40_000;

    /// <summary>One dial ends within this.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Also private and loopback addresses are dialled: for laboratories, never on the Internet.</summary>
    public bool AllowPrivate { get; init; }
}
