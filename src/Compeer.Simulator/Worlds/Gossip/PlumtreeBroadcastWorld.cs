using Compeer.Protocols.Plumtree;
using Compeer.Simulator.Faults;

namespace Compeer.Simulator.Worlds.Gossip;

/// <summary>Broadcasts along a tree that mends itself: what they cost and whom they reach, at rest and while people come and go.</summary>
public sealed class PlumtreeBroadcastWorld : World
{
    private const int Broadcasts = 50;
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(15);

    public override string Name => "plumtree-broadcast";

    public override string Summary => "Plumtree over HyParView: redundancy of the first and the later broadcasts of one and of any sender, and who is reached while 30 % leave each minute.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new("broadcast", "payloads beyond one a node", "one sender", "any sender");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [(o, t) => Resting(o, true, t), (o, t) => Resting(o, false, t), Churning];

    private static CaseReport Resting(WorldOptions options, bool hasOneSender, CancellationToken cancellationToken)
    {
        string name = hasOneSender ? "one sender" : "any sender";
        var members = new Members(options.Seed.Derive("resting"), options.TraceLines);
        members.Settle(options.Nodes, Settling, cancellationToken);
        var rows = new List<WorldRow>();
        for (int i = 1; i <= Broadcasts; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long payloads = members.Simulation.Sent[(int)PlumtreeMessageKind.Gossip], lazy = members.Simulation.Sent[(int)PlumtreeMessageKind.IHave];
            members.Broadcast((ulong)i, hasOneSender ? 0 : null);
            members.Simulation.RunFor(Lasts);
            payloads = members.Simulation.Sent[(int)PlumtreeMessageKind.Gossip] - payloads;
            if (i is not (1 or 2 or 3 or 5 or 10 or 20 or Broadcasts))
                continue;
            IReadOnlyDictionary<int, int> receivers = members.Receivers((ulong)i);
            double redundancy = (payloads / (double)(receivers.Count - 1)) - 1;
            rows.Add(new WorldRow($"{name}, broadcast {i}").With("broadcast", i)
                .With("reached %", Figures.Percent(receivers.Count, options.Nodes), "0.000")
                .With("redundancy", redundancy, "0.000").With(name, redundancy, "0.000")
                .With("lazy messages a node", (members.Simulation.Sent[(int)PlumtreeMessageKind.IHave] - lazy) / (double)options.Nodes, "0.00")
                .Spread("steps", receivers.Values.Select(r => (double)r), "0.0"));
        }
        return CaseReport.Of(name, members.Simulation, rows);
    }

    private static CaseReport Churning(WorldOptions options, CancellationToken cancellationToken)
    {
        const double leavingAMinute = 0.3;
        var members = new Members(options.Seed.Derive("churning"), options.TraceLines);
        members.Settle(options.Nodes, Settling, cancellationToken);
        TimeSpan median = TimeSpan.FromMinutes(-Math.Log(2) / Math.Log(1 - leavingAMinute));
        var churn = new ChurnOptions { MedianSession = median, MedianAbsence = median };
        Protocols.Instant start = members.Simulation.Now;
        members.Follow(ChurnTrace.Draw(options.Seed.Derive("sessions"), churn, 2 * options.Nodes, options.Nodes, start, start + (Between * (Broadcasts + 2)) + Lasts));
        var reached = new List<double>();
        for (int i = 1; i <= Broadcasts; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ulong number = (ulong)i;
            // Who is here now and stays to the end must get it; who comes or goes in between need not.
            List<int> there = members.Up();
            Protocols.Instant sent = members.Simulation.Now;
            members.Broadcast(number);
            members.Simulation.After(Lasts, () => reached.Add(members.Reached(number, there, sent)));
            members.Simulation.RunFor(Between);
        }
        members.Simulation.RunFor(Lasts);
        WorldRow row = new WorldRow($"{100 * leavingAMinute:0} % leave a minute")
            .With("reached %", reached.Average(), "0.000").With("reached least %", reached.Min(), "0.000")
            .With("largest part %", 100 * members.LargestPart(members.Up()), "0.0");
        return CaseReport.Of("churn", members.Simulation, [row]);
    }
}
