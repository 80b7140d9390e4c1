using Compeer.Protocols.Chord;
using Compeer.Protocols.NeighbourSearch;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Worlds.Chord;
using Compeer.Simulator.Worlds.Gossip;
using Compeer.Simulator.Worlds.NeighbourSearch;

namespace Compeer.Simulator.Worlds;

/// <summary>What the test with thirty processes of <c>compeer lab node</c> does, in virtual time: for the figures beside each other.</summary>
public sealed class LabNodesWorld : World
{
    private const int Lookups = 200, Broadcasts = 20, Searches = 100, TimeToLive = 7, Walkers = 4, Steps = 64;

    public override string Name => "lab-nodes";

    public override string Summary => "Chord, Plumtree and search as 'compeer lab node' runs them: 30 nodes, then the 20 that are left; beside the figures of real processes.";

    public override int DefaultNodes => 30;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "owner hops", "broadcast steps");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [Measure];

    private static CaseReport Measure(WorldOptions options, CancellationToken cancellationToken)
    {
        var ring = new ChordRing(options.Seed.Derive("ring"), options.Nodes, new ChordOptions { Successors = 8, StabiliseEvery = TimeSpan.FromSeconds(2), FixFingerEvery = TimeSpan.FromSeconds(2) });
        ring.StartSettled(options.Nodes);
        var members = new Members(options.Seed.Derive("members"), options.TraceLines);
        members.Settle(options.Nodes, TimeSpan.FromMinutes(1), cancellationToken);
        WorldRow all = Row($"{options.Nodes} nodes", options, ring, members, 0);
        ring.Kill(1.0 / 3);
        members.Kill(1.0 / 3);
        ring.Simulation.RunFor(TimeSpan.FromSeconds(20));
        members.Simulation.RunFor(TimeSpan.FromSeconds(20));
        WorldRow left = Row($"{members.Up().Count} are left", options, ring, members, Broadcasts);
        return CaseReport.Of("lab", members.Simulation, [all, left]);
    }

    private static WorldRow Row(string name, WorldOptions options, ChordRing ring, Members members, int broadcastsBefore)
    {
        var ended = ring.LookUp(Lookups, 10, TimeSpan.FromMinutes(1));
        var row = new WorldRow(name).With("owners right %", Figures.Percent(ended.Count(e => e.IsRight), Lookups), "0.0")
            .With("owner hops", ended.Average(e => e.Lookup.Hops), "0.00").With("timeouts", ended.Average(e => e.Lookup.Timeouts), "0.00");
        List<int> up = members.Up();
        double received = 0;
        var steps = new List<double>();
        for (int i = 1; i <= Broadcasts; i++)
        {
            ulong number = (ulong)(broadcastsBefore + i);
            members.Broadcast(number);
            members.Simulation.RunFor(TimeSpan.FromSeconds(10));
            received += members.Receivers(number).Count;
            steps.AddRange(members.Receivers(number).Values.Where(s => s > 0).Select(s => (double)s));
        }
        row.With("broadcasts reached %", Figures.Percent(received, Broadcasts * (double)up.Count), "0.0").With("broadcast steps", Figures.Mean(steps), "0.00");
        foreach ((string way, Action<SearchNode<int>, ulong, SearchPopulation> begin) in Ways)
        {
            var population = new SearchPopulation(options.Seed.Derive(name).Derive(way), options.Nodes, Edges(members, up), _ => new SearchOptions(), 0);
            for (int item = 0; item < Searches; item++)
                population.Simulation[up[item % up.Count]]!.Share((ulong)item);
            WorldRow found = population.Run(way, Searches, i =>
            {
                int node = up[(i + 7) % up.Count];
                begin(population.Simulation[node]!, (ulong)i, population);
                return node;
            }, k => k is SearchMessageKind.Flood or SearchMessageKind.Walk);
            row.With($"found by {way} %", found["success %"], "0.0").With($"questions by {way}", found["messages"], "0.0").With($"hops by {way}", found["hops to nearest"], "0.00");
        }
        return row;
    }

    private static readonly (string Way, Action<SearchNode<int>, ulong, SearchPopulation> Begin)[] Ways =
    [
        ("flood", (node, item, p) => node.Flood(item, TimeToLive, p.Simulation.Now)),
        ("ring", (node, item, p) => node.ExpandRing(item, 1, TimeToLive, p.Simulation.Now)),
        ("walk", (node, item, p) => node.Walk(item, Walkers, Steps, p.Simulation.Now)),
    ];

    private static IEnumerable<(int A, int B)> Edges(Members members, List<int> up) =>
        up.SelectMany(n => members.Simulation[n]!.Members.Active.Where(up.Contains).Select(peer => (Math.Min(n, peer), Math.Max(n, peer)))).Distinct();
}
