namespace Compeer.Protocols.Trackers;

/// <summary>Times of the UDP tracker client. Spec: BEP 15 (time outs).</summary>
public sealed record UdpTrackerSessionOptions
{
    /// <summary>The wait for the first answer; it doubles with every repetition.</summary>
    public TimeSpan FirstTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Repetitions before giving up, 0 to 8. The specification's 8 take more than two hours; 1 gives up after 45 s.</summary>
    public int MaxRepetitions { get; init; } = 8;

    /// <summary>How long a connection id may be used after it came.</summary>
    public TimeSpan ConnectionIdLifetime { get; init; } = TimeSpan.FromSeconds(60);
}
