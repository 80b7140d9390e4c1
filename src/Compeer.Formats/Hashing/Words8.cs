using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Compeer.Formats.Hashing;

/// <summary>Eight lanes in a 256-bit register. Needs AVX2, and uses what AVX-512 has for such registers.</summary>
internal readonly struct Words8(Vector256<uint> value) : IWords<Words8>
{
    private readonly Vector256<uint> _value = value;

    public static int Lanes => 8;

    public static bool HasMajority => Avx512F.VL.IsSupported;

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
    public static Words8 Majority(Words8 a, Words8 b, Words8 c) => Avx512F.VL.IsSupported
        ? new(Avx512F.VL.TernaryLogic(a._value, b._value, c._value, 0xe8))
        : (a & (b ^ c)) ^ (b & c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 Parity(Words8 a, Words8 b, Words8 c) => Avx512F.VL.IsSupported
        ? new(Avx512F.VL.TernaryLogic(a._value, b._value, c._value, 0x96))
        : a ^ (b ^ c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 RotateLeft(Words8 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(Avx512F.VL.IsSupported
        ? Avx512F.VL.RotateLeft(words._value, count)
        : (words._value << count) | (words._value >>> (32 - count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 ShiftRight(Words8 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(words._value >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words8 Create(uint word) => new(Vector256.Create(word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(ref LaneSources sources, int skip, ref Words8 words)
    {
        LoadHalf(ref sources, skip, ref words);
        LoadHalf(ref sources, skip + 32, ref Unsafe.Add(ref words, 8));
    }

    /// <summary>Eight words of each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LoadHalf(ref LaneSources sources, int skip, ref Words8 words)
    {
        FourLanes(ref sources.Lane0, ref sources.Lane1, ref sources.Lane2, ref sources.Lane3, skip, out Vector256<uint> low0, out Vector256<uint> low1, out Vector256<uint> low2, out Vector256<uint> low3);
        FourLanes(ref sources.Lane4, ref sources.Lane5, ref sources.Lane6, ref sources.Lane7, skip, out Vector256<uint> high0, out Vector256<uint> high1, out Vector256<uint> high2, out Vector256<uint> high3);
        words = new(Avx2.Permute2x128(low0, high0, 0x20));
        Unsafe.Add(ref words, 1) = new(Avx2.Permute2x128(low1, high1, 0x20));
        Unsafe.Add(ref words, 2) = new(Avx2.Permute2x128(low2, high2, 0x20));
        Unsafe.Add(ref words, 3) = new(Avx2.Permute2x128(low3, high3, 0x20));
        Unsafe.Add(ref words, 4) = new(Avx2.Permute2x128(low0, high0, 0x31));
        Unsafe.Add(ref words, 5) = new(Avx2.Permute2x128(low1, high1, 0x31));
        Unsafe.Add(ref words, 6) = new(Avx2.Permute2x128(low2, high2, 0x31));
        Unsafe.Add(ref words, 7) = new(Avx2.Permute2x128(low3, high3, 0x31));
    }

    /// <summary>Of four lanes the words 0 and 4, 1 and 5, 2 and 6, 3 and 7: the former in the lower half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourLanes(
        ref byte lane0, ref byte lane1, ref byte lane2, ref byte lane3, int skip,
        out Vector256<uint> words0, out Vector256<uint> words1, out Vector256<uint> words2, out Vector256<uint> words3)
    {
        Vector256<uint> row0 = Row(ref lane0, skip), row1 = Row(ref lane1, skip), row2 = Row(ref lane2, skip), row3 = Row(ref lane3, skip);
        Vector256<ulong> low01 = Avx2.UnpackLow(row0, row1).AsUInt64();
        Vector256<ulong> low23 = Avx2.UnpackLow(row2, row3).AsUInt64();
        Vector256<ulong> high01 = Avx2.UnpackHigh(row0, row1).AsUInt64();
        Vector256<ulong> high23 = Avx2.UnpackHigh(row2, row3).AsUInt64();
        words0 = Avx2.UnpackLow(low01, low23).AsUInt32();
        words1 = Avx2.UnpackHigh(low01, low23).AsUInt32();
        words2 = Avx2.UnpackLow(high01, high23).AsUInt32();
        words3 = Avx2.UnpackHigh(high01, high23).AsUInt32();
    }

    /// <summary>Eight words of a lane, in this machine's order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Row(ref byte lane, int skip) => Avx2.Shuffle(
        Vector256.LoadUnsafe(ref lane, (nuint)skip),
        Vector256.Create(0x0405060700010203ul, 0x0c0d0e0f08090a0b, 0x0405060700010203, 0x0c0d0e0f08090a0b).AsByte()).AsUInt32();
}
