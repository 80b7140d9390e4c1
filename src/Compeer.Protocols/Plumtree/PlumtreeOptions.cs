namespace Compeer.Protocols.Plumtree;

/// <summary>Times and bounds of Plumtree. Worst case: <see cref="MaxRemembered"/> payloads, and as many missing broadcasts with the neighbours that have them.</summary>
public sealed record PlumtreeOptions
{
    /// <summary>How long a broadcast that a neighbour has may be missing before it is asked for; longer than the tree is slower than the lazy links.</summary>
    public TimeSpan MissingPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the next neighbour is waited for after one was asked.</summary>
    public TimeSpan GraftPatience { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Broadcasts remembered, so that they can be given to who asks; the oldest go first.</summary>
    public int MaxRemembered { get; init; } = 256;

    /// <summary>A lazy link that is so many steps shorter than the tree takes its place. Spec: section 3.8.</summary>
    public int OptimisationThreshold { get; init; } = 3;

    /// <summary>Longest payload taken, in bytes.</summary>
    public int MaxPayloadBytes { get; init; } = 64 * 1024;
}
