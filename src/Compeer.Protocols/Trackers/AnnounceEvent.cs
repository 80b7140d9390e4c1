namespace Compeer.Protocols.Trackers;

/// <summary>
/// What made the client announce; the values are those of the UDP protocol.
/// Spec: BEP 3 (tracker GET requests), BEP 15.
/// </summary>
public enum AnnounceEvent
{
    /// <summary>A regular announce at the tracker's interval.</summary>
    None = 0,

    /// <summary>The download has just finished; never sent when it was complete from the start.</summary>
    Completed = 1,

    /// <summary>The first announce of this run to this tracker.</summary>
    Started = 2,

    /// <summary>The client leaves the swarm.</summary>
    Stopped = 3,
}
