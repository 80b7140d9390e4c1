using Compeer.Protocols;
using Compeer.Protocols.NeighbourSearch;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.NeighbourSearch;

/// <summary>Nodes that search among their neighbours, one search after the other.</summary>
internal sealed class SearchPopulation
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public SearchPopulation(Seed seed, int nodes, IEnumerable<(int A, int B)> edges, Func<int, SearchOptions> options, int traceLines, MessageNetworkOptions? network = null)
    {
        Random = seed.Stream("search");
        Simulation = new MessageSimulation<SearchNode<int>, SearchMessage<int>>(seed, network, traceLines) { AfterStep = TakeHits };
        SearchOptions[] all = [.. Enumerable.Range(0, nodes).Select(options)];
        for (int node = 0; node < nodes; node++)
            Simulation.Start(node, new SearchNode<int>(node, all[node], Random));
        foreach ((int a, int b) in edges)
        {
            Simulation[a]!.AddNeighbour(b, Simulation.Now, all[b].IsLeaf);
            Simulation[b]!.AddNeighbour(a, Simulation.Now, all[a].IsLeaf);
        }
    }

    private Instant _firstHitAt;

    public SeededRandom Random { get; }

    public MessageSimulation<SearchNode<int>, SearchMessage<int>> Simulation { get; }

    /// <summary>Hits of the search under way.</summary>
    public List<SearchHit<int>> Hits { get; } = [];

    /// <summary>Runs searches and sums them up.</summary>
    /// <param name="name">The row.</param>
    /// <param name="searches">How many.</param>
    /// <param name="begin">Begins the search of a number; gives the node that searches, and whether it may be counted.</param>
    /// <param name="isCounted">Whether a kind of message counts; questions do, hits do not.</param>
    public WorldRow Run(string name, int searches, Func<int, int> begin, Func<SearchMessageKind, bool> isCounted)
    {
        var messages = new List<double>();
        var hops = new List<double>();
        var seconds = new List<double>();
        int found = 0;
        long duplicatesBefore = Duplicates(), all = 0;
        for (int i = 0; i < searches; i++)
        {
            Hits.Clear();
            Instant begun = Simulation.Now;
            long before = Counted(isCounted);
            int node = begin(i);
            Simulation.Pump(node);
            Simulation.RunFor(Patience);
            messages.Add(Counted(isCounted) - before);
            all += Counted(isCounted) - before;
            found += Hits.Count > 0 ? 1 : 0;
            if (Hits.Count > 0)
            {
                hops.Add(Hits.Min(h => h.Hops));
                seconds.Add((_firstHitAt - begun).TotalSeconds);
            }
        }
        return new WorldRow(name).With("searches", searches)
            .With("success %", Figures.Percent(found, searches), "0.0")
            .Spread("messages", messages, "0")
            .With("duplicates %", Figures.Percent(Duplicates() - duplicatesBefore, all), "0.0")
            .With("hops to nearest", Figures.Mean(hops), "0.0")
            .Spread("seconds", seconds);
    }

    private long Counted(Func<SearchMessageKind, bool> isCounted)
    {
        long sum = 0;
        foreach (SearchMessageKind kind in Enum.GetValues<SearchMessageKind>())
            sum += isCounted(kind) ? Simulation.Sent[(int)kind] : 0;
        return sum;
    }

    private long Duplicates() => Enumerable.Range(0, Simulation.Count).Sum(n => Simulation[n]!.Duplicates);

    private void TakeHits(int node, SearchNode<int> machine)
    {
        while (machine.TryTakeHit(out SearchHit<int> hit))
        {
            if (Hits.Count == 0)
                _firstHitAt = Simulation.Now;
            Hits.Add(hit);
        }
    }
}
