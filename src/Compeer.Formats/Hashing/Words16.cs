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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 operator +(Words16 left, Words16 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 operator ^(Words16 left, Words16 right) => new(left._value ^ right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 operator &(Words16 left, Words16 right) => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 Select(Words16 mask, Words16 ones, Words16 zeros) => new(Vector512.ConditionalSelect(mask._value, ones._value, zeros._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 RotateLeft(Words16 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(Avx512F.IsSupported
        ? Avx512F.RotateLeft(words._value, count)
        : (words._value << count) | (words._value >>> (32 - count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 ShiftRight(Words16 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(words._value >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words16 Create(uint word) => new(Vector512.Create(word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(ref byte bytes, ref int offsets, int skip, ref Words16 words)
    {
        Words8.Transpose(ref bytes, ref offsets, skip, out Vector256<uint> low0, out Vector256<uint> low1, out Vector256<uint> low2, out Vector256<uint> low3);
        Words8.Transpose(
            ref bytes, ref Unsafe.Add(ref offsets, Words8.Lanes), skip,
            out Vector256<uint> high0, out Vector256<uint> high1, out Vector256<uint> high2, out Vector256<uint> high3);
        words = new(Vector512.Create(low0, high0));
        Unsafe.Add(ref words, 1) = new(Vector512.Create(low1, high1));
        Unsafe.Add(ref words, 2) = new(Vector512.Create(low2, high2));
        Unsafe.Add(ref words, 3) = new(Vector512.Create(low3, high3));
    }
}
