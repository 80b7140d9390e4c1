namespace Compeer.Protocols.NeighbourSearch;

/// <summary>Bounds of a search among neighbours. Worst case: about 40 bytes a question remembered, 200 a question kept for neighbours that come late, and a table of 8 KiB a neighbour.</summary>
public sealed record SearchOptions
{
    /// <summary>Most neighbours.</summary>
    public int MaxNeighbours { get; init; } = 128;

    /// <summary>Questions of others that are remembered, so that none is answered twice; the oldest go first.</summary>
    public int MaxRemembered { get; init; } = 1024;

    /// <summary>A question that wants to be passed on more often is cut to this.</summary>
    public int MaxTimeToLive { get; init; } = 7;

    /// <summary>
    /// A flooded question is asked of neighbours, too, that come within so long after it passed: where many have died at once, it would else end at their
    /// places, which are soon filled.
    /// </summary>
    public TimeSpan AsksLateNeighboursFor { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Questions that are kept for neighbours that come late, the newest ones; 0 keeps none.</summary>
    public int MaxPassedOn { get; init; } = 256;

    /// <summary>A walker that wants to go farther is cut to this.</summary>
    public int MaxWalk { get; init; } = 1024;

    /// <summary>A walker asks its origin once in so many steps whether to go on. Spec: Lv et al. (2002), section 4.2.</summary>
    public int CheckEvery { get; init; } = 4;

    /// <summary>A walker that does not ask for so long is lost, and goes on from where it was last heard of; so long pointers of a search wait, too.</summary>
    public TimeSpan WalkerPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a walker may be lost before it is given up; 0 when none is sent on again.</summary>
    public int WalkerRestarts { get; init; } = 16;

    /// <summary>Our own searches at once; the oldest is given up for a further one.</summary>
    public int MaxSearches { get; init; } = 64;

    /// <summary>Whether a question goes at the last step only to neighbours whose table may have it.</summary>
    public bool UsesTables { get; init; } = true;

    /// <summary>A leaf passes nothing on: others keep its table and answer for what it lacks.</summary>
    public bool IsLeaf { get; init; }

    /// <summary>
    /// Pointers left for each node that walkers asked for one hit, on nodes that another walk passes; 0 leaves none. Since rare things take longer to
    /// find, each item comes to have as many as the root of how often it is asked for, with which walks cost least. Spec: Lv et al. (2002), section 5.
    /// </summary>
    public double PointersPerStep { get; init; }

    /// <summary>Pointers kept; the oldest go first. They are hearsay: who follows one sees whether it is true.</summary>
    public int MaxPointers { get; init; } = 1024;

    /// <summary>How long an expanding ring waits before it asks again, farther.</summary>
    public TimeSpan RingPatience { get; init; } = TimeSpan.FromSeconds(2);
}
