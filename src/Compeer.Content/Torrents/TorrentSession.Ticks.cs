using Compeer.Network.Connections;
using Compeer.Protocols;

namespace Compeer.Content.Torrents;

// When to look after what is due: often while something moves, seldom while nothing does, and while asleep at deadlines only.
internal sealed partial class TorrentSession
{
    private const long UnknownLeft = 16 * 1024;

    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Lively = TimeSpan.FromSeconds(2);

    /// <summary>After a dial a sleeping torrent looks about so long: other ways to a peer may be tried.</summary>
    private static readonly TimeSpan Restless = TimeSpan.FromSeconds(10);

    private Instant _lastTick;
    private Instant _nextTick;
    private Instant _nextSecond;
    private Instant _lastActivity;
    private bool _isBusy;

    private Instant NextTick =>
        _isBusy || Now - _lastActivity < Lively ? _lastTick + Quick
        : !IsAsleep || Now - _lastActivity < Restless ? _lastTick + Slow
        : IsHalted ? Instant.Never
        : Later(_lastTick + Slow, Instant.Min(_peers?.NextDial ?? Instant.Never, Instant.Min(_announces?.NextDeadline ?? Instant.Never, Discovery.NextDeadline)));

    private bool MustWait => DownLimit.Available(Now) < 0 || _downloads is { IsBehind: true };

    /// <summary>Lets peers whose bytes had to wait send on.</summary>
    public void ReadOn()
    {
        while (_withheld is { Count: > 0 } && !MustWait)
        {
            (PeerLink link, TransferBuffer buffer) = _withheld.Dequeue();
            link.Connection.Release(buffer);
        }
    }

    /// <summary>
    /// Whether more is likely to happen soon. What a sleeping torrent is told of peers is not: whom to dial, and when to ask again, are deadlines
    /// of their own, and thousands of torrents are told so every quarter of an hour.
    /// </summary>
    private bool IsActivity(TorrentInput input) => input is not (Tick or BytesReceived) && !(IsAsleep && input is TrackerAnswered or DhtSearched or PeersFound);

    private static Instant Later(Instant a, Instant b) => a > b ? a : b;

    private void OnTick()
    {
        _lastTick = Now;
        _nextTick = Instant.Zero;
        _down?.Tick(Now);
        _up?.Tick(Now);
        bool second = Now >= _nextSecond;
        if (second)
            _nextSecond = Now + TimeSpan.FromSeconds(1);
        if (!IsAsleep)
            OnLinks(second);
        _peers?.Dial();
        _punches?.OnTick();
        _announces?.OnTick();
        Discovery.OnTick();
        if (!IsAsleep)
            OnContent(second);
        if (second)
            _why = Why();
        PublishStatus();
    }

    private void OnLinks(bool second)
    {
        ReadOn();
        _isBusy = _withheld is { Count: > 0 };
        foreach (PeerLink link in Links.Values)
        {
            bool isQuiet = link.IsQuiet;
            _isBusy |= !isQuiet;
            if (isQuiet && !second)
                continue;
            link.Down.Tick(Now);
            link.Up.Tick(Now);
            if (second)
                OnSecond(link);
            bool isDue = Now >= link.Wire.NextDeadline;
            if (isDue)
                link.Wire.OnDeadline(Now);
            // A seed has nothing of its own to say to who wants nothing.
            if (!isQuiet || isDue || Phase != TorrentPhase.Seeding)
                MarkDirty(link);
        }
        if (Links.Count > 0 || Phase != TorrentPhase.Seeding)
            _wantedAt = Now;
    }

    private void OnContent(bool second)
    {
        Content.OnTick();
        Downloads.OnTick(second);
        WebSeeds.OnTick(second);
        Uploads.OnTick(second);
        Hashes.OnTick();
        _readers?.OnTick(second);
    }

    private void OnSecond(PeerLink link)
    {
        link.AdaptQueue();
        long limit = DownLimit.BytesPerSecond;
        link.Connection.ReadLimitBytes = limit > 0 ? (int)Math.Clamp(limit / 10, 4 * 1024, TransferBufferPool.LargeBytes) : TransferBufferPool.LargeBytes;
        Discovery.Gossip.Flush(link);
    }
}
