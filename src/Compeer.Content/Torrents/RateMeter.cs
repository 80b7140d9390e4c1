using Compeer.Protocols;

namespace Compeer.Content.Torrents;

/// <summary>A rate in bytes per second, smoothed over about three seconds. Single-threaded.</summary>
internal sealed class RateMeter
{
    private const double TimeConstantSeconds = 3;

    private double _rate;
    private long _pending;
    private Instant _last;

    /// <summary>Bytes counted since the start.</summary>
    public long Total { get; private set; }

    /// <summary>Nothing was counted for so long that the rate is next to nothing.</summary>
    public bool IsIdle => _pending == 0 && _rate < 1;

    /// <summary>Counts bytes.</summary>
    public void Add(long bytes)
    {
        _pending += bytes;
        Total += bytes;
    }

    /// <summary>Folds what was counted into the average; called about ten times a second.</summary>
    public void Tick(Instant now)
    {
        double seconds = (now - _last).TotalSeconds;
        if (seconds <= 0)
            return;
        double weight = 1 - Math.Exp(-seconds / TimeConstantSeconds);
        _rate += weight * (_pending / seconds - _rate);
        _pending = 0;
        _last = now;
    }

    /// <summary>Starts the clock.</summary>
    public void Start(Instant now) => _last = now;

    /// <summary>Bytes per second.</summary>
    public long BytesPerSecond => (long)_rate;
}
