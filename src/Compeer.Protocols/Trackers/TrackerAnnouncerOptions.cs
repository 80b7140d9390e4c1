namespace Compeer.Protocols.Trackers;

/// <summary>When and how widely a torrent announces itself.</summary>
public sealed record TrackerAnnouncerOptions
{
    /// <summary>
    /// True announces to the first working tracker of every tier, which is what users of torrents with many one-tracker tiers expect.
    /// False follows BEP 12 to the letter: a tier is asked only when no tracker of the tiers before it works.
    /// </summary>
    public bool AnnounceToAllTiers { get; init; } = true;

    /// <summary>Gives the address that a text stands for, or null: thousands of torrents may so share the few that they have. Reads it anew when unset.</summary>
    public Func<string, Uri?> ParseUrl { get; init; } = static text => TrackerUrl.TryParse(text, out Uri? url, out _) ? url : null;

    /// <summary>Trackers of one torrent; further ones are left out.</summary>
    public int MaxTrackers { get; init; } = 100;

    /// <summary>Announces of one torrent on their way at once.</summary>
    public int MaxConcurrent { get; init; } = 8;

    /// <summary>The pause when a tracker names none.</summary>
    public TimeSpan DefaultInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The shortest pause between two regular announces, whatever a tracker says.</summary>
    public TimeSpan ShortestInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest pause, whatever a tracker says.</summary>
    public TimeSpan LongestInterval { get; init; } = TimeSpan.FromHours(6);

    /// <summary>The pause after a first failure is a little more; it grows with the square of the failures in a row.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause after failures, unless the tracker itself asked for more.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Peers wanted while downloading.</summary>
    public int NumWant { get; init; } = 100;

    /// <summary>Peers wanted when complete.</summary>
    public int NumWantWhenComplete { get; init; } = 30;
}
