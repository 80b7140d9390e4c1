using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Compeer.Formats.Hashing;

/// <summary>SHA-256's compression of one block of each lane.</summary>
/// <remarks>Spec: FIPS 180-4, sections 4.2.2, 5.3.3 and 6.2.2.</remarks>
internal readonly struct Sha256Rounds<TWords> : IRounds<TWords>
    where TWords : unmanaged, IWords<TWords>
{
    public static ReadOnlySpan<uint> Initial =>
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(Span<TWords> state, ref LaneSources sources, int blocks)
    {
        Span<TWords> schedule = stackalloc TWords[16 + 1];
        ref TWords w = ref Aligned.First(schedule);
        for (int block = 0; block < blocks; block++)
        {
            TWords.Load(ref sources, block * MessageBlocks.BlockBytes, ref w);
            Rounds(state, ref w, Sha256Constants.Rounds, expand: true);
        }
    }

    /// <summary>Works the second block of every 64-byte message, which is the same padding for all, into the state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CompressPadding(Span<TWords> state)
    {
        Span<TWords> zeros = stackalloc TWords[16 + 1];
        Rounds(state, ref MemoryMarshal.GetReference(zeros), Sha256Constants.PaddingRounds, expand: false);
    }

    /// <summary>The 64 rounds of a block. Methods of this size are kept few and apart: compiling them is felt at the start of the program.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Rounds(Span<TWords> state, ref TWords w, ReadOnlySpan<uint> constants, bool expand)
    {
        ref uint k = ref MemoryMarshal.GetReference(constants);
        TWords a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        for (int t = 0; t < 64; t += 16)
        {
            if (expand && t > 0)
                Expand(ref w);
            for (int i = 0; i < 16; i += 8)
                Eight(ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref Unsafe.Add(ref w, i), ref Unsafe.Add(ref k, t + i));
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    /// <summary>Eight rounds, after which every variable is back in its place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(
        ref TWords a, ref TWords b, ref TWords c, ref TWords d, ref TWords e, ref TWords f, ref TWords g, ref TWords h, ref TWords w, ref uint k)
    {
        TWords bc = b ^ c;
        Round(a, b, c, ref bc, ref d, e, f, g, ref h, ref w, ref k, 0);
        Round(h, a, b, ref bc, ref c, d, e, f, ref g, ref w, ref k, 1);
        Round(g, h, a, ref bc, ref b, c, d, e, ref f, ref w, ref k, 2);
        Round(f, g, h, ref bc, ref a, b, c, d, ref e, ref w, ref k, 3);
        Round(e, f, g, ref bc, ref h, a, b, c, ref d, ref w, ref k, 4);
        Round(d, e, f, ref bc, ref g, h, a, b, ref c, ref w, ref k, 5);
        Round(c, d, e, ref bc, ref f, g, h, a, ref b, ref w, ref k, 6);
        Round(b, c, d, ref bc, ref e, f, g, h, ref a, ref w, ref k, 7);
    }

    /// <summary>One round; <paramref name="bc"/> is b ^ c, and becomes that of the next round. It is of use only where there is no instruction for the majority.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        TWords a, TWords b, TWords c, ref TWords bc, ref TWords d, TWords e, TWords f, TWords g, ref TWords h, ref TWords w, ref uint k, int i)
    {
        TWords ab = a ^ b;
        TWords sum1 = TWords.Parity(TWords.RotateLeft(e, 26), TWords.RotateLeft(e, 21), TWords.RotateLeft(e, 7));
        TWords t1 = h + (Unsafe.Add(ref w, i) + TWords.Create(Unsafe.Add(ref k, i))) + TWords.Select(e, f, g) + sum1;
        TWords sum0 = TWords.Parity(TWords.RotateLeft(a, 30), TWords.RotateLeft(a, 19), TWords.RotateLeft(a, 10));
        d += t1;
        h = t1 + sum0 + (TWords.HasMajority ? TWords.Majority(a, b, c) : (ab & bc) ^ b);
        bc = ab;
    }

    /// <summary>Replaces 16 words of the schedule by the next 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Expand(ref TWords w)
    {
        Expand(ref w, 0);
        Expand(ref w, 1);
        Expand(ref w, 2);
        Expand(ref w, 3);
        Expand(ref w, 4);
        Expand(ref w, 5);
        Expand(ref w, 6);
        Expand(ref w, 7);
        Expand(ref w, 8);
        Expand(ref w, 9);
        Expand(ref w, 10);
        Expand(ref w, 11);
        Expand(ref w, 12);
        Expand(ref w, 13);
        Expand(ref w, 14);
        Expand(ref w, 15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Expand(ref TWords w, [ConstantExpected] int i)
    {
        TWords x = Unsafe.Add(ref w, (i + 1) & 15);
        TWords y = Unsafe.Add(ref w, (i + 14) & 15);
        TWords small0 = TWords.Parity(TWords.RotateLeft(x, 25), TWords.RotateLeft(x, 14), TWords.ShiftRight(x, 3));
        TWords small1 = TWords.Parity(TWords.RotateLeft(y, 15), TWords.RotateLeft(y, 13), TWords.ShiftRight(y, 10));
        Unsafe.Add(ref w, i) = Unsafe.Add(ref w, i) + Unsafe.Add(ref w, (i + 9) & 15) + (small0 + small1);
    }
}
