namespace Compeer.Protocols.RateLimiting;

/// <summary>
/// Meters bytes against a rate: tokens flow in at <see cref="BytesPerSecond"/> up to <see cref="BurstBytes"/>, and every byte moved takes one.
/// </summary>
/// <remarks>
/// A take may go into debt, since a message is not cut to fit what is left; the debt is paid before anything is available again.
/// No rounding is lost: the fraction of a byte that is left over carries on. Single-threaded.
/// </remarks>
public sealed class TokenBucket
{
    private long _tokens;
    private long _fraction; // of a byte, in units of 1 / TicksPerSecond
    private Instant _filledAt;

    /// <param name="bytesPerSecond">The rate; 0 means unlimited.</param>
    /// <param name="burst">Most bytes that an idle bucket saves up; at least 1. The bucket starts full.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is negative or the burst is not positive.</exception>
    public TokenBucket(long bytesPerSecond, long burst)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(burst);
        BytesPerSecond = bytesPerSecond;
        BurstBytes = burst;
        _tokens = burst;
    }

    /// <summary>The rate; 0 means unlimited.</summary>
    public long BytesPerSecond { get; private set; }

    /// <summary>Most bytes that an idle bucket saves up.</summary>
    public long BurstBytes { get; private set; }

    public bool IsUnlimited => BytesPerSecond == 0;

    /// <summary>Bytes that may move now: negative while in debt, <see cref="long.MaxValue"/> when unlimited.</summary>
    public long Available(Instant now)
    {
        if (IsUnlimited)
            return long.MaxValue;
        Fill(now);
        return _tokens;
    }

    /// <summary>Counts <paramref name="n"/> bytes as moved, whether or not they were available.</summary>
    public void Take(long n, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        if (IsUnlimited)
            return;
        Fill(now);
        _tokens = _tokens < long.MinValue + n ? long.MinValue : _tokens - n;
    }

    /// <summary>
    /// When <paramref name="n"/> bytes will be available if nothing else is taken; more than the burst is answered as the burst,
    /// because the bucket never holds more.
    /// </summary>
    public Instant WhenAvailable(long n, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        if (IsUnlimited)
            return now;
        Fill(now);
        Int128 missing = (Int128)Math.Min(n, BurstBytes) - _tokens;
        if (missing <= 0)
            return now;
        Int128 ticks = (missing * TimeSpan.TicksPerSecond - _fraction + BytesPerSecond - 1) / BytesPerSecond;
        return ticks > long.MaxValue ? Instant.Never : now + TimeSpan.FromTicks((long)ticks);
    }

    /// <summary>When at least one byte may go again.</summary>
    public Instant WhenAvailable(Instant now) => WhenAvailable(1, now);

    /// <summary>Changes rate and burst from now on; what flowed in until now counts at the old rate. Going from unlimited to limited starts full.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate is negative or the burst is not positive.</exception>
    public void SetRate(long bytesPerSecond, long burst, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(burst);
        bool wasUnlimited = IsUnlimited;
        if (!wasUnlimited)
            Fill(now);
        BytesPerSecond = bytesPerSecond;
        BurstBytes = burst;
        _filledAt = now;
        _tokens = wasUnlimited ? burst : Math.Min(_tokens, burst);
        _fraction = 0;
    }

    private void Fill(Instant now)
    {
        long elapsed = (now - _filledAt).Ticks;
        if (elapsed <= 0)
            return;
        _filledAt = now;
        if (Math.BigMul(elapsed, BytesPerSecond, out long product) != 0 || product < 0 || product > long.MaxValue - _fraction)
        {
            FillWide(elapsed);
            return;
        }
        (long bytes, _fraction) = Math.DivRem(product + _fraction, TimeSpan.TicksPerSecond);
        bool full = _tokens >= 0 ? bytes >= BurstBytes - _tokens : bytes + _tokens >= BurstBytes;
        _tokens = full ? BurstBytes : _tokens + bytes;
        _fraction = full ? 0 : _fraction;
    }

    /// <summary>Where the product does not fit: apart, because code for numbers of 128 bits is compiled at each start of a program.</summary>
    private void FillWide(long elapsed)
    {
        Int128 flowed = (Int128)elapsed * BytesPerSecond + _fraction;
        Int128 level = _tokens + flowed / TimeSpan.TicksPerSecond;
        bool full = level >= BurstBytes;
        _tokens = full ? BurstBytes : (long)level;
        _fraction = full ? 0 : (long)(flowed % TimeSpan.TicksPerSecond);
    }
}
