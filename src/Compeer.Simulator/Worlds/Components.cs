namespace Compeer.Simulator.Worlds;

/// <summary>Which nodes of a graph hang together (union-find).</summary>
internal sealed class Components
{
    private readonly int[] _parent;

    public Components(int nodes) => _parent = [.. Enumerable.Range(0, nodes)];

    /// <summary>An edge between two nodes.</summary>
    public void Join(int a, int b) => _parent[Root(a)] = Root(b);

    /// <summary>The largest part of some nodes that hangs together, as a share of them; 0 of nothing.</summary>
    public double LargestShare(IReadOnlyCollection<int> nodes) =>
        nodes.Count == 0 ? 0 : nodes.GroupBy(Root).Max(g => g.Count()) / (double)nodes.Count;

    private int Root(int node)
    {
        while (_parent[node] != node)
            node = _parent[node] = _parent[_parent[node]];
        return node;
    }
}
