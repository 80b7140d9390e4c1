namespace Compeer.Protocols.Plumtree;

/// <summary>Times and bounds of Plumtree. Worst case: <see cref="MaxRemembered"/> payloads, and as many missing broadcasts with the neighbours that have them.</summary>
public sealed record PlumtreeOptions
{
    /// <summary>How long a broadcast that a neighbour has may be missing before it is asked for. Longer than a broadcast takes along the tree, else the tree is undone by haste.</summary>
    public TimeSpan MissingPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the next neighbour is waited for after one was asked.</summary>
    public TimeSpan GraftPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Broadcasts remembered, so that they can be given to who asks; the oldest go first.</summary>
    public int MaxRemembered { get; init; } = 256;

    /// <summary>
    /// A lazy link that is so many steps shorter than the tree takes its place. Spec: section 3.8. A tree that serves every sender has ways of up to twice
    /// its depth, about 24 steps among 10,000 nodes: lower values would pull it to and fro with each sender, at a price in payloads, and shorten no way.
    /// </summary>
    public int OptimisationThreshold { get; init; } = 24;

    /// <summary>Longest payload taken, in bytes.</summary>
    public int MaxPayloadBytes { get; init; } = 64 * 1024;
}
