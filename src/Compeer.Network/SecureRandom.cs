using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Compeer.Network;

/// <summary>
/// The system's unpredictable numbers in the shape that the pure machines take: for transaction ids, tokens and choices
/// that an opponent must not foresee. Thread-safe: each thread draws from a stock of its own, since asking the system for
/// each number costs a hundred times as much.
/// </summary>
public sealed class SecureRandom : Random
{
    private const int StockBytes = 2048;

    [ThreadStatic]
    private static byte[]? s_stock;

    [ThreadStatic]
    private static int s_left;

    /// <summary>The base class wants a seed, which nothing here uses.</summary>
    private SecureRandom() : base(0)
    {
    }

    public static SecureRandom Instance { get; } = new();

    public override int Next() => Next(0, int.MaxValue);

    public override int Next(int maxValue) => Next(0, maxValue);

    public override int Next(int minValue, int maxValue) => (int)NextInt64(minValue, maxValue);

    public override long NextInt64() => (long)(NextUInt64() >> 1) % long.MaxValue;

    public override long NextInt64(long maxValue) => NextInt64(0, maxValue);

    public override long NextInt64(long minValue, long maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue);
        ulong range = (ulong)(maxValue - minValue);
        return range == 0 ? minValue : minValue + (long)Math.BigMul(NextUInt64(), range, out _);
    }

    public override double NextDouble() => Sample();

    public override float NextSingle() => (NextUInt64() >> 40) * (1f / (1 << 24));

    public override void NextBytes(byte[] buffer) => RandomNumberGenerator.Fill(buffer);

    public override void NextBytes(Span<byte> buffer) => RandomNumberGenerator.Fill(buffer);

    protected override double Sample() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    private static ulong NextUInt64()
    {
        byte[] stock = s_stock ??= new byte[StockBytes];
        if (s_left == 0)
        {
            RandomNumberGenerator.Fill(stock);
            s_left = StockBytes;
        }
        Span<byte> next = stock.AsSpan(s_left -= sizeof(ulong), sizeof(ulong));
        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(next);
        next.Clear();
        return number;
    }
}
