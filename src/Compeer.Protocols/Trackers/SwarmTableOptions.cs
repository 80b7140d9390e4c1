using System.Collections.Immutable;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// Limits of a tracker's memory. A peer costs at most 300 bytes and a swarm at most 500 (both with tables just doubled),
/// so the defaults stay below 90 MB in the worst case; nothing is taken before it is used.
/// </summary>
public sealed record SwarmTableOptions
{
    /// <summary>Peers in all swarms together; further ones are refused until others expire.</summary>
    public int MaxPeers { get; init; } = 200_000;

    /// <summary>Swarms with at least one peer.</summary>
    public int MaxSwarms { get; init; } = 50_000;

    /// <summary>Peers in one swarm.</summary>
    public int MaxPeersPerSwarm { get; init; } = 50_000;

    /// <summary>Peers of one address (IPv6: one /64) in all swarms.</summary>
    public int MaxPeersPerAddress { get; init; } = 5_000;

    /// <summary>Peers of one address (IPv6: one /64) in one swarm; a further one replaces the one longest silent.</summary>
    public int MaxPeersPerAddressInSwarm { get; init; } = 8;

    /// <summary>Peers in one answer, at most 200.</summary>
    public int MaxNumWant { get; init; } = 200;

    /// <summary>Peers in one answer to a client that names no number.</summary>
    public int DefaultNumWant { get; init; } = 50;

    /// <summary>The pause between announces that clients are told; a peer silent for twice as long is forgotten.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The shortest pause that clients are told.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The only swarms that are served; null serves any.</summary>
    public ImmutableHashSet<Sha1Hash>? AllowedSwarms { get; init; }
}
