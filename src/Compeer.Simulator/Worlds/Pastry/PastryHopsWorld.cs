using Compeer.Protocols.Pastry;

namespace Compeer.Simulator.Worlds.Pastry;

/// <summary>How many steps messages make to the node nearest to their key.</summary>
public sealed class PastryHopsWorld : World
{
    /// <summary>Rowstron and Druschel (2001), figure 5: share of messages with 1 to 5 hops among 100,000 nodes.</summary>
    private static readonly double[] Published = [0.06, 1.56, 16.43, 64.49, 17.45];

    /// <summary>Nodes join without faults, so upkeep would only ask for what is known.</summary>
    private static readonly PastryOptions Options = new() { MaintainEvery = TimeSpan.FromHours(1) };

    public override string Name => "pastry-hops";

    public override string Summary => "Pastry (b = 4, 16 leaves): nodes join one after the other; share of messages with 1 to 5 hops, and their way against the direct one.";

    public override int DefaultNodes => 100_000;

    public override WorldPlot Plot => new("hops", "share of messages, %", "share %", "published %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [(o, t) => Measure(o, o.Nodes, t), (o, t) => Measure(o, o.Nodes / 10, t), (o, t) => Measure(o, o.Nodes / 100, t)];

    private static CaseReport Measure(WorldOptions options, int nodes, CancellationToken cancellationToken)
    {
        string name = $"N = {Math.Max(16, nodes)}";
        var population = new PastryPopulation(options.Seed.Derive(nodes), Math.Max(16, nodes), Options, isProximityAware: true, options.TraceLines);
        population.JoinAll(cancellationToken);
        population.RouteMany(Math.Min(100_000, 10 * nodes));
        var rows = new List<WorldRow> { Summed(name, population, Math.Min(100_000, 10 * nodes)).With("log16 N", Math.Log(nodes, 16), "0.00") };
        for (int hops = 1; hops <= Published.Length && nodes == options.Nodes; hops++)
        {
            double share = Figures.Percent(population.Arrived.Count(a => a.Hops == hops), population.Arrived.Count);
            WorldRow row = new WorldRow($"{name}, {hops} hops").With("hops", hops).With("share %", share, "0.00");
            rows.Add(nodes == 100_000 ? row.With("published %", Published[hops - 1], "0.00") : row);
        }
        return CaseReport.Of(name, population.Simulation, rows);
    }

    internal static WorldRow Summed(string name, PastryPopulation population, int sent) => new WorldRow(name)
        .Spread("mean hops", population.Arrived.Select(a => (double)a.Hops))
        .Spread("stretch", population.Arrived.Select(a => a.Stretch))
        .With("lost", sent - population.Arrived.Count)
        .With("wrong node", population.Arrived.Count(a => !a.IsRight));
}
