using Compeer.Network;
using Compeer.Protocols;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Content.Torrents;

/// <summary>
/// Spreads what the torrents of one client announce, so that a start with thousands of them is no burst for trackers, the DHT
/// or this machine. Trackers then keep them apart by their own intervals. Thread-safe.
/// </summary>
internal sealed class AnnounceTurns
{
    /// <summary>Shortest pause between the first announces of two torrents that were known from earlier.</summary>
    private static readonly TimeSpan TrackerGap = TimeSpan.FromMilliseconds(50);

    /// <summary>All of them have announced themselves after this time, however many they are: well within a tracker's usual interval.</summary>
    private static readonly TimeSpan TrackerSpread = TimeSpan.FromMinutes(20);

    /// <summary>From one group of lookups of sleeping torrents to the next: four a second on the whole. A lookup costs some 50 datagrams.</summary>
    private static readonly TimeSpan LookupPeriod = TimeSpan.FromSeconds(2);

    /// <summary>Lookups in a group.</summary>
    private const int LookupsTogether = 8;

    private readonly Lock _lock = new();
    private readonly TurnSpacing _trackers = new();
    private readonly GroupedTurns _lookups = new(LookupPeriod, LookupsTogether);

    /// <summary>When one of <paramref name="torrents"/> torrents that start together is to announce itself first.</summary>
    public Instant FirstAnnounce(int torrents)
    {
        TimeSpan gap = TrackerSpread / torrents;
        lock (_lock)
            return _trackers.Take(MonotonicClock.Now, gap < TrackerGap ? gap : TrackerGap);
    }

    /// <summary>When a sleeping torrent may be looked up in the DHT.</summary>
    public Instant Lookup(Instant now)
    {
        lock (_lock)
            return _lookups.Take(now);
    }

    /// <summary>When a sleeping torrent asks for its turn whose lookup is due: with others, so that this machine wakes for several at once.</summary>
    public Instant LookupDue(Instant due) => _lookups.BeginningAfter(due);
}
