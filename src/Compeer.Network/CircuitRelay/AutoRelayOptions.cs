using Compeer.Formats.Multiformats;

namespace Compeer.Network.CircuitRelay;

/// <summary>When and where an <see cref="AutoRelayService"/> asks for places.</summary>
public sealed record AutoRelayOptions
{
    /// <summary>Places that are kept.</summary>
    public int Count { get; init; } = 2;

    /// <summary>Relays that are known, each with its name at the end; connected peers that offer to relay are asked beside these.</summary>
    public IReadOnlyList<Multiaddr> Relays { get; init; } = [];

    /// <summary>Keeps places also while nobody has found the host private.</summary>
    public bool Always { get; init; }

    /// <summary>A relay that refused or was lost is not asked before this has passed.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromMinutes(5);
}
