using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Compeer.Formats.Hashing;

/// <summary>Eight lanes in a 256-bit register. Needs AVX2.</summary>
internal readonly struct Words8(Vector256<uint> value) : IWords<Words8>
{
    private readonly Vector256<uint> _value = value;

    public static int Lanes => 8;

    public static bool HasMajority => false;

    public Vector256<uint> Value => _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 operator +(Words8 left, Words8 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 operator ^(Words8 left, Words8 right) => new(left._value ^ right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 operator &(Words8 left, Words8 right) => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 Select(Words8 mask, Words8 ones, Words8 zeros) => new(Vector256.ConditionalSelect(mask._value, ones._value, zeros._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 Majority(Words8 a, Words8 b, Words8 c) => (a & (b ^ c)) ^ (b & c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 Parity(Words8 a, Words8 b, Words8 c) => a ^ (b ^ c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 RotateLeft(Words8 words, [ConstantExpected(Min = 1, Max = 31)] byte count) =>
        new((words._value << count) | (words._value >>> (32 - count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 ShiftRight(Words8 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(words._value >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 Create(uint word) => new(Vector256.Create(word));

    /// <summary>Each half of a register transposes four lanes by itself, so nothing crosses the halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(ref LaneSources sources, int skip, ref Words8 words)
    {
        Vector256<uint> lanes0 = Rows(ref sources.Lane0, ref sources.Lane4, skip);
        Vector256<uint> lanes1 = Rows(ref sources.Lane1, ref sources.Lane5, skip);
        Vector256<uint> lanes2 = Rows(ref sources.Lane2, ref sources.Lane6, skip);
        Vector256<uint> lanes3 = Rows(ref sources.Lane3, ref sources.Lane7, skip);
        Vector256<ulong> low01 = Avx2.UnpackLow(lanes0, lanes1).AsUInt64();
        Vector256<ulong> low23 = Avx2.UnpackLow(lanes2, lanes3).AsUInt64();
        Vector256<ulong> high01 = Avx2.UnpackHigh(lanes0, lanes1).AsUInt64();
        Vector256<ulong> high23 = Avx2.UnpackHigh(lanes2, lanes3).AsUInt64();
        words = new(Avx2.UnpackLow(low01, low23).AsUInt32());
        Unsafe.Add(ref words, 1) = new(Avx2.UnpackHigh(low01, low23).AsUInt32());
        Unsafe.Add(ref words, 2) = new(Avx2.UnpackLow(high01, high23).AsUInt32());
        Unsafe.Add(ref words, 3) = new(Avx2.UnpackHigh(high01, high23).AsUInt32());
    }

    /// <summary>16 bytes of two lanes, their words in this machine's order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rows(ref byte low, ref byte high, int skip)
    {
        Vector256<byte> rows = Vector256.Create(Vector128.LoadUnsafe(ref low, (nuint)skip), Vector128.LoadUnsafe(ref high, (nuint)skip));
        Vector128<byte> swap = Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
        return Avx2.Shuffle(rows, Vector256.Create(swap, swap)).AsUInt32();
    }
}
