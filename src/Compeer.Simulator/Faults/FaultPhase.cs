using Compeer.Protocols;

namespace Compeer.Simulator.Faults;

/// <summary>What is wrong with the network for a while.</summary>
/// <param name="From">When it begins.</param>
/// <param name="Until">When it is over.</param>
public sealed record FaultPhase(Instant From, Instant Until)
{
    /// <summary>Further share of datagrams that get lost, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Further share of datagrams that arrive twice, 0 to 1.</summary>
    public double Duplication { get; init; }

    /// <summary>Further delay by chance, up to this.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Share of the sites that are cut off from the rest, but not from each other; 0 for no partition.</summary>
    public double CutOff { get; init; }

    /// <summary>Whether only what the cut-off sites send is lost, while they still hear the rest.</summary>
    public bool IsOneWay { get; init; }
}
