namespace Compeer.Protocols.Kademlia;

/// <summary>Bounds and timers of a lookup. Worst case: <see cref="MaxCandidates"/> times <see cref="Paths"/> candidates of about 100 bytes.</summary>
public sealed record LookupOptions
{
    /// <summary>Nearest contacts that must have answered (k).</summary>
    public int Closest { get; init; } = 8;

    /// <summary>Questions under way at once on each path (alpha).</summary>
    public int Parallel { get; init; } = 5;

    /// <summary>Paths that share no contact; more than one costs more questions and withstands liars. Spec: S/Kademlia (2007), section 4.4.</summary>
    public int Paths { get; init; } = 1;

    /// <summary>Candidates kept on each path.</summary>
    public int MaxCandidates { get; init; } = 100;

    /// <summary>After so long without an answer one more question may be under way.</summary>
    public TimeSpan ShortTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After so long without an answer the lookup goes on without it; a late answer still counts while the lookup lasts.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);
}
