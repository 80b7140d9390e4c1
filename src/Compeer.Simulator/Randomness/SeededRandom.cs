using System.Buffers.Binary;
using System.Numerics;
using Compeer.Formats.Hashing;

namespace Compeer.Simulator.Randomness;

/// <summary>
/// A stream of numbers that is the same on every machine and runtime for the same seed (xoshiro256**), in the shape that the
/// machines take. Not for keys; not thread-safe.
/// </summary>
public sealed class SeededRandom : Random
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Begins the stream of a seed.</summary>
    public SeededRandom(Seed seed) : base(0)
    {
        ulong x = seed.Value;
        _s0 = SplitMix64.Mix(x += SplitMix64.Increment);
        _s1 = SplitMix64.Mix(x += SplitMix64.Increment);
        _s2 = SplitMix64.Mix(x += SplitMix64.Increment);
        _s3 = SplitMix64.Mix(x + SplitMix64.Increment);
    }

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>True in this share of the draws.</summary>
    /// <param name="probability">0 to 1; 0 draws nothing.</param>
    public bool Chance(double probability) => probability > 0 && NextDouble() < probability;

    /// <summary>Uniform in [0, <paramref name="limit"/>), in whole ticks.</summary>
    public TimeSpan NextSpan(TimeSpan limit) => limit <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromTicks((long)Below((ulong)limit.Ticks));

    public override int Next() => (int)Below(int.MaxValue);

    public override int Next(int maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxValue);
        return (int)Below((ulong)maxValue);
    }

    public override int Next(int minValue, int maxValue) => (int)NextInt64(minValue, maxValue);

    public override long NextInt64() => (long)Below(long.MaxValue);

    public override long NextInt64(long maxValue) => NextInt64(0, maxValue);

    public override long NextInt64(long minValue, long maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue);
        return minValue + (long)Below((ulong)(maxValue - minValue));
    }

    public override double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    public override float NextSingle() => (NextUInt64() >> 40) * (1f / (1 << 24));

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        while (buffer.Length >= sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(buffer, NextUInt64());
            buffer = buffer[sizeof(ulong)..];
        }
        if (buffer.IsEmpty)
            return;
        Span<byte> last = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(last, NextUInt64());
        last[..buffer.Length].CopyTo(buffer);
    }

    protected override double Sample() => NextDouble();

    /// <summary>Uniform below the limit; the bias is below 2^-32 for every limit that fits into an int.</summary>
    private ulong Below(ulong limit) => Math.BigMul(NextUInt64(), limit, out _);
}
