using Compeer.Protocols.Kademlia;

namespace Compeer.Simulator.Worlds.Kademlia;

/// <summary>Lookups while many nodes are gone and nobody knows it yet.</summary>
public sealed class KademliaDeadWorld : World
{
    private const int Lookups = 2000;
    private static readonly LookupOptions Options = new() { Closest = PlainPolicy.BucketSize, Parallel = 3, ShortTimeout = TimeSpan.FromSeconds(3), Patience = TimeSpan.FromSeconds(5), MaxCandidates = 200 };

    public override string Name => "kademlia-dead";

    public override string Summary => "Kademlia (k = 20, alpha = 3): questions and success of lookups with 0, 30 and 50 % dead nodes; fixed waits against mean + 4 deviations.";

    public override int DefaultNodes => 2000;

    public override WorldPlot Plot => new("dead %", "questions a lookup", "questions", "reference");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [(o, t) => Measure(o, false, t), (o, t) => Measure(o, true, t)];

    private static CaseReport Measure(WorldOptions options, bool isAdaptive, CancellationToken cancellationToken)
    {
        string name = isAdaptive ? "mean + 4 deviations" : "3 s";
        var population = new KademliaPopulation(options.Seed.Derive("dead"), TimeSpan.FromSeconds(4), options.TraceLines);
        for (int i = 0; i < options.Nodes; i++)
        {
            population.Add(new KademliaPeer(Key160.NewRandom(population.Random))
            {
                RoundTrips = isAdaptive ? new RoundTripEstimate(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(50)) : null,
            });
        }
        population.FillTables();
        var rows = new List<WorldRow>();
        int dead = 0;
        foreach ((double share, double reference) in ((double, double)[])[(0, 22), (0.3, 31), (0.5, 44)])
        {
            for (; dead < (int)(share * options.Nodes); dead++)
                population.Simulation.Stop(population.Choose());
            var results = new List<KademliaResult>();
            int right = 0;
            for (int i = 0; i < Lookups; i++)
            {
                if (i % 100 == 0)
                    cancellationToken.ThrowIfCancellationRequested();
                int target = population.Choose();
                Key160 key = population.Simulation[target]!.Table.Own;
                if (population.LookUp(population.Choose(n => n != target), key, Options) is not { } result)
                    continue;
                results.Add(result);
                right += result.Closest.Count > 0 && result.Closest[0].Contact == target ? 1 : 0;
            }
            rows.Add(new WorldRow($"{100 * share:0} % dead, waits {name}").With("dead %", 100 * share)
                .With("success %", Figures.Percent(right, Lookups), "0.00")
                .Spread("questions", results.Select(r => (double)r.Asked), "0.0").With("reference", reference)
                .Spread("hops", results.Select(r => (double)r.Hops), "0.0")
                .Spread("seconds", results.Select(r => r.Duration.TotalSeconds)));
        }
        return CaseReport.Of(name, population.Simulation, rows);
    }
}
