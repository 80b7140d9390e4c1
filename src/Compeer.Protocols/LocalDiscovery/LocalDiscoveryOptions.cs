namespace Compeer.Protocols.LocalDiscovery;

/// <summary>Bounds and timers of local discovery. Worst-case memory at the defaults: 100 bytes a torrent and 100 KB for the addresses heard.</summary>
public sealed record LocalDiscoveryOptions
{
    /// <summary>Pause between two announcements of one torrent.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Pause between any two announcements; torrents that are due meanwhile share the next one.</summary>
    public TimeSpan Gap { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>An announcement by another of a torrent of ours is answered after a random time up to this.</summary>
    public TimeSpan MaxAnswerDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Announcements heard of one address in a minute; more are ignored.</summary>
    public int MaxPerAddress { get; init; } = 20;

    /// <summary>Addresses counted at a time; further ones are ignored until the minute is over.</summary>
    public int MaxAddresses { get; init; } = 1000;
}
