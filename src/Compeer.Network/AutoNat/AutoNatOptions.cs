namespace Compeer.Network.AutoNat;

/// <summary>How an <see cref="AutoNatService"/> finds out whether its host can be dialled.</summary>
public sealed record AutoNatOptions
{
    /// <summary>Servers that must agree on an address.</summary>
    public int Quorum { get; init; } = 3;

    /// <summary>The pause before a server is asked again.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Also private and loopback addresses are asked about: for laboratories.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>What is sent at most to a server that wants data for a dial.</summary>
    public int MaxDialDataBytes { get; init; } = 256 << 10;

    /// <summary>A server answers within this.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);
}
