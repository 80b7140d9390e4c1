namespace Compeer.Protocols.Kademlia;

/// <summary>
/// Notices when somebody has placed nodes around a key to hide what is stored there: near the key there are then many more
/// nodes than the size of the network explains. What is stored or looked for at such a key goes to the honest nodes around
/// the crowd too, which <see cref="Probes"/> finds.
/// </summary>
/// <remarks>Spec: Sridhar et al., "Content censorship in the InterPlanetary File System" (NDSS 2024), sections V and VI: detection by density, region-based queries.</remarks>
public static class RegionDensity
{
    /// <summary>So many times more nodes than expected are a crowd; by chance 20 nodes come so near once in 50,000.</summary>
    private const double CrowdFactor = 3;

    /// <summary>How many nodes there are in all, from the nearest ones to any key: the i-th of N is about i/N of the key space away.</summary>
    /// <param name="target">The key.</param>
    /// <param name="nearest">The nearest nodes to it, nearest first.</param>
    /// <returns>The estimate; 0 of nothing. Take the median of several keys, for one may be attacked.</returns>
    public static double EstimateSize<TKey>(TKey target, ReadOnlySpan<TKey> nearest)
        where TKey : struct, IKademliaKey<TKey>
    {
        double squares = 0, products = 0;
        for (int i = 0; i < nearest.Length; i++)
        {
            squares += (i + 1.0) * (i + 1.0);
            products += (i + 1.0) * Distance(target, nearest[i]);
        }
        return products > 0 ? squares / products : 0;
    }

    /// <summary>Whether more nodes are near a key than a network of this size explains.</summary>
    /// <param name="target">The key.</param>
    /// <param name="nearest">The nearest nodes to it, nearest first; fewer than 8 prove nothing.</param>
    /// <param name="size">Nodes in the network.</param>
    public static bool IsCrowded<TKey>(TKey target, ReadOnlySpan<TKey> nearest, double size)
        where TKey : struct, IKademliaKey<TKey> =>
        nearest.Length >= 8 && Distance(target, nearest[^1]) * size * CrowdFactor < nearest.Length;

    /// <summary>Keys around a target whose lookups together find the honest nodes of its region, past a crowd at the target itself.</summary>
    /// <param name="target">The key.</param>
    /// <param name="size">Nodes in the network.</param>
    /// <param name="closest">Nodes that a lookup finds (k).</param>
    /// <param name="random">Draws the rest of each key.</param>
    public static TKey[] Probes<TKey>(TKey target, double size, int closest, Random random)
        where TKey : struct, IKademliaKey<TKey>
    {
        int prefix = RegionPrefix(size, closest);
        // The half of the region that lies beside the target, the quarter, and the neighbouring region as large as this one.
        return [target.RandomInBucket(prefix, random), target.RandomInBucket(prefix + 1, random), target.RandomInBucket(Math.Max(0, prefix - 1), random)];
    }

    /// <summary>Leading bits that the nodes of a key's region share with it: about twice as many nodes as a lookup finds.</summary>
    public static int RegionPrefix(double size, int closest) => Math.Max(0, (int)Math.Floor(Math.Log2(Math.Max(1, size / closest))) - 1);

    private static double Distance<TKey>(TKey a, TKey b)
        where TKey : struct, IKademliaKey<TKey> => (a.LeadingBits ^ b.LeadingBits) / Math.Pow(2, 64);
}
