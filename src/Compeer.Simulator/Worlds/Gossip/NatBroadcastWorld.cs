using Compeer.Protocols.Plumtree;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Gossip;

/// <summary>Most nodes cannot be dialled: what becomes of views, and of broadcasts over them, with and without holes.</summary>
public sealed class NatBroadcastWorld : World
{
    private const int Broadcasts = 20;

    /// <summary>Of the nodes behind a NAT; Ford et al. (2005) for the share of NATs that let TCP through a hole.</summary>
    private const double Symmetric = 0.2, Punched = 0.64;

    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(2), Lasts = TimeSpan.FromSeconds(15);

    public override string Name => "nat-broadcast";

    public override string Summary => "HyParView and Plumtree while 0, 50 and 80 % of the nodes are behind NATs, a fifth of these symmetric; with and without hole punching.";

    public override int DefaultNodes => 2000;

    public override WorldPlot Plot => new("behind NATs %", "neighbours a node", "neighbours, no punching", "neighbours, punching");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. from behind in (double[])[0, 0.5, 0.8] from punches in (bool[])[false, true] select (Func<WorldOptions, CancellationToken, CaseReport>)((o, t) => Measure(o, behind, punches, t))];

    private static CaseReport Measure(WorldOptions options, double behind, bool punches, CancellationToken cancellationToken)
    {
        string way = punches ? "punching" : "no punching", name = $"{100 * behind:0} % behind NATs, {way}";
        Seed seed = options.Seed.Derive("nats"), kinds = seed.Derive("kinds");
        // The first node is where all begin.
        NatClass NatOf(int node) => node == 0 || kinds.Derive(node).Fraction >= behind ? NatClass.Open
            : kinds.Derive(node).Fraction < behind * Symmetric ? NatClass.Symmetric : NatClass.PortKeeping;
        var members = new Members(seed, options.TraceLines, Members.Continents(seed) with { NatOf = NatOf, Punches = punches ? Punched : 0 });
        members.Settle(options.Nodes, Settling, cancellationToken);
        long payloads = members.Simulation.Sent[(int)PlumtreeMessageKind.Gossip], received = 0;
        for (int i = 1; i <= Broadcasts; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            members.Broadcast((ulong)i);
            members.Simulation.RunFor(Lasts);
            received += members.Receivers((ulong)i).Count;
        }
        payloads = members.Simulation.Sent[(int)PlumtreeMessageKind.Gossip] - payloads;
        List<int> up = members.Up();
        double neighbours = members.MeanNeighbours(up);
        WorldRow row = new WorldRow(name).With("behind NATs %", 100 * behind)
            .With("reached %", Figures.Percent(received, Broadcasts * (double)options.Nodes), "0.000")
            .With("redundancy", (payloads / (double)(received - Broadcasts)) - 1, "0.000")
            .With("largest part %", 100 * members.LargestPart(up), "0.0").With("neighbours", neighbours, "0.0").With($"neighbours, {way}", neighbours, "0.0")
            .With("given back", members.Simulation.GivenBack);
        return CaseReport.Of(name, members.Simulation, [row]);
    }
}
