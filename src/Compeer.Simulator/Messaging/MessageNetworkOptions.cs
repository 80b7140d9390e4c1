using Compeer.Simulator.Faults;
using Compeer.Simulator.Networking;

namespace Compeer.Simulator.Messaging;

/// <summary>How whole messages travel between nodes that are numbers.</summary>
public sealed record MessageNetworkOptions
{
    /// <summary>Time that a message takes at least; a constant 40 ms by default.</summary>
    public LatencyModel Latency { get; init; } = new ConstantLatency(TimeSpan.FromMilliseconds(40));

    /// <summary>Each message takes up to this much longer, by chance.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Share of messages that vanish and nobody learns of it, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>After so long the sender learns that nobody is where it sent to: a dial that fails.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Nodes that take every message and do nothing: no failure is seen, and no answer comes.</summary>
    public Func<int, bool> Swallows { get; init; } = _ => false;

    /// <summary>What stands before a node.</summary>
    public Func<int, NatClass> NatOf { get; init; } = _ => NatClass.Open;

    /// <summary>Share of the pairs of nodes behind port-keeping NATs that can punch a hole when both try.</summary>
    public double Punches { get; init; }

    /// <summary>The faults over time; a message through a partition is given back like one to a dead node.</summary>
    public FaultPlan Faults { get; init; } = FaultPlan.None;
}
