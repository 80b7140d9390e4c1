namespace Compeer.Tests.Utp;

/// <summary>What one direction of a virtual link does to datagrams.</summary>
internal sealed record LinkOptions
{
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(20);

    public double Loss { get; init; }

    /// <summary>Part of the datagrams that take <see cref="LateBy"/> longer.</summary>
    public double Late { get; init; }

    public TimeSpan LateBy { get; init; } = TimeSpan.FromMilliseconds(8);

    public double Doubled { get; init; }

    /// <summary>Longest IP packet; longer ones that may not be cut are lost. Headers of 28 bytes count.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Bytes per second of the bottleneck; 0 is none.</summary>
    public int Rate { get; init; }

    /// <summary>Bytes that wait at the bottleneck; more are lost.</summary>
    public int QueueBytes { get; init; } = 1 << 20;
}
