using Compeer.Protocols.Chord;

namespace Compeer.Simulator.Worlds.Chord;

/// <summary>How long the way to an owner is in rings of all sizes.</summary>
public sealed class ChordPathsWorld : World
{
    private const int SmallestLog = 7, LargestLog = 17;
    private const int Lookups = 10_000;
    private const int Successors = 16;

    public override string Name => "chord-paths";

    public override string Summary => "Chord at rest: hops to a key's owner in rings of 2^7 nodes up to --nodes, against 1/2 log2 N; 16 successors.";

    public override int DefaultNodes => 1 << LargestLog;

    public override WorldPlot Plot => new("N", "hops to the owner", "hops", "1/2 log2 N", "hops p95") { LogarithmicX = true };

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. Enumerable.Range(0, LargestLog - SmallestLog + 1).Select(i => (Func<WorldOptions, CancellationToken, CaseReport>)((options, token) => Measure(options, LargestLog - i, token)))];

    private static CaseReport Measure(WorldOptions options, int log, CancellationToken cancellationToken)
    {
        // Whoever wants few nodes gets one small ring.
        if (log == SmallestLog)
            log = Math.Min(log, (int)Math.Log2(options.Nodes));
        int nodes = 1 << log;
        // Upkeep would only repeat what is right already.
        var atRest = new ChordOptions { Successors = Successors, StabiliseEvery = TimeSpan.FromDays(100), FixFingerEvery = TimeSpan.FromDays(100) };
        var ring = new ChordRing(options.Seed.Derive(log), nodes <= options.Nodes ? nodes : 0, atRest, options.TraceLines);
        string name = $"N = 2^{log}";
        if (nodes > options.Nodes)
            return CaseReport.Of(name, ring.Simulation, []);
        ring.StartSettled(nodes);
        cancellationToken.ThrowIfCancellationRequested();
        var ended = ring.LookUp(Lookups, 1000, TimeSpan.FromMinutes(1));
        double published = log / 2.0;
        double mean = ended.Average(e => e.Lookup.Hops);
        WorldRow row = new WorldRow(name).With("N", nodes)
            .Spread("hops", ended.Select(e => (double)e.Lookup.Hops))
            .With("1/2 log2 N", published, "0.00")
            .With("difference %", Figures.Percent(mean - published, published), "0.0")
            .With("wrong or failed", ended.Count(e => !e.IsRight) + Lookups - ended.Count);
        return CaseReport.Of(name, ring.Simulation, [row]);
    }
}
