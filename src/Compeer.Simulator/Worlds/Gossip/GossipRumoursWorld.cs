using Compeer.Protocols.Gossip;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Gossip;

/// <summary>How many never hear of a rumour, and what the others cost.</summary>
public sealed class GossipRumoursWorld : World
{
    /// <summary>Most rumours a case, and fewest; between them as many as are told a million times in all.</summary>
    private const int MostRumours = 100, FewestRumours = 10, Tellings = 1_000_000;

    /// <summary>Demers et al. (1987), tables 1 and 2: residue and traffic for k = 1 to 5.</summary>
    private static readonly (double Residue, double Traffic)[] Blind = [(0.96, 0.04), (0.20, 1.6), (0.060, 2.8), (0.021, 3.9), (0.008, 4.9)];
    private static readonly (double Residue, double Traffic)[] Feedback = [(0.18, 1.7), (0.037, 3.3), (0.011, 4.5), (0.0036, 5.6), (0.0012, 6.7)];

    public override string Name => "gossip-rumours";

    public override string Summary => "Rumour mongering: who never hears of a rumour and messages a node, blind/coin and feedback/counter, k = 1 to 5.";

    public override int DefaultNodes => 1000;

    public override WorldPlot Plot => new("traffic", "share that never hears", "residue", "e^-traffic") { LogarithmicY = true };

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. from hasFeedback in (bool[])[false, true] from k in Enumerable.Range(1, 5)
            select (Func<WorldOptions, CancellationToken, CaseReport>)((options, token) => Measure(options, k, hasFeedback, token))];

    private static CaseReport Measure(WorldOptions options, int k, bool hasFeedback, CancellationToken cancellationToken)
    {
        string name = $"{(hasFeedback ? "feedback/counter" : "blind/coin")}, k = {k}";
        Seed seed = options.Seed.Derive(name);
        SeededRandom random = seed.Stream("nodes");
        var simulation = new MessageSimulation<RumourNode<int>, RumourMessage>(seed, traceLines: options.TraceLines);
        var rules = new RumourOptions { K = k, HasFeedback = hasFeedback, Counts = hasFeedback };
        for (int node = 0; node < options.Nodes; node++)
        {
            int self = node;
            simulation.Start(node, new RumourNode<int>(rules, random, () => (self + 1 + random.Next(options.Nodes - 1)) % options.Nodes));
        }
        var residues = new List<double>();
        int rumours = Math.Clamp(Tellings / options.Nodes, FewestRumours, MostRumours);
        for (int rumour = 0; rumour < rumours; rumour++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int first = random.Next(options.Nodes);
            simulation[first]!.Tell((ulong)rumour, simulation.Now);
            simulation.Pump(first);
            simulation.RunFor(TimeSpan.FromMinutes(10));
            residues.Add(Enumerable.Range(0, options.Nodes).Count(n => !simulation[n]!.Knows((ulong)rumour)) / (double)options.Nodes);
        }
        double traffic = simulation.Sent[0] / (double)rumours / options.Nodes;
        (double publishedResidue, double publishedTraffic) = (hasFeedback ? Feedback : Blind)[k - 1];
        WorldRow row = new WorldRow(name).With("k", k).With("rumours", rumours).Spread("residue", residues, "0.0000").With("published residue", publishedResidue, "0.0000")
            .With("traffic", traffic, "0.00").With("published traffic", publishedTraffic, "0.00").With("e^-traffic", Math.Exp(-traffic), "0.0000");
        return CaseReport.Of(name, simulation, [row]);
    }
}
