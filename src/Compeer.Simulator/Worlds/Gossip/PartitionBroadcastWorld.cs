using Compeer.Protocols;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Scheduling;

namespace Compeer.Simulator.Worlds.Gossip;

/// <summary>A part of the network is cut off for a while: whom broadcasts reach on each side, and whether both find together again.</summary>
public sealed class PartitionBroadcastWorld : World
{
    private const double CutOff = 0.3;
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(2), Lasts = TimeSpan.FromSeconds(15), Noticing = TimeSpan.FromMinutes(1);

    /// <summary>Many short and a few very long sessions, as measured in real networks.</summary>
    private static readonly ChurnOptions Sessions = new() { Shape = SessionShape.Weibull, MedianSession = TimeSpan.FromMinutes(60), MedianAbsence = TimeSpan.FromMinutes(60) };

    public override string Name => "partition-broadcast";

    public override string Summary => "HyParView and Plumtree over a matrix of regions, 30 % of the nodes cut off for 2 and 20 minutes, at rest and with sessions of 60 minutes: who is reached meanwhile and afterwards.";

    public override int DefaultNodes => 2000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "own side reached %", "reached after 5 min %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. from comeAndGo in (bool[])[false, true] from minutes in (int[])[2, 20] select (Func<WorldOptions, CancellationToken, CaseReport>)((o, t) => Measure(o, minutes, comeAndGo, t))];

    private static CaseReport Measure(WorldOptions options, int minutes, bool comeAndGo, CancellationToken cancellationToken)
    {
        string name = $"cut off for {minutes} min, {(comeAndGo ? "sessions of 60 min" : "at rest")}";
        Seed seed = options.Seed.Derive("partition");
        Instant begin = VirtualClock.Start + Members.SettlesWithin(options.Nodes, Settling), end = begin + TimeSpan.FromMinutes(minutes);
        var phase = new FaultPhase(begin, end) { CutOff = CutOff };
        var plan = new FaultPlan(seed.Derive("sides"), phase);
        var members = new Members(seed, options.TraceLines, Members.Continents(seed) with { Latency = new RegionLatency(seed.Derive("regions")), Faults = plan });
        members.Settle(options.Nodes, Settling, cancellationToken);
        if (comeAndGo)
            members.Follow(ChurnTrace.Draw(seed.Derive("sessions"), Sessions, 2 * options.Nodes, options.Nodes, begin, end + TimeSpan.FromMinutes(20)));

        ulong broadcasts = 0;
        double Reached(Func<int, int, bool> isSameSide)
        {
            cancellationToken.ThrowIfCancellationRequested();
            List<int> up = members.Up();
            Instant sent = members.Simulation.Now;
            int origin = members.Broadcast(++broadcasts);
            members.Simulation.RunFor(Lasts);
            return members.Reached(broadcasts, [.. up.Where(n => isSameSide(origin, n))], sent);
        }
        members.Simulation.RunFor(Noticing);
        var ownSide = new List<double>();
        while (members.Simulation.Now + Lasts < end)
            ownSide.Add(Reached((a, b) => plan.IsCutOff(phase, a) == plan.IsCutOff(phase, b)));
        members.Simulation.RunFor(end - members.Simulation.Now);
        WorldRow row = new WorldRow(name).With("cut off min", minutes).With("own side reached %", ownSide.Average(), "0.00").With("largest part at the end %", LargestPart(members), "0.0");
        foreach (int after in (int[])[0, 1, 5, 15])
        {
            members.Simulation.RunFor(end + TimeSpan.FromMinutes(after) - members.Simulation.Now);
            row.With($"reached after {after} min %", Reached((_, _) => true), "0.00").With($"largest part after {after} min %", LargestPart(members), "0.0");
        }
        return CaseReport.Of(name, members.Simulation, [row]);
    }

    private static double LargestPart(Members members) => 100 * members.LargestPart(members.Up());
}
