using Compeer.Protocols.Pastry;

namespace Compeer.Simulator.Worlds.Pastry;

/// <summary>A tenth of the nodes dies at once: messages before anybody repaired anything, and after.</summary>
public sealed class PastryFailuresWorld : World
{
    private const int Messages = 20_000;

    private static readonly TimeSpan Upkeep = TimeSpan.FromMinutes(10);

    /// <summary>Nothing is repaired at all.</summary>
    private static readonly PastryOptions Idle = new() { MaintainEvery = TimeSpan.FromDays(1), RepairsAtOnce = false };

    public override string Name => "pastry-failures";

    public override string Summary => "Pastry: 10 % of the nodes die at once; hops, lost and misled messages before and after repair (published: 2.73, 2.96, 2.74).";

    public override int DefaultNodes => 5000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "mean hops", "published hops");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [Unrepaired, Repaired];

    private static CaseReport Unrepaired(WorldOptions options, CancellationToken cancellationToken)
    {
        var population = new PastryPopulation(options.Seed.Derive("failures"), options.Nodes, Idle, isProximityAware: true, options.TraceLines);
        population.JoinAll(cancellationToken);
        population.RouteMany(Messages);
        var rows = new List<WorldRow> { PastryHopsWorld.Summed("no failures", population, Messages).With("published hops", 2.73, "0.00") };
        population.Kill(0.1);
        population.RouteMany(Messages);
        rows.Add(PastryHopsWorld.Summed("10 % dead, no repair", population, Messages).With("published hops", 2.96, "0.00"));
        return CaseReport.Of("no repair", population.Simulation, rows);
    }

    /// <summary>The same network with the upkeep that nodes have by default, for a while after the deaths.</summary>
    private static CaseReport Repaired(WorldOptions options, CancellationToken cancellationToken)
    {
        var population = new PastryPopulation(options.Seed.Derive("failures"), options.Nodes, new PastryOptions(), isProximityAware: true, options.TraceLines);
        population.JoinAll(cancellationToken);
        population.Kill(0.1);
        population.Simulation.RunFor(Upkeep);
        population.RouteMany(Messages);
        WorldRow row = PastryHopsWorld.Summed($"10 % dead, {Upkeep.TotalMinutes:0} minutes later", population, Messages).With("published hops", 2.74, "0.00");
        return CaseReport.Of("repair", population.Simulation, [row]);
    }
}
