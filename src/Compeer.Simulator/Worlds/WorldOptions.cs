using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds;

/// <summary>How to run a world.</summary>
/// <param name="Seed">The root of everything random.</param>
/// <param name="Nodes">How many nodes; at least 16.</param>
public sealed record WorldOptions(Seed Seed, int Nodes)
{
    /// <summary>Cases that run at once, each on a thread of its own.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>How many deliveries of each case to keep as text.</summary>
    public int TraceLines { get; init; }
}
