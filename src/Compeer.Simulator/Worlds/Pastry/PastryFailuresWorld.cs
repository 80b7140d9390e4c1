using Compeer.Protocols.Pastry;

namespace Compeer.Simulator.Worlds.Pastry;

/// <summary>A tenth of the nodes dies at once: messages before anybody repaired anything, and after.</summary>
public sealed class PastryFailuresWorld : World
{
    private const int Messages = 20_000;

    /// <summary>Nothing is repaired between the rounds of upkeep.</summary>
    private static readonly PastryOptions Options = new() { MaintainEvery = TimeSpan.FromHours(1), RepairsAtOnce = false };

    public override string Name => "pastry-failures";

    public override string Summary => "Pastry: 10 % of the nodes die at once; hops, lost and misled messages before and after repair (published: 2.73, 2.96, 2.74).";

    public override int DefaultNodes => 5000;

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [Measure];

    private static CaseReport Measure(WorldOptions options, CancellationToken cancellationToken)
    {
        var population = new PastryPopulation(options.Seed.Derive("failures"), options.Nodes, Options, isProximityAware: true, options.TraceLines);
        population.JoinAll(cancellationToken);
        population.RouteMany(Messages);
        var rows = new List<WorldRow> { PastryHopsWorld.Summed("no failures", population, Messages).With("published hops", 2.73, "0.00") };
        population.Kill(0.1);
        population.RouteMany(Messages);
        rows.Add(PastryHopsWorld.Summed("10 % dead, no repair", population, Messages).With("published hops", 2.96, "0.00"));
        cancellationToken.ThrowIfCancellationRequested();
        population.Simulation.RunFor(Options.MaintainEvery * 4);
        population.RouteMany(Messages);
        rows.Add(PastryHopsWorld.Summed("10 % dead, repaired", population, Messages).With("published hops", 2.74, "0.00"));
        return CaseReport.Of("failures", population.Simulation, rows);
    }
}
