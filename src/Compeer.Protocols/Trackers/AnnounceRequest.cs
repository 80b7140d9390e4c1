using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// What a client tells a tracker about itself in one swarm.
/// Spec: BEP 3 (tracker GET requests), BEP 15 (announce), BEP 7 (key).
/// </summary>
public sealed record AnnounceRequest
{
    /// <summary>The swarm: the v1 info hash, or the v2 one cut to 20 bytes.</summary>
    public required Sha1Hash InfoHash { get; init; }

    public required PeerId PeerId { get; init; }

    /// <summary>The TCP port on which this client takes connections, 1 to 65535.</summary>
    public required int Port { get; init; }

    /// <summary>Payload bytes sent since the started event.</summary>
    public long Uploaded { get; init; }

    /// <summary>Payload bytes received since the started event.</summary>
    public long Downloaded { get; init; }

    /// <summary>Bytes still missing; 0 says seed. Unknown (no metadata yet): any positive number, 16384 by custom.</summary>
    public long Left { get; init; }

    public AnnounceEvent Event { get; init; }

    /// <summary>Random for the run of a torrent, the same over IPv4 and IPv6: lets a tracker see one client behind two addresses.</summary>
    public uint Key { get; init; }

    /// <summary>How many peers are wanted; -1 leaves it to the tracker.</summary>
    public int NumWant { get; init; } = -1;

    /// <summary>What the tracker gave as its id in an earlier reply; HTTP only.</summary>
    public string? TrackerId { get; init; }
}
