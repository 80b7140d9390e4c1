using Compeer.Protocols.Kademlia;

namespace Compeer.Simulator.Worlds.Kademlia;

/// <summary>Lookups among nodes that lead to their fellows only, over one and over several disjoint paths.</summary>
public sealed class KademliaHostileWorld : World
{
    private const double HostileShare = 0.2;
    private const int Lookups = 1000;

    private static readonly LookupOptions Wide = new() { Closest = PlainPolicy.BucketSize, Parallel = 3 };

    /// <summary>As the reference counts: a path asks one node a step and ends at the nearest, so one liar spoils it.</summary>
    private static readonly LookupOptions Narrow = new() { Closest = 1, Parallel = 1 };

    public override string Name => "kademlia-hostile";

    public override string Summary => "Kademlia among 20 % hostile nodes who name only each other: 1, 4 and 8 disjoint paths, with keys that are bound and that are made up.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new("paths", "lookups that reach the node, %", "success %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [(o, t) => Measure(o, false, Wide, t), (o, t) => Measure(o, true, Wide, t), (o, t) => Measure(o, false, Narrow, t)];

    private static CaseReport Measure(WorldOptions options, bool makesUpKeys, LookupOptions plain, CancellationToken cancellationToken)
    {
        var population = new KademliaPopulation(options.Seed.Derive("hostile"), TimeSpan.FromSeconds(1), options.TraceLines);
        var fellows = new List<(Key160 Key, int Node)>();
        bool[] isHostile = new bool[options.Nodes];
        for (int i = 0; i < options.Nodes; i++)
        {
            var key = Key160.NewRandom(population.Random);
            isHostile[i] = population.Random.Chance(HostileShare);
            int node = population.Add(isHostile[i] ? new HostilePeer(key, fellows, makesUpKeys, population.Random) : new KademliaPeer(key));
            if (isHostile[i])
                fellows.Add((key, node));
        }
        population.FillTables();
        var rows = new List<WorldRow>();
        string kind = (makesUpKeys ? "keys made up" : "keys bound") + (plain == Narrow ? ", one node a step" : "");
        foreach (int paths in (int[])[1, 4, 8])
        {
            LookupOptions lookup = plain with { Paths = paths };
            int found = 0;
            var asked = new List<double>();
            for (int i = 0; i < Lookups; i++)
            {
                if (i % 100 == 0)
                    cancellationToken.ThrowIfCancellationRequested();
                int target = population.Choose(n => !isHostile[n]);
                Key160 key = population.Simulation[target]!.Table.Own;
                if (population.LookUp(population.Choose(n => !isHostile[n] && n != target), key, lookup) is not { } result)
                    continue;
                found += result.Closest.Any(c => c.Contact == target) ? 1 : 0;
                asked.Add(result.Asked);
            }
            rows.Add(new WorldRow($"{kind}, {paths} path{(paths == 1 ? "" : "s")}").With("paths", paths)
                .With("success %", Figures.Percent(found, Lookups), "0.0").Spread("questions", asked, "0"));
        }
        return CaseReport.Of(kind, population.Simulation, rows);
    }
}
