using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Compeer.Formats.Hashing;

/// <summary>Sixteen lanes in a 512-bit register. Made for AVX-512; with AVX2 alone correct and slow, so that more machines can test it.</summary>
internal readonly struct Words16(Vector512<uint> value) : IWords<Words16>
{
    private readonly Vector512<uint> _value = value;

    public static int Lanes => 16;

    public static bool HasMajority => Avx512F.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 operator +(Words16 left, Words16 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 operator ^(Words16 left, Words16 right) => new(left._value ^ right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 operator &(Words16 left, Words16 right) => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 Select(Words16 mask, Words16 ones, Words16 zeros) => new(Vector512.ConditionalSelect(mask._value, ones._value, zeros._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 Majority(Words16 a, Words16 b, Words16 c) => Avx512F.IsSupported
        ? new(Avx512F.TernaryLogic(a._value, b._value, c._value, 0xe8))
        : (a & (b ^ c)) ^ (b & c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 Parity(Words16 a, Words16 b, Words16 c) => Avx512F.IsSupported
        ? new(Avx512F.TernaryLogic(a._value, b._value, c._value, 0x96))
        : a ^ (b ^ c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 RotateLeft(Words16 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(Avx512F.IsSupported
        ? Avx512F.RotateLeft(words._value, count)
        : (words._value << count) | (words._value >>> (32 - count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 ShiftRight(Words16 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(words._value >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 Create(uint word) => new(Vector512.Create(word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(ref LaneSources sources, int skip, ref Words16 words)
    {
        if (!Avx512BW.IsSupported)
        {
            LoadHalves(ref sources, skip, ref words);
            return;
        }
        FourLanes(ref sources.Lane0, ref sources.Lane1, ref sources.Lane2, ref sources.Lane3, skip, out Vector512<uint> a0, out Vector512<uint> a1, out Vector512<uint> a2, out Vector512<uint> a3);
        FourLanes(ref sources.Lane4, ref sources.Lane5, ref sources.Lane6, ref sources.Lane7, skip, out Vector512<uint> b0, out Vector512<uint> b1, out Vector512<uint> b2, out Vector512<uint> b3);
        FourLanes(ref sources.Lane8, ref sources.Lane9, ref sources.Lane10, ref sources.Lane11, skip, out Vector512<uint> c0, out Vector512<uint> c1, out Vector512<uint> c2, out Vector512<uint> c3);
        FourLanes(ref sources.Lane12, ref sources.Lane13, ref sources.Lane14, ref sources.Lane15, skip, out Vector512<uint> d0, out Vector512<uint> d1, out Vector512<uint> d2, out Vector512<uint> d3);
        Place(a0, b0, c0, d0, ref words);
        Place(a1, b1, c1, d1, ref Unsafe.Add(ref words, 1));
        Place(a2, b2, c2, d2, ref Unsafe.Add(ref words, 2));
        Place(a3, b3, c3, d3, ref Unsafe.Add(ref words, 3));
    }

    /// <summary>Of four lanes every fourth word from the first, the second, the third and the fourth on: one in each quarter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourLanes(
        ref byte lane0, ref byte lane1, ref byte lane2, ref byte lane3, int skip,
        out Vector512<uint> words0, out Vector512<uint> words1, out Vector512<uint> words2, out Vector512<uint> words3)
    {
        Vector512<uint> row0 = Row(ref lane0, skip), row1 = Row(ref lane1, skip), row2 = Row(ref lane2, skip), row3 = Row(ref lane3, skip);
        Vector512<ulong> low01 = Avx512F.UnpackLow(row0, row1).AsUInt64();
        Vector512<ulong> low23 = Avx512F.UnpackLow(row2, row3).AsUInt64();
        Vector512<ulong> high01 = Avx512F.UnpackHigh(row0, row1).AsUInt64();
        Vector512<ulong> high23 = Avx512F.UnpackHigh(row2, row3).AsUInt64();
        words0 = Avx512F.UnpackLow(low01, low23).AsUInt32();
        words1 = Avx512F.UnpackHigh(low01, low23).AsUInt32();
        words2 = Avx512F.UnpackLow(high01, high23).AsUInt32();
        words3 = Avx512F.UnpackHigh(high01, high23).AsUInt32();
    }

    /// <summary>Puts the quarters of four lanes each together, and stores them at every fourth place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Place(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, ref Words16 words)
    {
        Vector512<uint> lowAB = Avx512F.Shuffle4x128(a, b, 0x44), lowCD = Avx512F.Shuffle4x128(c, d, 0x44);
        Vector512<uint> highAB = Avx512F.Shuffle4x128(a, b, 0xee), highCD = Avx512F.Shuffle4x128(c, d, 0xee);
        words = new(Avx512F.Shuffle4x128(lowAB, lowCD, 0x88));
        Unsafe.Add(ref words, 4) = new(Avx512F.Shuffle4x128(lowAB, lowCD, 0xdd));
        Unsafe.Add(ref words, 8) = new(Avx512F.Shuffle4x128(highAB, highCD, 0x88));
        Unsafe.Add(ref words, 12) = new(Avx512F.Shuffle4x128(highAB, highCD, 0xdd));
    }

    /// <summary>Sixteen words of a lane, in this machine's order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Row(ref byte lane, int skip) => Avx512BW.Shuffle(
        Vector512.LoadUnsafe(ref lane, (nuint)skip),
        Vector512.Create(0x0405060700010203ul, 0x0c0d0e0f08090a0b, 0x0405060700010203, 0x0c0d0e0f08090a0b, 0x0405060700010203, 0x0c0d0e0f08090a0b, 0x0405060700010203, 0x0c0d0e0f08090a0b).AsByte()).AsUInt32();

    private static void LoadHalves(ref LaneSources sources, int skip, ref Words16 words)
    {
        Span<Words8> low = stackalloc Words8[16], high = stackalloc Words8[16];
        var upper = new LaneSources
        {
            Lane0 = ref sources.Lane8, Lane1 = ref sources.Lane9, Lane2 = ref sources.Lane10, Lane3 = ref sources.Lane11,
            Lane4 = ref sources.Lane12, Lane5 = ref sources.Lane13, Lane6 = ref sources.Lane14, Lane7 = ref sources.Lane15,
        };
        Words8.Load(ref sources, skip, ref low[0]);
        Words8.Load(ref upper, skip, ref high[0]);
        for (int i = 0; i < low.Length; i++)
            Unsafe.Add(ref words, i) = new(Vector512.Create(low[i].Value, high[i].Value));
    }
}
