using Compeer.Protocols.Kademlia;

namespace Compeer.Simulator.Worlds.Kademlia;

/// <summary>Somebody places nodes around a key to hide what is there: stored and looked up plainly, and with the check of the region's density.</summary>
public sealed class KademliaSybilWorld : World
{
    private const int Sybils = 60;
    private const int Keys = 200;
    private const int SizeSamples = 5;

    /// <summary>Nodes that share so many bits less with a key than its region does know more than enough others there.</summary>
    private const int FarPrefix = 4;

    private static readonly LookupOptions Options = new() { Closest = PlainPolicy.BucketSize, Parallel = 3, MaxCandidates = 200 };

    public override string Name => "kademlia-sybil";

    public override string Summary => "Kademlia with 60 Sybils around each of 200 keys, one after the other: values found plainly and with the region density check.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "found %", "crowd noticed %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [(o, t) => Measure(o, o.Nodes, t), (o, t) => Measure(o, Math.Max(200, o.Nodes / 10), t)];

    private static CaseReport Measure(WorldOptions options, int nodes, CancellationToken cancellationToken)
    {
        var population = new KademliaPopulation(options.Seed.Derive("sybil").Derive(nodes), TimeSpan.FromSeconds(1), options.TraceLines);
        for (int i = 0; i < nodes; i++)
            population.Add(new KademliaPeer(Key160.NewRandom(population.Random)));
        population.FillTables();
        Key160[] keys = [.. Enumerable.Range(0, Keys).Select(_ => Key160.NewRandom(population.Random))];
        var rows = new List<WorldRow>();
        foreach (bool checks in (bool[])[false, true])
        {
            int found = 0, noticed = 0, alarms = 0;
            var asked = new List<double>();
            foreach (Key160 key in keys)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int[] attackers = Attack(population, key, nodes);
                Key160 unattacked = Key160.NewRandom(population.Random);
                int publisher = population.Choose(n => n < nodes), seeker = population.Choose(n => n < nodes && n != publisher);
                Region stored = FindRegion(population, publisher, key, checks);
                foreach ((Key160 _, int contact) in stored.Nodes)
                    population.Simulation[publisher]!.Store(contact, key);
                population.Simulation.Pump(publisher);
                population.Simulation.RunFor(TimeSpan.FromSeconds(2));
                Region sought = FindRegion(population, seeker, key, checks);
                // Honest nodes that were asked to keep it and are asked for it.
                found += sought.Nodes.Any(n => n.Contact < nodes && stored.Nodes.Any(s => s.Contact == n.Contact)) ? 1 : 0;
                noticed += sought.IsCrowded ? 1 : 0;
                alarms += FindRegion(population, seeker, unattacked, checks).IsCrowded ? 1 : 0;
                asked.Add(sought.Asked);
                EndAttack(population, attackers, nodes);
            }
            rows.Add(new WorldRow($"{nodes} honest nodes, {(checks ? "region checked" : "plain")}")
                .With("found %", Figures.Percent(found, Keys), "0.0").With("crowd noticed %", Figures.Percent(noticed, Keys), "0.0")
                .With("false alarms %", Figures.Percent(alarms, Keys), "0.0").Spread("questions", asked, "0"));
        }
        return CaseReport.Of($"N = {nodes}", population.Simulation, rows);
    }

    /// <summary>The attacker's nodes appear nearer to the key than anybody, and whoever has room for them knows them.</summary>
    private static int[] Attack(KademliaPopulation population, Key160 key, int honest)
    {
        var fellows = new List<(Key160 Key, int Node)>();
        for (int i = 0; i < Sybils; i++)
        {
            Key160 near = key.RandomInBucket(40 + (i / 10), population.Random);
            fellows.Add((near, population.Add(new HostilePeer(near, fellows, makesUpKeys: false, population.Random))));
        }
        for (int node = 0; node < honest; node++)
        {
            // Whoever is far has no room left in the bucket that they all belong to.
            if (population.Simulation[node]!.Table.Own.CommonPrefixLength(key) + FarPrefix < RegionDensity.RegionPrefix(honest, PlainPolicy.BucketSize))
                continue;
            foreach ((Key160 near, int sybil) in fellows)
                population.Simulation[node]!.Table.OnReply(near, sybil, TimeSpan.FromMilliseconds(100), population.Simulation.Now, out _);
        }
        return [.. fellows.Select(f => f.Node)];
    }

    private static void EndAttack(KademliaPopulation population, int[] attackers, int honest)
    {
        foreach (int attacker in attackers)
        {
            Key160 key = population.Simulation[attacker]!.Table.Own;
            for (int node = 0; node < honest; node++)
                population.Simulation[node]!.Table.OnFailure(key, attacker, 1);
            population.Simulation.Stop(attacker);
        }
    }

    private static Region FindRegion(KademliaPopulation population, int node, Key160 key, bool checks)
    {
        if (population.LookUp(node, key, Options) is not { } first)
            return new Region([], 0, false);
        if (!checks)
            return new Region(first.Closest, first.Asked, false);
        double[] sizes = new double[SizeSamples];
        int asked = first.Asked;
        for (int i = 0; i < SizeSamples; i++)
        {
            var random = Key160.NewRandom(population.Random);
            sizes[i] = population.LookUp(node, random, Options) is { } sample ? RegionDensity.EstimateSize(random, Keys160(sample)) : 0;
        }
        Array.Sort(sizes);
        double size = sizes[SizeSamples / 2];
        if (!RegionDensity.IsCrowded(key, Keys160(first), size))
            return new Region(first.Closest, asked, false);
        var nodes = new HashSet<(Key160 Key, int Contact)>(first.Closest);
        foreach (Key160 probe in RegionDensity.Probes(key, size, PlainPolicy.BucketSize, population.Random))
        {
            if (population.LookUp(node, probe, Options) is not { } around)
                continue;
            asked += around.Asked;
            nodes.UnionWith(around.Closest);
        }
        return new Region([.. nodes], asked, true);
    }

    private static ReadOnlySpan<Key160> Keys160(KademliaResult result) => result.Closest.Select(c => c.Key).ToArray();

    /// <summary>The nodes found around a key.</summary>
    private sealed record Region(IReadOnlyList<(Key160 Key, int Contact)> Nodes, int Asked, bool IsCrowded);
}
