namespace Compeer.Protocols.Kademlia;

/// <summary>A point in the key space of a Kademlia overlay; nearness is the XOR of two keys, read as a big-endian number.</summary>
/// <remarks>Spec: Maymounkov and Mazières, "Kademlia" (2002), section 2.1.</remarks>
public interface IKademliaKey<TSelf> : IEquatable<TSelf>
    where TSelf : struct, IKademliaKey<TSelf>
{
    /// <summary>Length of every key in bits.</summary>
    static abstract int BitLength { get; }

    /// <summary>The first 64 bits, most significant first: most keys differ in them.</summary>
    ulong LeadingBits { get; }

    /// <summary>Leading bits that both keys share; <see cref="BitLength"/> when they are equal.</summary>
    int CommonPrefixLength(TSelf other);

    /// <summary>Negative when <paramref name="a"/> is nearer to this key than <paramref name="b"/>, positive when it is farther, 0 when they are the same.</summary>
    int CompareDistance(TSelf a, TSelf b);

    /// <summary>A random key that shares exactly the first <paramref name="bits"/> bits with this one.</summary>
    TSelf RandomInBucket(int bits, Random random);
}
