using Compeer.Protocols;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Tests.RateLimiting;

public class TokenBucketTests
{
    private static Instant At(double seconds) => Instant.Zero + TimeSpan.FromMilliseconds((long)Math.Round(seconds * 1000));

    [Fact]
    public void Starts_full_and_refills_at_its_rate_up_to_the_burst()
    {
        var bucket = new TokenBucket(1000, 500);
        Assert.Equal(500, bucket.Available(At(0)));
        bucket.Take(500, At(0));
        Assert.Equal(0, bucket.Available(At(0)));
        Assert.Equal(250, bucket.Available(At(0.25)));
        Assert.Equal(500, bucket.Available(At(60)));
    }

    [Fact]
    public void Zero_rate_is_unlimited()
    {
        var bucket = new TokenBucket(0, 1);
        bucket.Take(long.MaxValue, At(0));
        Assert.True(bucket.IsUnlimited);
        Assert.Equal(long.MaxValue, bucket.Available(At(0)));
        Assert.Equal(At(3), bucket.WhenAvailable(1 << 30, At(3)));
    }

    [Fact]
    public void Debt_is_paid_before_anything_is_available()
    {
        var bucket = new TokenBucket(1000, 100);
        bucket.Take(1100, At(0));
        Assert.Equal(-1000, bucket.Available(At(0)));
        Assert.Equal(At(1.001), bucket.WhenAvailable(At(0)));
        Assert.Equal(0, bucket.Available(At(1)));
        Assert.Equal(50, bucket.Available(At(1.05)));
    }

    [Fact]
    public void When_available_is_the_first_such_instant()
    {
        var bucket = new TokenBucket(3, 16384);
        bucket.Take(16384, At(0));
        Instant when = bucket.WhenAvailable(16384, At(0));
        Assert.Equal(16383, bucket.Available(when - TimeSpan.FromTicks(1)));
        Assert.Equal(16384, bucket.Available(when));
    }

    [Fact]
    public void Asking_for_more_than_the_burst_waits_for_the_burst()
    {
        var bucket = new TokenBucket(1000, 100);
        bucket.Take(100, At(0));
        Assert.Equal(At(0.1), bucket.WhenAvailable(1 << 20, At(0)));
    }

    [Fact]
    public void Time_that_goes_backwards_adds_nothing()
    {
        var bucket = new TokenBucket(1000, 1000);
        bucket.Take(1000, At(10));
        Assert.Equal(0, bucket.Available(At(5)));
        Assert.Equal(1000, bucket.Available(At(11)));
    }

    [Fact]
    public void Rate_changes_count_the_past_at_the_old_rate()
    {
        var bucket = new TokenBucket(1000, 10_000);
        bucket.Take(10_000, At(0));
        bucket.SetRate(10, 10_000, At(1));
        Assert.Equal(1000, bucket.Available(At(1)));
        Assert.Equal(1010, bucket.Available(At(2)));
        bucket.SetRate(0, 10_000, At(2));
        Assert.Equal(long.MaxValue, bucket.Available(At(2)));
        bucket.SetRate(10, 200, At(100));
        Assert.Equal(200, bucket.Available(At(100)));
    }

    [Fact]
    public void Extreme_values_do_not_overflow()
    {
        var bucket = new TokenBucket(long.MaxValue, long.MaxValue);
        bucket.Take(long.MaxValue, At(0));
        bucket.Take(long.MaxValue, At(0));
        bucket.Take(long.MaxValue, At(0));
        Assert.Equal(long.MinValue, bucket.Available(At(0)));
        Assert.Equal(long.MaxValue, bucket.Available(At(1_000_000)));
        var slow = new TokenBucket(1, long.MaxValue);
        slow.Take(long.MaxValue, At(0));
        Assert.Equal(Instant.Never, slow.WhenAvailable(long.MaxValue, At(0)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(99_991)]
    public void Many_small_steps_move_exactly_rate_times_time(int seed)
    {
        var random = new Random(seed);
        var bucket = new TokenBucket(99_991, 50_000);
        bucket.Take(50_000, At(0));
        Instant now = At(0);
        long moved = 0;
        while (now < At(20))
        {
            now += TimeSpan.FromTicks(random.Next(1, 30_000));
            long n = Math.Min(bucket.Available(now), random.Next(0, 16_385));
            bucket.Take(n, now);
            moved += n;
        }
        long total = moved + bucket.Available(now);
        Assert.Equal((long)((Int128)now.Ticks * 99_991 / TimeSpan.TicksPerSecond), total);
    }

    /// <summary>On both sides of the rate from which on a second's worth of bytes and ticks does not fit into 64 bits.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public void A_second_brings_the_rate_where_the_product_outgrows_a_long(int above)
    {
        long rate = long.MaxValue / TimeSpan.TicksPerSecond + above;
        var bucket = new TokenBucket(rate, rate);
        bucket.Take(rate, At(0));
        Assert.Equal(0, bucket.Available(At(0)));
        Assert.Equal(rate / 2, bucket.Available(At(0.5)));
        Assert.Equal(rate, bucket.Available(At(1)));
        bucket.Take(2 * rate, At(1));
        Assert.Equal(0, bucket.Available(At(2)));
    }

    [Fact]
    public void Misuse_throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenBucket(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenBucket(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenBucket(1, 1).Take(-1, Instant.Zero));
    }
}
