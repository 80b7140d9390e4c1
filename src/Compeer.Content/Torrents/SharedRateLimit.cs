using Compeer.Protocols;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Content.Torrents;

/// <summary>One token bucket that the loops of all torrents draw from. Thread-safe.</summary>
internal sealed class SharedRateLimit
{
    private readonly Lock _lock = new();
    private readonly TokenBucket _bucket;

    /// <param name="bytesPerSecond">0 means no limit.</param>
    public SharedRateLimit(long bytesPerSecond)
    {
        BytesPerSecond = bytesPerSecond;
        _bucket = new TokenBucket(bytesPerSecond, Math.Max(bytesPerSecond / 4, 16 * 1024));
    }

    /// <summary>The rate; 0 means no limit.</summary>
    public long BytesPerSecond { get; }

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
}
