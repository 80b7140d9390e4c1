using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Scribe;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Pastry;

/// <summary>Counting up a tree: how near the root's total is to the truth while nodes die, come and go, and what it costs against everybody telling the root.</summary>
public sealed class ScribeAggregateWorld : World
{
    private const int RestRounds = 6, DeathRounds = 9, ChurnRounds = 30;
    private static readonly PastryOptions Routing = new() { MaintainEvery = TimeSpan.FromMinutes(10) };
    private static readonly ScribeOptions Rules = new();

    public override string Name => "scribe-aggregate";

    public override string Summary => "Totals up Scribe's trees, a tenth of the nodes contributing: share that is counted, messages and the root's load, at rest, with 10 % dead, without its root, under churn.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "counted %", "worst %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [Deaths, Churn];

    private static CaseReport Deaths(WorldOptions options, CancellationToken cancellationToken)
    {
        Group group = Begin(options, "deaths", cancellationToken);
        var rows = new List<WorldRow> { group.Measure("at rest", RestRounds, cancellationToken), group.TellTheRoot() };
        group.Population.Kill(0.1);
        group.Population.NoteRing();
        for (int round = 1; round <= DeathRounds; round++)
            rows.Add(group.Measure($"10 % dead, {round * (int)Rules.GatherEvery.TotalSeconds} s", 1, cancellationToken));
        group.Stop(group.Root);
        group.Population.NoteRing();
        for (int round = 1; round <= DeathRounds * 2 / 3; round++)
            rows.Add(group.Measure($"root dead, {round * (int)Rules.GatherEvery.TotalSeconds} s", 1, cancellationToken));
        return CaseReport.Of("deaths", group.Population.Simulation, rows);
    }

    /// <summary>Each round one contributor of two hundred dies (3 % a minute), and another node contributes in its place.</summary>
    private static CaseReport Churn(WorldOptions options, CancellationToken cancellationToken)
    {
        Group group = Begin(options, "churn", cancellationToken);
        WorldRow row = group.Measure("3 % leave a minute", ChurnRounds, cancellationToken, () => group.Replace(Math.Max(1, group.Contributors.Count / 200)));
        WorldRow more = group.Measure("30 % leave a minute", ChurnRounds, cancellationToken, () => group.Replace(Math.Max(1, group.Contributors.Count / 20)));
        return CaseReport.Of("churn", group.Population.Simulation, [row, more]);
    }

    private static Group Begin(WorldOptions options, string name, CancellationToken cancellationToken)
    {
        Seed seed = options.Seed.Derive("scribe-aggregate").Derive(name);
        var population = new PastryPopulation(seed, options.Nodes, Routing, isProximityAware: true, options.TraceLines);
        population.JoinAll(cancellationToken);
        var group = new Group(population, seed.Stream("group"), options.Nodes);
        group.Population.NoteRing();
        group.Add(options.Nodes / 10);
        population.Simulation.RunFor(3 * Rules.GatherEvery);
        return group;
    }

    /// <summary>A group, and who contributes to it: each node its number plus one.</summary>
    private sealed class Group(PastryPopulation population, SeededRandom random, int nodes)
    {
        private readonly RingKey _key = RingKey.NewRandom(random);
        private readonly Queue<int[]> _before = new();

        public PastryPopulation Population => population;

        public HashSet<int> Contributors { get; } = [];

        public int Root => population.NearestTo(_key).Peer;

        public void Add(int count)
        {
            for (int added = 0; added < count;)
            {
                int node = random.Next(nodes);
                if (population.Simulation[node] is not { } machine || !Contributors.Add(node))
                    continue;
                machine.TryContribute(_key, node + 1, population.Simulation.Now);
                population.Simulation.Pump(node);
                added++;
            }
        }

        /// <summary>Some contributors die, and other nodes contribute; those who stay are never fewer than half.</summary>
        public void Replace(int count)
        {
            int most = Enumerable.Range(0, nodes).Count(n => population.Simulation[n] is not null) - (nodes / 2);
            int[] dead = [.. Contributors.Order()];
            random.Shuffle(dead);
            foreach (int node in dead.Take(Math.Min(count, most)))
                Stop(node);
            population.NoteRing();
            Add(Math.Min(count, most));
        }

        public void Stop(int node)
        {
            population.Simulation.Stop(node);
            Contributors.Remove(node);
        }

        /// <summary>Looks at the root's total once a round. The world ends when more are counted than there were.</summary>
        public WorldRow Measure(string name, int rounds, CancellationToken cancellationToken, Action? change = null)
        {
            var counted = new List<double>();
            var wrong = new List<double>();
            var simulation = population.Simulation;
            long before = Messages(), toRoot = 0;
            int missing = 0, looked = Root;
            simulation.OnDelivery = (to, message) => toRoot += to == looked && message.Tree is not null ? 1 : 0;
            for (int round = 0; round < rounds; round++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                change?.Invoke();
                Contributors.RemoveWhere(n => simulation[n] is null);
                looked = Root;
                int begun = Contributors.Count;
                simulation.RunFor(Rules.GatherEvery);
                ScribeAggregate total = simulation[Root]!.TryGetTotal(_key, out ScribeTotal known) && known.At > simulation.Now - (2 * Rules.GatherEvery) ? known.Aggregate : ScribeAggregate.None;
                int most = Recent();
                if (total.Count > most)
                    throw new SimulationException($"{total.Count} contributions were counted, but {most} nodes contributed (seed {simulation.Seed}).");
                counted.Add(Figures.Percent(total.Count, begun));
                wrong.Add(Figures.Percent(Math.Abs(total.Sum - Contributors.Sum(n => n + 1.0)), Contributors.Sum(n => n + 1.0)));
                missing += total.Missing;
            }
            simulation.OnDelivery = null;
            return new WorldRow(name).With("contributors", Contributors.Count)
                .With("counted %", counted.Average(), "0.00").With("worst %", counted.Min(), "0.00").With("sum wrong by %", wrong.Average(), "0.00")
                .With("missing branches", missing / (double)rounds, "0.0")
                .With("messages a contributor", (Messages() - before) / (double)rounds / Contributors.Count, "0.00").With("to the root", toRoot / (double)rounds, "0.0");
        }

        /// <summary>What it costs when each contributor sends its value to the root, by the same routes.</summary>
        public WorldRow TellTheRoot()
        {
            var simulation = population.Simulation;
            long before = simulation.Sent[8], toRoot = 0;
            int root = Root;
            simulation.OnDelivery = (to, message) => toRoot += to == root && message.Routing is { Kind: PastryMessageKind.Route } ? 1 : 0;
            population.RouteFrom(Contributors.Order(), _key);
            simulation.OnDelivery = null;
            return new WorldRow("everybody tells the root").With("contributors", Contributors.Count).With("counted %", 100, "0.00")
                .With("messages a contributor", (simulation.Sent[8] - before) / (double)Contributors.Count, "0.00").With("to the root", toRoot, "0.0");
        }

        /// <summary>Nodes that contributed in this round or the two before: a total is no older.</summary>
        private int Recent()
        {
            _before.Enqueue([.. Contributors]);
            if (_before.Count > 3)
                _before.Dequeue();
            return _before.SelectMany(n => n).Distinct().Count();
        }

        private long Messages() => population.Simulation.Sent[(int)ScribeMessageKind.Gather] + population.Simulation.Sent[(int)ScribeMessageKind.Report];
    }
}
