using System.Runtime.CompilerServices;

namespace Compeer.Formats.Hashing;

/// <summary>Scatters numbers, the same on every machine; anybody can foresee it. Against opponents there is <see cref="SipHash"/>.</summary>
/// <remarks>Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), as in the reference code of SplitMix64.</remarks>
public static class SplitMix64
{
    /// <summary>What the generator adds at each step: 2^64 divided by the golden ratio.</summary>
    public const ulong Increment = 0x9E3779B97F4A7C15;

    /// <summary>A bijection in which each bit of the value changes about half of all bits; 0 stays 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
