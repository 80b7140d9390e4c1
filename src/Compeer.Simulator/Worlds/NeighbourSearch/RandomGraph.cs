using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.NeighbourSearch;

/// <summary>Draws who is whose neighbour.</summary>
internal static class RandomGraph
{
    /// <summary>Every edge between two random nodes; so many edges that the mean degree is the one asked for.</summary>
    public static HashSet<(int A, int B)> Uniform(SeededRandom random, int nodes, double degree)
    {
        var edges = new HashSet<(int A, int B)>();
        while (edges.Count < nodes * degree / 2)
            Add(edges, random.Next(nodes), random.Next(nodes));
        return edges;
    }

    /// <summary>Degrees by a power law, as measured in Gnutella: few nodes have many neighbours.</summary>
    /// <param name="random">Draws it.</param>
    /// <param name="nodes">How many.</param>
    /// <param name="exponent">A degree of k has probability proportional to k^-exponent.</param>
    public static HashSet<(int A, int B)> PowerLaw(SeededRandom random, int nodes, double exponent)
    {
        var stubs = new List<int>();
        double most = Math.Sqrt(nodes);
        for (int node = 0; node < nodes; node++)
        {
            double degree = Math.Min(most, Math.Pow(1 - random.NextDouble(), -1 / (exponent - 1)));
            for (int i = 0; i < (int)degree; i++)
                stubs.Add(node);
        }
        int[] shuffled = [.. stubs];
        random.Shuffle(shuffled);
        var edges = new HashSet<(int A, int B)>();
        for (int i = 0; i + 1 < shuffled.Length; i += 2)
            Add(edges, shuffled[i], shuffled[i + 1]);
        return edges;
    }

    /// <summary>The largest part that hangs together of those that remain, as a share of them.</summary>
    public static double LargestShare(IEnumerable<(int A, int B)> edges, int nodes, IReadOnlySet<int> removed)
    {
        var components = new Components(nodes);
        foreach ((int a, int b) in edges)
        {
            if (!removed.Contains(a) && !removed.Contains(b))
                components.Join(a, b);
        }
        return components.LargestShare([.. Enumerable.Range(0, nodes).Where(n => !removed.Contains(n))]);
    }

    private static void Add(HashSet<(int A, int B)> edges, int a, int b)
    {
        if (a != b)
            edges.Add((Math.Min(a, b), Math.Max(a, b)));
    }
}
