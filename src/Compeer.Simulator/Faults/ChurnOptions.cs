namespace Compeer.Simulator.Faults;

/// <summary>The shape of how long people stay.</summary>
public enum SessionShape
{
    /// <summary>Memoryless: who stayed long leaves as soon as who just came.</summary>
    Exponential,

    /// <summary>Many short and a few very long sessions (Weibull), as measured in real networks.</summary>
    Weibull,
}

/// <summary>How hosts come and go.</summary>
public sealed record ChurnOptions
{
    /// <summary>The shape of the sessions.</summary>
    public SessionShape Shape { get; init; } = SessionShape.Exponential;

    /// <summary>Weibull's k: below 1, the longer somebody stayed the longer he will.</summary>
    public double WeibullShape { get; init; } = 0.6;

    /// <summary>Half of the sessions are shorter.</summary>
    public TimeSpan MedianSession { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>Half of the absences are shorter; absences are exponential.</summary>
    public TimeSpan MedianAbsence { get; init; } = TimeSpan.FromMinutes(20);
}
