using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Compeer.Network;

/// <summary>
/// The system's unpredictable numbers in the shape that the pure machines take: for transaction ids, tokens and choices
/// that an opponent must not foresee. Thread-safe.
/// </summary>
public sealed class SecureRandom : Random
{
    /// <summary>The base class wants a seed, which nothing here uses.</summary>
    private SecureRandom() : base(0)
    {
    }

    public static SecureRandom Instance { get; } = new();

    public override int Next() => RandomNumberGenerator.GetInt32(int.MaxValue);

    public override int Next(int maxValue) => maxValue == 0 ? 0 : RandomNumberGenerator.GetInt32(maxValue);

    public override int Next(int minValue, int maxValue) => minValue == maxValue ? minValue : RandomNumberGenerator.GetInt32(minValue, maxValue);

    public override long NextInt64() => (long)(NextUInt64() >> 1) % long.MaxValue;

    public override long NextInt64(long maxValue) => NextInt64(0, maxValue);

    public override long NextInt64(long minValue, long maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue);
        ulong range = (ulong)(maxValue - minValue);
        return range == 0 ? minValue : minValue + (long)(ulong)(((UInt128)NextUInt64() * range) >> 64);
    }

    public override double NextDouble() => Sample();

    public override float NextSingle() => (NextUInt64() >> 40) * (1f / (1 << 24));

    public override void NextBytes(byte[] buffer) => RandomNumberGenerator.Fill(buffer);

    public override void NextBytes(Span<byte> buffer) => RandomNumberGenerator.Fill(buffer);

    protected override double Sample() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    private static ulong NextUInt64()
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
