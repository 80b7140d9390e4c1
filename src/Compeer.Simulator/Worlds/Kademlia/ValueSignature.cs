using Compeer.Formats.Hashing;
using Compeer.Protocols.Kademlia;

namespace Compeer.Simulator.Worlds.Kademlia;

/// <summary>Stands for the signature of the value at a key: whoever has no part in a world's honest half cannot make it, everybody can check it.</summary>
internal static class ValueSignature
{
    private const ulong Secret = 0x5DEECE66D1CE4E5B;

    /// <summary>The one that is right; never 0.</summary>
    public static ulong Of(in Key160 key) => SplitMix64.Mix(Secret ^ key.LeadingBits) | 1;
}
