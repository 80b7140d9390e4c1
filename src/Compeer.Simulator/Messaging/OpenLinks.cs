using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Messaging;

/// <summary>Which nodes have a connection, and which could open one. Pairs of open nodes are not remembered.</summary>
internal sealed class OpenLinks(Func<int, NatClass> natOf, double punches, Seed seed)
{
    private readonly Dictionary<int, HashSet<int>> _links = [];

    /// <summary>Whether a message gets through: to an open node, over a connection that there is, or through a hole.</summary>
    public bool Reaches(int from, int to)
    {
        NatClass receiver = natOf(to);
        if (receiver == NatClass.Open || (_links.TryGetValue(from, out HashSet<int>? known) && known.Contains(to)))
            return true;
        return receiver == NatClass.PortKeeping && natOf(from) == NatClass.PortKeeping
            && seed.Derive(Math.Min(from, to)).Derive(Math.Max(from, to)).Fraction < punches;
    }

    /// <summary>A message has arrived, so there is a connection.</summary>
    public void Note(int from, int to)
    {
        if (natOf(from) == NatClass.Open && natOf(to) == NatClass.Open)
            return;
        Of(from).Add(to);
        Of(to).Add(from);
    }

    /// <summary>A node is gone, and its connections with it.</summary>
    public void Forget(int node)
    {
        if (!_links.Remove(node, out HashSet<int>? peers))
            return;
        foreach (int peer in peers)
            _links[peer].Remove(node);
    }

    private HashSet<int> Of(int node)
    {
        if (!_links.TryGetValue(node, out HashSet<int>? peers))
            _links[node] = peers = [];
        return peers;
    }
}
