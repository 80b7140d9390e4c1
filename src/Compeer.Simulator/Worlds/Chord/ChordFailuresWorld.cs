using Compeer.Protocols.Chord;

namespace Compeer.Simulator.Worlds.Chord;

/// <summary>Lookups right after many nodes died at once, before anybody could repair anything; and the repair.</summary>
public sealed class ChordFailuresWorld : World
{
    private const int Trials = 20;
    private const int MaxRounds = 30;

    /// <summary>Timeouts a lookup of an independent small simulation, 0 to 50 % dead.</summary>
    private static readonly double[] References = [0, 0.40, 1.02, 2.26, 3.40, 4.75];

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
        string name = $"{100 * dead:0} % dead";
        var ended = new List<(ChordEvent<int>.LookupEnded Lookup, bool IsRight)>();
        var trace = new Trace();
        long events = 0;
        int rounds = 0, exact = 0;
        for (int trial = 0; trial < Trials; trial++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // A new ring each time: who looks up often soon knows who is dead.
            var ring = new ChordRing(options.Seed.Derive(name).Derive(trial), options.Nodes, Options, options.TraceLines);
            ring.StartSettled(options.Nodes);
            ring.Kill(dead);
            ended.AddRange(ring.LookUp(options.Nodes / 2, 40, TimeSpan.FromMinutes(4)));
            int needed = 0;
            for (; needed < MaxRounds && ring.Exactness() < 1; needed++)
                ring.Simulation.RunFor(Options.StabiliseEvery);
            rounds = Math.Max(rounds, needed);
            exact += ring.Exactness() == 1 ? 1 : 0;
            trace.Mark(ring.Simulation.Trace.Digest);
            events += ring.Simulation.Events;
        }
        int lookups = Trials * (options.Nodes / 2);
        WorldRow row = new WorldRow(name).With("dead %", 100 * dead)
            .Spread("to predecessor", ended.Select(e => (double)Math.Max(0, e.Lookup.Hops - 1)))
            .Spread("timeouts", ended.Select(e => (double)e.Lookup.Timeouts)).With("reference timeouts", References[(int)(dead * 10)], "0.00")
            .With("failed", lookups - ended.Count(e => e.Lookup.Owners.Count > 0))
            .With("wrong owner", ended.Count(e => e.Lookup.Owners.Count > 0 && !e.IsRight))
            .With("rounds to repair", rounds).With("rings exact %", Figures.Percent(exact, Trials), "0.0");
        return new CaseReport(name, [row], trace, events, TimeSpan.Zero);
    }
}
