using Compeer.Protocols.NeighbourSearch;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.NeighbourSearch;

/// <summary>What a search costs where nobody knows who has what.</summary>
public sealed class FloodingCostWorld : World
{
    private const int Searches = 200;
    private const int LastRing = 9;
    private const int Walkers = 32, Steps = 1024;
    private static readonly double[] Replications = [0.01, 0.001, 0.0005];

    // Only the newest question matters here, and 10,000 nodes remember theirs.
    private static readonly SearchOptions Flat = new() { UsesTables = false, MaxTimeToLive = LastRing, MaxRemembered = 64 };

    public override string Name => "flooding-cost";

    public override string Summary => "Searches among neighbours: flooding, expanding ring, 32 walkers and query routing tables at 1, 0.1 and 0.05 % replicas.";

    public override int DefaultNodes => 9230;

    public override WorldPlot Plot => new("replicas %", "messages a search", "flood", "ring", "walkers") { LogarithmicX = true, LogarithmicY = true };

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. Replications.Select(r => (Func<WorldOptions, CancellationToken, CaseReport>)((options, token) => Flatly(options, r, token))), Leaves, Attacked];

    private static CaseReport Flatly(WorldOptions options, double replication, CancellationToken cancellationToken)
    {
        Seed seed = options.Seed.Derive("flat").Derive((int)(replication * 1e6));
        var population = new SearchPopulation(seed, options.Nodes, RandomGraph.Uniform(seed.Stream("graph"), options.Nodes, 4), _ => Flat, options.TraceLines);
        SeededRandom random = population.Random;
        int copies = Math.Max(1, (int)(options.Nodes * replication));
        for (int item = 0; item < Searches; item++)
        {
            for (int copy = 0; copy < copies; copy++)
                population.Simulation[random.Next(options.Nodes)]!.Share((ulong)item);
        }
        string at = $"{100 * replication:0.##} % replicas, ";
        WorldRow Row(string kind, Action<SearchNode<int>, ulong> begin, Func<SearchMessageKind, bool> isCounted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WorldRow row = population.Run(at + kind, Searches, i =>
            {
                // Who is alone, or in a pair, has nobody to ask.
                int node;
                do
                    node = random.Next(options.Nodes);
                while (population.Simulation[node]!.NeighbourCount < 2);
                begin(population.Simulation[node]!, (ulong)i);
                return node;
            }, isCounted);
            return row.With("replicas %", 100 * replication, "0.##").With(kind, row["messages"], "0");
        }
        Protocols.Instant Now() => population.Simulation.Now;
        return CaseReport.Of(at, population.Simulation,
        [
            Row("flood", (node, item) => node.Flood(item, 7, Now()), k => k == SearchMessageKind.Flood),
            Row("ring", (node, item) => node.ExpandRing(item, 1, LastRing, Now()), k => k == SearchMessageKind.Flood),
            Row("walkers", (node, item) => node.Walk(item, Walkers, Steps, population.Simulation.Now), k => k is SearchMessageKind.Walk or SearchMessageKind.MayGoOn or SearchMessageKind.GoOn),
        ]);
    }

    /// <summary>A tenth of the nodes pass questions on; the others are their leaves. Once without the leaves' tables, once with them.</summary>
    private static CaseReport Leaves(WorldOptions options, CancellationToken cancellationToken)
    {
        const int hubShare = 10, itemsEach = 20, tableBits = 1024, timeToLive = 4;
        Seed seed = options.Seed.Derive("leaves");
        int hubs = options.Nodes / hubShare;
        SeededRandom draw = seed.Stream("graph");
        HashSet<(int A, int B)> edges = RandomGraph.Uniform(draw, hubs, 8);
        for (int leaf = hubs; leaf < options.Nodes; leaf++)
        {
            for (int i = 0; i < 3; i++)
                edges.Add((draw.Next(hubs), leaf));
        }
        var population = new SearchPopulation(seed, options.Nodes, edges, node => new SearchOptions { IsLeaf = node >= hubs, MaxNeighbours = 1024, MaxRemembered = 64 }, options.TraceLines);
        SeededRandom random = population.Random;
        int items = options.Nodes * itemsEach / 10;
        for (int leaf = hubs; leaf < options.Nodes; leaf++)
        {
            for (int i = 0; i < itemsEach; i++)
                population.Simulation[leaf]!.Share((ulong)random.Next(items));
        }
        long received = 0;
        var rows = new List<WorldRow>();
        foreach (bool withTables in (bool[])[false, true])
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (int leaf = hubs; withTables && leaf < options.Nodes; leaf++)
            {
                population.Simulation[leaf]!.TellTable(tableBits);
                population.Simulation.Pump(leaf);
            }
            population.Simulation.RunFor(TimeSpan.FromMinutes(1));
            received = 0;
            population.Simulation.OnDelivery = (to, message) => received += to >= hubs && message.Kind == SearchMessageKind.Flood ? 1 : 0;
            WorldRow row = population.Run(withTables ? "leaves with tables" : "leaves without tables", Searches, _ =>
            {
                int node = random.Next(hubs);
                population.Simulation[node]!.Flood((ulong)random.Next(items), timeToLive, population.Simulation.Now);
                return node;
            }, k => k == SearchMessageKind.Flood);
            rows.Add(row.With("to leaves", received / (double)Searches, "0.0"));
        }
        return CaseReport.Of("leaves", population.Simulation, rows);
    }

    /// <summary>Who goes matters more than how many: a network with few well-connected nodes, some of them gone.</summary>
    private static CaseReport Attacked(WorldOptions options, CancellationToken cancellationToken)
    {
        SeededRandom random = options.Seed.Stream("attack");
        HashSet<(int A, int B)> edges = RandomGraph.PowerLaw(random, options.Nodes, 2.3);
        int[] degree = new int[options.Nodes];
        foreach ((int a, int b) in edges)
        {
            degree[a]++;
            degree[b]++;
        }
        // Who has no link at all never was in the network.
        int[] linked = [.. Enumerable.Range(0, options.Nodes).Where(n => degree[n] > 0)];
        int[] shuffled = [.. linked];
        random.Shuffle(shuffled);
        int[] best = [.. linked.OrderByDescending(n => degree[n])];
        IEnumerable<int> alone = Enumerable.Range(0, options.Nodes).Where(n => degree[n] == 0);
        WorldRow Row(string name, IEnumerable<int> removed) => new WorldRow(name)
            .With("largest part %", 100 * RandomGraph.LargestShare(edges, options.Nodes, removed.Concat(alone).ToHashSet()), "0.0");
        WorldRow[] rows =
        [
            Row("power law, all there", []),
            Row("30 % gone by chance", shuffled.Take(linked.Length * 30 / 100)),
            Row("60 % gone by chance", shuffled.Take(linked.Length * 60 / 100)),
            Row("the 4 % best connected gone", best.Take(linked.Length * 4 / 100)),
        ];
        var trace = new Trace();
        foreach (WorldRow row in rows)
            trace.Mark(BitConverter.DoubleToUInt64Bits(row.Cells[0].Value));
        return new CaseReport("attacked", rows, trace, 0, TimeSpan.Zero);
    }
}
