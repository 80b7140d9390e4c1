using Compeer.Protocols.Chord;

namespace Compeer.Simulator.Worlds.Chord;

/// <summary>Many join at once: how long two nodes hold the same keys for theirs, and when the ring is exact again.</summary>
public sealed class ChordJoinsWorld : World
{
    private const int MaxSeconds = 1000;
    private const int Lookups = 2000;
    private static readonly ChordOptions Options = new() { Successors = 20, StabiliseEvery = TimeSpan.FromSeconds(10), FixFingerEvery = TimeSpan.FromSeconds(1) };

    public override string Name => "chord-joins";

    public override string Summary => "Chord doubles or grows by a tenth within a second: rounds until the ring is exact, and how many keys have two owners or none meanwhile.";

    public override int DefaultNodes => 1024;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "keys owned twice at most %", "keys owned by none at most %", "rounds until exact");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [(o, t) => Grow(o, 0.1, t), (o, t) => Grow(o, 1, t)];

    private static CaseReport Grow(WorldOptions options, double share, CancellationToken cancellationToken)
    {
        string name = $"{100 * share:0} % join at once";
        int before = (int)(options.Nodes / (1 + share));
        var ring = new ChordRing(options.Seed.Derive(name), options.Nodes, Options, options.TraceLines);
        ring.StartSettled(before);
        JoinAll(ring, options, before);
        double exact = 0;
        int seconds = 0, twiceUntil = 0;
        double longestTwice = Options.StabiliseEvery.TotalSeconds * Math.Log2(options.Nodes);
        double mostTwice = 0, mostUnowned = 0;
        for (; seconds < MaxSeconds && exact < 1; seconds++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ring.Simulation.RunFor(TimeSpan.FromSeconds(1));
            (double twice, double unowned) = ring.Ownership();
            (mostTwice, mostUnowned) = (Math.Max(mostTwice, twice), Math.Max(mostUnowned, unowned));
            if (twice > 0)
                twiceUntil = seconds + 1;
            if (twice > 0 && seconds > longestTwice)
                throw new SimulationException($"Keys have had two owners for {seconds} s, longer than {longestTwice:0} s (seed {options.Seed}).");
            exact = seconds > 0 ? ring.Exactness() : 0;
        }
        var ended = ring.LookUp(Lookups, 100, TimeSpan.FromMinutes(1));
        WorldRow row = new WorldRow(name).With("joined", options.Nodes - before)
            .With("rounds until exact", seconds / Options.StabiliseEvery.TotalSeconds, "0.0")
            .With("log2 N", Math.Log2(options.Nodes), "0.0")
            .With("ring exact %", 100 * exact, "0.0")
            .With("keys owned twice at most %", 100 * mostTwice, "0.0")
            .With("owned twice for s", twiceUntil)
            .With("keys owned by none at most %", 100 * mostUnowned, "0.0").With("owned by none at the end %", 100 * ring.Ownership().Unowned, "0.0")
            .With("lookups right %", Figures.Percent(ended.Count(e => e.IsRight), Lookups), "0.00");
        return CaseReport.Of(name, ring.Simulation, [row]);
    }

    private static void JoinAll(ChordRing ring, WorldOptions options, int before)
    {
        var random = options.Seed.Stream("entries");
        for (int node = before; node < options.Nodes; node++)
        {
            int joining = node, entry = random.Next(before);
            ring.Simulation.After(random.NextSpan(TimeSpan.FromSeconds(1)), () => ring.Join(joining, entry));
        }
    }
}
