using Compeer.Protocols;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Scribe;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Pastry;

/// <summary>Multicast trees: who is reached, how much longer the way is than the direct one, and how many children nodes have.</summary>
public sealed class ScribeTreesWorld : World
{
    private const int Publications = 10;
    private static readonly PastryOptions Routing = new() { MaintainEvery = TimeSpan.FromMinutes(10) };

    public override string Name => "scribe-trees";

    public override string Summary => "Scribe on Pastry: a tenth of the nodes subscribes; reached, stretch and children a node, proximity-aware and not, and after 10 % died.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "stretch", "children");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [(o, t) => Measure(o, true, t), (o, t) => Measure(o, false, t)];

    private static CaseReport Measure(WorldOptions options, bool isProximityAware, CancellationToken cancellationToken)
    {
        string name = isProximityAware ? "proximity-aware" : "first come";
        Seed seed = options.Seed.Derive("scribe");
        var population = new PastryPopulation(seed, options.Nodes, Routing, isProximityAware, options.TraceLines);
        population.JoinAll(cancellationToken);
        SeededRandom random = seed.Stream("group");
        var group = RingKey.NewRandom(random);
        int[] nodes = [.. Enumerable.Range(0, options.Nodes)];
        random.Shuffle(nodes);
        int[] members = nodes[..(options.Nodes / 10)];
        foreach (int member in members)
        {
            population.Simulation[member]!.TrySubscribe(group, population.Simulation.Now);
            population.Simulation.Pump(member);
            population.Simulation.RunFor(TimeSpan.FromMilliseconds(10));
        }
        population.Simulation.RunFor(TimeSpan.FromSeconds(10));
        var rows = new List<WorldRow> { Publish(name, population, group, members, random) };
        population.Kill(0.1);
        int[] left = [.. members.Where(m => population.Simulation[m] is not null)];
        rows.Add(Publish($"{name}, 10 % dead, at once", population, group, left, random));
        population.Simulation.RunFor(TimeSpan.FromMinutes(3));
        rows.Add(Publish($"{name}, 10 % dead, 3 min later", population, group, left, random));
        return CaseReport.Of(name, population.Simulation, rows);
    }

    private static WorldRow Publish(string name, PastryPopulation population, RingKey group, int[] members, SeededRandom random)
    {
        population.NoteRing();
        population.News.Clear();
        var sent = new Dictionary<ulong, (int Root, Instant At)>();
        for (int i = 0; i < Publications; i++)
        {
            // From the root itself, so that only the tree's way is measured.
            int root = population.NearestTo(group).Peer;
            ulong id = (ulong)random.NextInt64();
            sent[id] = (root, population.Simulation.Now);
            population.Simulation[root]!.Publish(group, id);
            population.Simulation.Pump(root);
            population.Simulation.RunFor(TimeSpan.FromSeconds(5));
        }
        var stretch = population.News.Where(n => sent.ContainsKey(n.Id) && n.Node != sent[n.Id].Root)
            .Select(n => (n.At - sent[n.Id].At) / population.Direct(sent[n.Id].Root, n.Node));
        double[] children = [.. population.Up().Select(c => (double)population.Simulation[c.Peer]!.ChildCount(group)).Where(c => c > 0)];
        int twice = population.News.Count - population.News.Select(n => (n.Id, n.Node)).Distinct().Count();
        return new WorldRow(name).With("members", members.Length)
            .With("reached %", Figures.Percent(population.News.Count - twice, members.Length * (double)Publications), "0.00")
            .Spread("stretch", stretch)
            .Spread("children", children, "0.0").With("children most", children.Max())
            .With("delivered twice", twice);
    }
}
