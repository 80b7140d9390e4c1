using Compeer.Formats.Multiformats;
using Compeer.Protocols.CircuitRelay;

namespace Compeer.Network.CircuitRelay;

/// <summary>What a <see cref="CircuitRelayService"/> gives, and to whom.</summary>
public sealed record CircuitRelayOptions
{
    /// <summary>Who may have a place. Nobody unless set: what a relay costs is its owner's to offer.</summary>
    public Func<PeerId, bool> Serves { get; init; } = _ => false;

    /// <summary>Bounds.</summary>
    public RelayLimits Limits { get; init; } = new();
}
