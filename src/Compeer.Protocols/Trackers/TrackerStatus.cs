using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>How things stand with a tracker.</summary>
public enum TrackerPhase
{
    /// <summary>Not asked yet.</summary>
    Waiting,

    /// <summary>An announce is on its way.</summary>
    Announcing,

    /// <summary>The last announce was answered.</summary>
    Working,

    /// <summary>The last announce failed; it is tried again.</summary>
    Failing,

    /// <summary>Never asked again.</summary>
    GivenUp,
}

/// <summary>One tracker and swarm, for a person to see.</summary>
/// <param name="Url">The address without secrets.</param>
/// <param name="Tier">Its tier, from 0.</param>
/// <param name="SwarmId">The swarm.</param>
/// <param name="Phase">How things stand.</param>
/// <param name="Message">The last failure or warning, or empty.</param>
/// <param name="Seeders">As the tracker last said.</param>
/// <param name="Leechers">As the tracker last said.</param>
/// <param name="Peers">Peers in its last answer.</param>
/// <param name="NextAnnounce">When it is asked again; never while it is, or when another tracker is asked in its place.</param>
public sealed record TrackerStatus(
    string Url, int Tier, Sha1Hash SwarmId, TrackerPhase Phase, string Message, int? Seeders, int? Leechers, int Peers, Instant NextAnnounce);
