namespace Compeer.Simulator.Faults;

/// <summary>How bad a drawn plan may get. Each phase draws each fault up to its limit; about half of them are off in a phase.</summary>
public sealed record FaultRanges
{
    /// <summary>Most loss.</summary>
    public double MaxLoss { get; init; } = 0.3;

    /// <summary>Most duplication.</summary>
    public double MaxDuplication { get; init; } = 0.5;

    /// <summary>Longest further delay.</summary>
    public TimeSpan MaxJitter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Largest cut-off share of the sites.</summary>
    public double MaxCutOff { get; init; } = 0.5;

    /// <summary>Shortest phase, and shortest calm between two.</summary>
    public TimeSpan MinPhase { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest phase, and longest calm between two.</summary>
    public TimeSpan MaxPhase { get; init; } = TimeSpan.FromMinutes(2);
}
