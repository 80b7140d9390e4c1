namespace Compeer.Simulator.Worlds.Gossip;

/// <summary>What of the network hangs together when most nodes die at once, and after each survivor has repaired its view.</summary>
public sealed class HyParViewFailuresWorld : World
{
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(5);

    public override string Name => "hyparview-failures";

    public override string Summary => "HyParView (views of 5 and 30): 50 to 95 % of the nodes die at once; the largest part that hangs together, before and after repair.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new("dead %", "largest part of the survivors, %", "before repair %", "after 10 s %", "after 60 s %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. ((double[])[0.5, 0.8, 0.9, 0.95]).Select(dead => (Func<WorldOptions, CancellationToken, CaseReport>)((options, token) => Measure(options, dead, token)))];

    private static CaseReport Measure(WorldOptions options, double dead, CancellationToken cancellationToken)
    {
        string name = $"{100 * dead:0} % dead";
        var members = new Members(options.Seed.Derive("failures"), options.TraceLines);
        members.Settle(options.Nodes, Settling, cancellationToken);
        List<int> survivors = members.Kill(dead);
        WorldRow row = new WorldRow(name).With("dead %", 100 * dead)
            .With("before repair %", 100 * members.LargestPart(survivors), "0.0").With("neighbours before", members.MeanNeighbours(survivors), "0.0")
            .With("known at all %", 100 * members.LargestPart(survivors, orInReserve: true), "0.0");
        members.Simulation.RunFor(TimeSpan.FromSeconds(10));
        row.With("after 10 s %", 100 * members.LargestPart(survivors), "0.0");
        members.Simulation.RunFor(TimeSpan.FromSeconds(50));
        row.With("after 60 s %", 100 * members.LargestPart(survivors), "0.0").With("neighbours after", members.MeanNeighbours(survivors), "0.0");
        return CaseReport.Of(name, members.Simulation, [row]);
    }
}
