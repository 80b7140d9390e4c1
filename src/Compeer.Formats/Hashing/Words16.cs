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

    /// <summary>Each quarter of a register transposes four lanes by itself, so nothing crosses the quarters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(ref LaneSources sources, int skip, ref Words16 words)
    {
        if (!Avx512BW.IsSupported)
        {
            LoadHalves(ref sources, skip, ref words);
            return;
        }
        Vector512<uint> lanes0 = Rows(ref sources.Lane0, ref sources.Lane4, ref sources.Lane8, ref sources.Lane12, skip);
        Vector512<uint> lanes1 = Rows(ref sources.Lane1, ref sources.Lane5, ref sources.Lane9, ref sources.Lane13, skip);
        Vector512<uint> lanes2 = Rows(ref sources.Lane2, ref sources.Lane6, ref sources.Lane10, ref sources.Lane14, skip);
        Vector512<uint> lanes3 = Rows(ref sources.Lane3, ref sources.Lane7, ref sources.Lane11, ref sources.Lane15, skip);
        Vector512<ulong> low01 = Avx512F.UnpackLow(lanes0, lanes1).AsUInt64();
        Vector512<ulong> low23 = Avx512F.UnpackLow(lanes2, lanes3).AsUInt64();
        Vector512<ulong> high01 = Avx512F.UnpackHigh(lanes0, lanes1).AsUInt64();
        Vector512<ulong> high23 = Avx512F.UnpackHigh(lanes2, lanes3).AsUInt64();
        words = new(Avx512F.UnpackLow(low01, low23).AsUInt32());
        Unsafe.Add(ref words, 1) = new(Avx512F.UnpackHigh(low01, low23).AsUInt32());
        Unsafe.Add(ref words, 2) = new(Avx512F.UnpackLow(high01, high23).AsUInt32());
        Unsafe.Add(ref words, 3) = new(Avx512F.UnpackHigh(high01, high23).AsUInt32());
    }

    /// <summary>16 bytes of four lanes, their words in this machine's order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rows(ref byte first, ref byte second, ref byte third, ref byte fourth, int skip)
    {
        Vector512<byte> rows = Vector512.Create(
            Vector256.Create(Vector128.LoadUnsafe(ref first, (nuint)skip), Vector128.LoadUnsafe(ref second, (nuint)skip)),
            Vector256.Create(Vector128.LoadUnsafe(ref third, (nuint)skip), Vector128.LoadUnsafe(ref fourth, (nuint)skip)));
        Vector128<byte> swap = Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
        return Avx512BW.Shuffle(rows, Vector512.Create(Vector256.Create(swap, swap), Vector256.Create(swap, swap))).AsUInt32();
    }

    private static void LoadHalves(ref LaneSources sources, int skip, ref Words16 words)
    {
        Span<Words8> low = stackalloc Words8[4], high = stackalloc Words8[4];
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
