using Compeer.Protocols.NeighbourSearch;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.NeighbourSearch;

/// <summary>Walkers among nodes that remember what others found, where few things are asked for often and many seldom.</summary>
public sealed class SearchPointersWorld : World
{
    private const int Items = 100, Searches = 500, Copies = 4, Walkers = 32, Steps = 1024, PointersKept = 8;

    public override string Name => "search-pointers";

    public override string Summary => "Walkers for 100 items asked for by Zipf's law: without pointers, with those that searches leave, and with as many for each item alike.";

    public override int DefaultNodes => 2000;

    public override WorldPlot Plot => new("rank", "pointers", "pointers", "by the root of the rate");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [Measure];

    private static CaseReport Measure(WorldOptions options, CancellationToken cancellationToken)
    {
        var rows = new List<WorldRow>();
        SearchPopulation plain = Population(options, 0);
        rows.Add(Run(plain, "no pointers", Searches, cancellationToken));

        SearchPopulation left = Population(options, 0.02);
        Run(left, "warming up", 40 * Searches, cancellationToken);
        WorldRow row = Run(left, "pointers left by searches", Searches, cancellationToken);
        int[] pointers = [.. Enumerable.Range(0, Items).Select(item => Enumerable.Range(0, options.Nodes).Count(n => left.Simulation[n]!.HasPointer((ulong)item)))];
        rows.Add(row.With("pointers in all", pointers.Sum()).With("slope", Slope(pointers), "0.00"));

        SearchPopulation alike = Population(options, 0);
        for (int i = 0; i < pointers.Sum(); i++)
            alike.Simulation[alike.Random.Next(options.Nodes)]!.Remember((ulong)(i % Items), 0);
        rows.Add(Run(alike, "as many, the same for each", Searches, cancellationToken));
        double root = pointers.Sum() / Enumerable.Range(1, Items).Sum(rank => Math.Sqrt(1.0 / rank));
        foreach (int rank in (int[])[1, 2, 5, 10, 20, 50, 100])
            rows.Add(new WorldRow($"item {rank}").With("rank", rank).With("pointers", pointers[rank - 1]).With("by the root of the rate", root * Math.Sqrt(1.0 / rank), "0.0"));
        return CaseReport.Of("pointers", left.Simulation, rows);
    }

    private static SearchPopulation Population(WorldOptions options, double pointersPerStep)
    {
        Seed seed = options.Seed.Derive("pointers");
        var node = new SearchOptions { UsesTables = false, MaxRemembered = 64, PointersPerStep = pointersPerStep, MaxPointers = PointersKept };
        var population = new SearchPopulation(seed, options.Nodes, RandomGraph.Uniform(seed.Stream("graph"), options.Nodes, 6), _ => node, options.TraceLines);
        for (int i = 0; i < Items * Copies; i++)
            population.Simulation[population.Random.Next(options.Nodes)]!.Share((ulong)(i % Items));
        return population;
    }

    private static WorldRow Run(SearchPopulation population, string name, int searches, CancellationToken cancellationToken)
    {
        double all = Enumerable.Range(1, Items).Sum(rank => 1.0 / rank);
        return population.Run(name, searches, _ =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            double draw = population.Random.NextDouble() * all;
            int item = 0;
            while ((draw -= 1.0 / (item + 1)) > 0 && item < Items - 1)
                item++;
            int node;
            do
                node = population.Random.Next(population.Simulation.Count);
            while (population.Simulation[node]!.NeighbourCount < 2);
            population.Simulation[node]!.Walk((ulong)item, Walkers, Steps, population.Simulation.Now);
            return node;
        }, k => k is SearchMessageKind.Walk or SearchMessageKind.MayGoOn or SearchMessageKind.GoOn);
    }

    /// <summary>How the logarithm of the pointers grows with that of the rate: 1/2 for the root.</summary>
    private static double Slope(int[] pointers)
    {
        (double X, double Y)[] points = [.. pointers.Select((p, i) => (-Math.Log(i + 1), Math.Log(p + 1)))];
        double x = points.Average(p => p.X), y = points.Average(p => p.Y);
        return points.Sum(p => (p.X - x) * (p.Y - y)) / points.Sum(p => (p.X - x) * (p.X - x));
    }
}
