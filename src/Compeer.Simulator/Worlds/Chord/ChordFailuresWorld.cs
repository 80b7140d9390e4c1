using Compeer.Protocols.Chord;

namespace Compeer.Simulator.Worlds.Chord;

/// <summary>Lookups right after many nodes died at once, before anybody could repair anything; and the repair.</summary>
public sealed class ChordFailuresWorld : World
{
    private const int Lookups = 10_000;
    private const int MaxRounds = 30;

    /// <summary>Upkeep begins long after the lookups.</summary>
    private static readonly ChordOptions Options = new()
    {
        Successors = 20, StabiliseEvery = TimeSpan.FromMinutes(10), FixFingerEvery = TimeSpan.FromMinutes(10), AnswerTimeout = TimeSpan.FromSeconds(2),
    };

    public override string Name => "chord-failures";

    public override string Summary => "Chord with 20 successors: 0 to 50 % of the nodes die at once; hops, timeouts and failures of lookups before any repair.";

    public override int DefaultNodes => 1000;

    public override WorldPlot Plot => new("dead %", "a lookup", "to predecessor", "timeouts");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. Enumerable.Range(0, 6).Select(i => (Func<WorldOptions, CancellationToken, CaseReport>)((options, token) => Measure(options, i / 10.0, token)))];

    private static CaseReport Measure(WorldOptions options, double dead, CancellationToken cancellationToken)
    {
        var ring = new ChordRing(options.Seed.Derive("failures").Derive((int)(dead * 10)), options.Nodes, Options, options.TraceLines);
        ring.StartSettled(options.Nodes);
        ring.Kill(dead);
        var ended = ring.LookUp(Lookups, 40, TimeSpan.FromMinutes(4));
        double[] timeouts = [.. ended.Select(e => (double)e.Lookup.Timeouts)];
        WorldRow row = new WorldRow($"{100 * dead:0} % dead").With("dead %", 100 * dead)
            .Spread("to predecessor", ended.Select(e => (double)Math.Max(0, e.Lookup.Hops - 1)))
            .Spread("timeouts", timeouts)
            .With("failed", Lookups - ended.Count(e => e.Lookup.Owners.Count > 0))
            .With("wrong owner", ended.Count(e => e.Lookup.Owners.Count > 0 && !e.IsRight));
        cancellationToken.ThrowIfCancellationRequested();
        int rounds = 0;
        for (; rounds < MaxRounds && ring.Exactness() < 1; rounds++)
            ring.Simulation.RunFor(Options.StabiliseEvery);
        return CaseReport.Of($"{100 * dead:0} % dead", ring.Simulation, [row.With("rounds to repair", rounds).With("ring exact %", 100 * ring.Exactness(), "0.0")]);
    }
}
