using System.Collections.Immutable;
using System.Net;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// A tracker's answer to an announce, cleaned: no peer with port 0 or an address that no peer can have, text without control characters.
/// Spec: BEP 3, 7 (peers6), 15, 23 (compact), 24 (external ip).
/// </summary>
public sealed record AnnounceResponse
{
    /// <summary>The wanted pause to the next announce as the tracker said it (1 s to 68 years); null when it said nothing usable.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>The shortest pause that the tracker accepts; null when it said nothing usable.</summary>
    public TimeSpan? MinInterval { get; init; }

    /// <summary>Peers with everything, or null when not told.</summary>
    public int? Seeders { get; init; }

    /// <summary>Peers still downloading, or null when not told.</summary>
    public int? Leechers { get; init; }

    /// <summary>How often the torrent was completed, or null when not told.</summary>
    public int? Downloaded { get; init; }

    /// <summary>The peers, in the tracker's order, duplicates removed.</summary>
    public ImmutableArray<IPEndPoint> Peers { get; init; } = [];

    /// <summary>Our address as the tracker sees it.</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>The same with the address that answered, once for each address family asked; empty when a proxy hides who answered.</summary>
    public ImmutableArray<(IPAddress Tracker, IPAddress Ours)> Sightings { get; init; } = [];

    /// <summary>Text for the user; the announce succeeded all the same.</summary>
    public string? Warning { get; init; }

    /// <summary>To be sent back in later announces.</summary>
    public string? TrackerId { get; init; }
}
