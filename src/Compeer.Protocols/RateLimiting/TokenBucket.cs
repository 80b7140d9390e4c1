namespace Compeer.Protocols.RateLimiting;

/// <summary>
/// Limits a rate: tokens flow in at a fixed rate up to a burst, bytes take them out, and may run into debt once, so that
/// a transfer need not be cut to fit. Single-threaded.
/// </summary>
public sealed class TokenBucket
{
    private readonly long _bytesPerSecond;
    private readonly long _burst;
    private double _tokens;
    private Instant _last;
    private bool _started;

    /// <param name="bytesPerSecond">Rate; 0 means no limit.</param>
    /// <param name="burstBytes">What can be saved up.</param>
    public TokenBucket(long bytesPerSecond, long burstBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        _bytesPerSecond = bytesPerSecond;
        _burst = burstBytes;
        _tokens = burstBytes;
    }

    /// <summary>Bytes that may go now; negative while in debt.</summary>
    public long Available(Instant now)
    {
        if (_bytesPerSecond == 0)
            return long.MaxValue;
        Refill(now);
        return (long)_tokens;
    }

    /// <summary>Counts bytes that go.</summary>
    public void Take(long bytes, Instant now)
    {
        if (_bytesPerSecond == 0)
            return;
        Refill(now);
        _tokens -= bytes;
    }

    /// <summary>When at least one byte may go again.</summary>
    public Instant WhenAvailable(Instant now)
    {
        long available = Available(now);
        return available > 0 ? now : now + TimeSpan.FromSeconds((1 - available) / (double)_bytesPerSecond);
    }

    private void Refill(Instant now)
    {
        if (_started && now > _last)
            _tokens = Math.Min(_burst, _tokens + (now - _last).TotalSeconds * _bytesPerSecond);
        _last = now;
        _started = true;
    }
}
