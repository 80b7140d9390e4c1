namespace Compeer.Simulator.Networking;

/// <summary>How the virtual network behaves when no fault is on.</summary>
public sealed record NetworkOptions
{
    /// <summary>Time that a datagram takes at least; a constant 40 ms by default.</summary>
    public LatencyModel Latency { get; init; } = new ConstantLatency(TimeSpan.FromMilliseconds(40));

    /// <summary>Each datagram takes up to this much longer, by chance; so datagrams overtake each other.</summary>
    public TimeSpan Jitter { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Share of datagrams that get lost, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Share of datagrams that arrive twice, 0 to 1.</summary>
    public double Duplication { get; init; }

    /// <summary>Longest payload that is carried, in bytes; longer ones are lost. IPv4 ends at 65,507.</summary>
    public int MaxDatagramBytes { get; init; } = 65_507;
}
