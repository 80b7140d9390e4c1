using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Compeer.Formats.Hashing;

/// <summary>SHA-1's compression of one block of each lane.</summary>
/// <remarks>Spec: FIPS 180-4, sections 5.3.1 and 6.1.2.</remarks>
internal readonly struct Sha1Rounds<TWords> : IRounds<TWords>
    where TWords : unmanaged, IWords<TWords>
{
    public static ReadOnlySpan<uint> Initial => [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(Span<TWords> state, ref LaneSources sources, int blocks)
    {
        Span<TWords> schedule = stackalloc TWords[80 + 1 + 1]; // word 80 is computed with its four neighbours and never used
        Span<TWords> working = stackalloc TWords[5];
        ref TWords w = ref Aligned.First(schedule);
        for (int block = 0; block < blocks; block++)
        {
            TWords.Load(ref sources, block * MessageBlocks.BlockBytes, ref w);
            state.CopyTo(working);
            Twenty<Choice>(working, ref w, 0x5a827999, expansions: 4);
            Twenty<Parity>(working, ref Unsafe.Add(ref w, 20), 0x6ed9eba1, expansions: 4);
            Twenty<Majority>(working, ref Unsafe.Add(ref w, 40), 0x8f1bbcdc, expansions: 4);
            Twenty<Parity>(working, ref Unsafe.Add(ref w, 60), 0xca62c1d6, expansions: 1);
            for (int i = 0; i < working.Length; i++)
                state[i] += working[i];
        }
    }

    /// <summary>
    /// Twenty rounds, a method of its own because the JIT inlines only so much into one. Words for later rounds are made
    /// between the rounds, which wait for each other and leave the processor room.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Twenty<TFunction>(Span<TWords> working, ref TWords w, uint constant, int expansions)
        where TFunction : IFunction
    {
        TWords k = TWords.Create(constant);
        TWords a = working[0], b = working[1], c = working[2], d = working[3], e = working[4];
        for (int i = 0; i < 4; i++)
        {
            Five<TFunction>(ref a, ref b, ref c, ref d, ref e, ref w, k);
            if (i < expansions)
                Expand(ref w);
            w = ref Unsafe.Add(ref w, 5);
        }
        working[0] = a;
        working[1] = b;
        working[2] = c;
        working[3] = d;
        working[4] = e;
    }

    /// <summary>Five rounds, after which every variable is back in its place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Five<TFunction>(ref TWords a, ref TWords b, ref TWords c, ref TWords d, ref TWords e, ref TWords w, TWords k)
        where TFunction : IFunction
    {
        e = Round<TFunction>(a, ref b, c, d, e, w, k);
        d = Round<TFunction>(e, ref a, b, c, d, Unsafe.Add(ref w, 1), k);
        c = Round<TFunction>(d, ref e, a, b, c, Unsafe.Add(ref w, 2), k);
        b = Round<TFunction>(c, ref d, e, a, b, Unsafe.Add(ref w, 3), k);
        a = Round<TFunction>(b, ref c, d, e, a, Unsafe.Add(ref w, 4), k);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TWords Round<TFunction>(TWords a, ref TWords b, TWords c, TWords d, TWords e, TWords w, TWords k)
        where TFunction : IFunction
    {
        TWords sum = (e + (w + k)) + TFunction.Of(b, c, d) + TWords.RotateLeft(a, 5);
        b = TWords.RotateLeft(b, 30);
        return sum;
    }

    /// <summary>The words of the schedule 16 to 20 places behind <paramref name="w"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Expand(ref TWords w)
    {
        Expand(ref w, 16);
        Expand(ref w, 17);
        Expand(ref w, 18);
        Expand(ref w, 19);
        Expand(ref w, 20);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Expand(ref TWords w, [ConstantExpected] int i)
    {
        TWords mixed = TWords.Parity(Unsafe.Add(ref w, i - 3), Unsafe.Add(ref w, i - 8), Unsafe.Add(ref w, i - 14)) ^ Unsafe.Add(ref w, i - 16);
        Unsafe.Add(ref w, i) = TWords.RotateLeft(mixed, 1);
    }

    private interface IFunction
    {
        static abstract TWords Of(TWords b, TWords c, TWords d);
    }

    private readonly struct Choice : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TWords Of(TWords b, TWords c, TWords d) => TWords.Select(b, c, d);
    }

    private readonly struct Parity : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TWords Of(TWords b, TWords c, TWords d) => TWords.Parity(b, c, d);
    }

    private readonly struct Majority : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TWords Of(TWords b, TWords c, TWords d) => TWords.Majority(b, c, d);
    }
}
