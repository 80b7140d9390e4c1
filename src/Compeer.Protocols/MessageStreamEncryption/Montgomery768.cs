using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>
/// Powers modulo the prime of message stream encryption: twelve 64-bit limbs, lowest first, in Montgomery form.
/// BigInteger.ModPow does the same with a division a step; docs/benchmarks.md has both.
/// </summary>
internal static class Montgomery768
{
    public const int Limbs = 12;

    /// <summary>-1 / P modulo 2^64.</summary>
    private const ulong Inverse = 0x6D5D6E6995075BB5;

    /// <summary>P.</summary>
    public static ReadOnlySpan<ulong> Modulus =>
    [
        0x0000000000090563, 0xF44C42E9A63A3621, 0xE485B576625E7EC6, 0x4FE1356D6D51C245, 0x302B0A6DF25F1437, 0xEF9519B3CD3A431B,
        0x514A08798E3404DD, 0x020BBEA63B139B22, 0x29024E088A67CC74, 0xC4C6628B80DC1CD1, 0xC90FDAA22168C234, 0xFFFFFFFFFFFFFFFF,
    ];

    /// <summary>2^1536 modulo P: brings a number into Montgomery form.</summary>
    private static ReadOnlySpan<ulong> RadixSquared =>
    [
        0x95F0194046281A8E, 0xFF0CA2A3D838C985, 0x6D9F175993AF6D83, 0xD4C85168A99A751F, 0x3423ECEE2DDC6158, 0xD515B23CD4ACE6DD,
        0x112CE56282E51749, 0x3361BFF33A35E04B, 0xAFBC083554E85EE3, 0xA95D0ECBC5679266, 0x8D001CB98C6F28C7, 0xA6130C9D54DA3D53,
    ];

    /// <summary>
    /// <paramref name="value"/>, which is below P, to the power of <paramref name="exponent"/> (big-endian); the result may
    /// take the place of the value. Four bits of the exponent at a time, over a table of the first sixteen powers.
    /// </summary>
    public static void Power(ReadOnlySpan<ulong> value, ReadOnlySpan<byte> exponent, Span<ulong> result)
    {
        Span<ulong> one = stackalloc ulong[Limbs];
        one.Clear();
        one[0] = 1;
        Span<ulong> powers = stackalloc ulong[16 * Limbs];
        Multiply(one, RadixSquared, powers[..Limbs]);
        Multiply(value, RadixSquared, powers.Slice(Limbs, Limbs));
        for (int n = 2; n < 16; n++)
            Multiply(powers.Slice((n - 1) * Limbs, Limbs), powers.Slice(Limbs, Limbs), powers.Slice(n * Limbs, Limbs));
        Span<ulong> product = stackalloc ulong[Limbs];
        powers[..Limbs].CopyTo(product);
        foreach (byte eight in exponent)
        {
            Advance(product, powers, eight >> 4);
            Advance(product, powers, eight & 15);
        }
        Multiply(product, one, result);
    }

    private static void Advance(Span<ulong> product, ReadOnlySpan<ulong> powers, int four)
    {
        for (int n = 0; n < 4; n++)
            Multiply(product, product, product);
        if (four != 0)
            Multiply(product, powers.Slice(four * Limbs, Limbs), product);
    }

    /// <summary>a * b / 2^768 modulo P; the result may be one of the factors.</summary>
    private static void Multiply(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> result)
    {
        Span<ulong> sum = stackalloc ulong[Limbs + 1];
        sum.Clear();
        ref ulong t = ref MemoryMarshal.GetReference(sum);
        ref ulong left = ref MemoryMarshal.GetReference(a[..Limbs]);
        ref ulong right = ref MemoryMarshal.GetReference(b[..Limbs]);
        ref ulong modulus = ref MemoryMarshal.GetReference(Modulus);
        ulong top = 0;
        for (nuint row = 0; row < Limbs; row++)
        {
            ulong factor = Unsafe.Add(ref right, row), carry = 0;
            for (nuint n = 0; n < Limbs; n++)
                Unsafe.Add(ref t, n) = MultiplyAdd(Unsafe.Add(ref left, n), factor, Unsafe.Add(ref t, n), ref carry);
            ulong above = top + carry;
            ulong overflow = above < carry ? 1UL : 0;
            // Adding this multiple of P makes the lowest limb zero, and it falls away.
            ulong multiple = t * Inverse;
            carry = 0;
            MultiplyAdd(multiple, modulus, t, ref carry);
            for (nuint n = 1; n < Limbs; n++)
                Unsafe.Add(ref t, n - 1) = MultiplyAdd(multiple, Unsafe.Add(ref modulus, n), Unsafe.Add(ref t, n), ref carry);
            above += carry;
            overflow += above < carry ? 1UL : 0;
            Unsafe.Add(ref t, (nuint)(Limbs - 1)) = above;
            top = overflow;
        }
        sum[Limbs] = top;
        Reduce(sum, result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MultiplyAdd(ulong a, ulong b, ulong addend, ref ulong carry)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        low += addend;
        high += low < addend ? 1UL : 0;
        low += carry;
        high += low < carry ? 1UL : 0;
        carry = high;
        return low;
    }

    /// <summary>Takes P away once if the sum is not below it; the sum is below 2 P.</summary>
    private static void Reduce(ReadOnlySpan<ulong> sum, Span<ulong> result)
    {
        Span<ulong> less = stackalloc ulong[Limbs];
        ulong borrow = 0;
        for (int n = 0; n < Limbs; n++)
        {
            ulong difference = sum[n] - Modulus[n];
            ulong next = sum[n] < Modulus[n] || difference < borrow ? 1UL : 0;
            less[n] = difference - borrow;
            borrow = next;
        }
        (sum[Limbs] >= borrow ? less : sum[..Limbs]).CopyTo(result);
    }
}
