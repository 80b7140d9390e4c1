using Compeer.Protocols.Kademlia;
using Compeer.Protocols.NeighbourSearch;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Worlds.Kademlia;

namespace Compeer.Simulator.Worlds.NeighbourSearch;

/// <summary>One job, to find a holder of something rare, done in four ways: what it costs, how long it takes, and what an attacker with a tenth of the nodes hides.</summary>
public sealed class SearchWaysWorld : World
{
    private const int Searches = 200, LastRing = 9, Walkers = 32, Steps = 1024;
    private const double Replication = 0.001, HostileShare = 0.1;

    private static readonly SearchOptions Flat = new() { UsesTables = false, MaxTimeToLive = LastRing, MaxRemembered = 64 };

    public override string Name => "search-ways";

    public override string Summary => "Finding one of 0.1 % holders by a central index, a flood, a ring, walkers and a DHT: messages, seconds, and found while a tenth of the nodes is hostile.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "messages", "found %") { LogarithmicY = true };

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [Index, (o, t) => AmongNeighbours(o, 0, t), (o, t) => AmongNeighbours(o, HostileShare, t), (o, t) => Dht(o, 0, t), (o, t) => Dht(o, HostileShare, t)];

    private static string Hostile(double share) => share > 0 ? $", {100 * share:0} % hostile" : "";

    private static LatencyModel Latency(Seed seed) => new ClusteredLatency(seed.Derive("places"), 8, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(150));

    /// <summary>One node that knows all: two messages, and when it is the attacker's, nothing is found.</summary>
    private static CaseReport Index(WorldOptions options, CancellationToken cancellationToken)
    {
        Seed seed = options.Seed.Derive("index");
        SeededRandom random = seed.Stream("nodes");
        LatencyModel latency = Latency(seed);
        double[] seconds = [.. Enumerable.Range(0, Searches).Select(_ => 2 * latency.OneWay(random.Next(options.Nodes), 0).TotalSeconds)];
        var trace = new Trace();
        trace.Mark((ulong)(1e6 * seconds.Sum()));
        WorldRow[] rows =
        [
            new WorldRow("central index").With("found %", 100, "0.0").With("messages", 2).Spread("seconds", seconds),
            // Nothing at all in one network of ten.
            new WorldRow($"central index{Hostile(HostileShare)}").With("found %", 100 * (1 - HostileShare), "0.0"),
        ];
        return new CaseReport("index", rows, trace, 0, TimeSpan.Zero);
    }

    private static CaseReport AmongNeighbours(WorldOptions options, double hostile, CancellationToken cancellationToken)
    {
        Seed seed = options.Seed.Derive("neighbours"), kinds = seed.Derive("kinds");
        bool IsHostile(int node) => kinds.Derive(node).Fraction < hostile;
        var network = new MessageNetworkOptions { Latency = Latency(seed), Swallows = IsHostile };
        var population = new SearchPopulation(seed, options.Nodes, RandomGraph.Uniform(seed.Stream("graph"), options.Nodes, 4), _ => Flat, options.TraceLines, network);
        int copies = Math.Max(1, (int)(options.Nodes * Replication));
        for (int i = 0; i < Searches * copies; i++)
            population.Simulation[population.Random.Next(options.Nodes)]!.Share((ulong)(i % Searches));
        WorldRow Row(string way, Action<SearchNode<int>, ulong> begin, Func<SearchMessageKind, bool> isCounted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WorldRow row = population.Run(way, Searches, i =>
            {
                int node;
                do
                    node = population.Random.Next(options.Nodes);
                while (IsHostile(node) || population.Simulation[node]!.NeighbourCount < 2);
                begin(population.Simulation[node]!, (ulong)i);
                return node;
            }, isCounted);
            return new WorldRow(way + Hostile(hostile)).With("found %", row["success %"], "0.0").With("messages", row["messages"])
                .With("seconds", row["seconds"], "0.00").With("seconds p50", row["seconds p50"], "0.00").With("seconds p95", row["seconds p95"], "0.00");
        }
        return CaseReport.Of("neighbours" + Hostile(hostile), population.Simulation,
        [
            Row("flood", (node, item) => node.Flood(item, 7, population.Simulation.Now), k => k == SearchMessageKind.Flood),
            Row("ring", (node, item) => node.ExpandRing(item, 1, LastRing, population.Simulation.Now), k => k == SearchMessageKind.Flood),
            Row("walkers", (node, item) => node.Walk(item, Walkers, Steps, population.Simulation.Now), k => k is SearchMessageKind.Walk or SearchMessageKind.MayGoOn or SearchMessageKind.GoOn),
        ]);
    }

    /// <summary>The item's key names the twenty nodes that keep who has it; hostile ones name only each other, and give what nobody signed.</summary>
    private static CaseReport Dht(WorldOptions options, double hostile, CancellationToken cancellationToken)
    {
        string name = "DHT" + Hostile(hostile);
        var population = new KademliaPopulation(options.Seed.Derive("dht"), TimeSpan.FromSeconds(1), options.TraceLines);
        Seed kinds = options.Seed.Derive("kinds");
        bool IsHonest(int node) => kinds.Derive(node).Fraction >= hostile;
        var fellows = new List<(Key160 Key, int Node)>();
        for (int node = 0; node < options.Nodes; node++)
        {
            var key = Key160.NewRandom(population.Random);
            population.Add(IsHonest(node) ? new KademliaPeer(key) : new HostilePeer(key, fellows, makesUpKeys: false, population.Random));
            if (!IsHonest(node))
                fellows.Add((key, node));
        }
        population.FillTables();
        var lookup = new LookupOptions { Closest = PlainPolicy.BucketSize, Parallel = 3, Paths = hostile > 0 ? 4 : 1 };
        var messages = new List<double>();
        var seconds = new List<double>();
        int found = 0;
        for (int i = 0; i < Searches; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Key160 key = Key160.NewRandom(population.Random);
            int holder = population.Choose(IsHonest), seeker = population.Choose(n => IsHonest(n) && n != holder);
            foreach ((Key160 _, int keeper) in population.LookUp(holder, key, lookup)?.Closest ?? [])
                population.Simulation[holder]!.Store(keeper, key);
            population.Simulation.Pump(holder);
            population.Simulation.RunFor(TimeSpan.FromSeconds(2));
            if (population.LookUp(seeker, key, lookup) is not { } result)
                continue;
            found += result.Signature != 0 ? 1 : 0;
            messages.Add(2 * result.Asked);
            seconds.Add(result.Duration.TotalSeconds);
        }
        WorldRow row = new WorldRow(name).With("found %", Figures.Percent(found, Searches), "0.0").With("messages", Figures.Mean(messages)).Spread("seconds", seconds)
            .With("forged values refused", Enumerable.Range(0, options.Nodes).Sum(n => population.Simulation[n]!.Forged));
        return CaseReport.Of(name, population.Simulation, [row]);
    }
}
