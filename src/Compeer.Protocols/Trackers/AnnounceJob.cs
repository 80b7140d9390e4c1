using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// One announce that <see cref="TrackerAnnouncer"/> wants made; the owner adds its counters, port and peer id,
/// and gives the job back with the result.
/// </summary>
public sealed class AnnounceJob
{
    internal AnnounceJob(TrackerEntry tracker, TrackerSwarmState state, AnnounceLane? lane)
    {
        Tracker = tracker;
        State = state;
        Lane = lane;
    }

    /// <summary>The tracker's address: http, https or udp.</summary>
    public Uri Url => Tracker.Url;

    /// <summary>The 20 bytes that name the swarm here.</summary>
    public required Sha1Hash SwarmId { get; init; }

    public required AnnounceEvent Event { get; init; }

    public required int NumWant { get; init; }

    /// <summary>To be sent back to the tracker.</summary>
    public string? TrackerId => State.TrackerId;

    internal TrackerEntry Tracker { get; }

    internal TrackerSwarmState State { get; }

    /// <summary>Null for a stopped event.</summary>
    internal AnnounceLane? Lane { get; }

    public override string ToString() => $"{Event} {SwarmId} to {TrackerUrl.ForDisplay(Url)}";
}
