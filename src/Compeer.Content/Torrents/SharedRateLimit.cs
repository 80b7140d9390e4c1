using Compeer.Protocols;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Content.Torrents;

/// <summary>One token bucket that the loops of all torrents draw from. Thread-safe.</summary>
/// <param name="bytesPerSecond">0 means no limit.</param>
internal sealed class SharedRateLimit(long bytesPerSecond)
{
    private readonly Lock _lock = new();
    private readonly TokenBucket _bucket = new(bytesPerSecond, BurstOf(bytesPerSecond));
    private long _bytesPerSecond = bytesPerSecond;

    /// <summary>The rate; 0 means no limit.</summary>
    public long BytesPerSecond => Volatile.Read(ref _bytesPerSecond);

    /// <summary>Bytes that may be moved now; negative while a debt is paid off.</summary>
    public long Available(Instant now)
    {
        if (BytesPerSecond == 0)
            return long.MaxValue;
        lock (_lock)
            return _bucket.Available(now);
    }

    /// <summary>Counts bytes moved; the bucket may go into debt by one buffer.</summary>
    public void Take(long bytes, Instant now)
    {
        if (BytesPerSecond == 0)
            return;
        lock (_lock)
            _bucket.Take(bytes, now);
    }

    /// <summary>Changes the rate from now on.</summary>
    public void SetRate(long bytesPerSecond, Instant now)
    {
        lock (_lock)
        {
            _bucket.SetRate(bytesPerSecond, BurstOf(bytesPerSecond), now);
            Volatile.Write(ref _bytesPerSecond, bytesPerSecond);
        }
    }

    private static long BurstOf(long bytesPerSecond) => Math.Max(bytesPerSecond / 4, 16 * 1024);
}
