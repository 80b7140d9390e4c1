namespace Compeer.Protocols.Trackers;

/// <summary>The tracker's words for what it refuses, the same over HTTP and UDP.</summary>
internal static class TrackerRefusals
{
    public static string Text(SwarmAnnounceStatus status) => status switch
    {
        SwarmAnnounceStatus.NotServed => "This tracker does not serve this torrent.",
        SwarmAnnounceStatus.Full => "This tracker is full. Try again later.",
        _ => "",
    };
}
