namespace Compeer.Protocols.HyParView;

/// <summary>Sizes and times of HyParView. Worst case: the two views, the neighbours that were lost, and one message a neighbour.</summary>
/// <remarks>Spec: Leitão et al., "HyParView" (2007), section 5.1 for the values.</remarks>
public sealed record HyParViewOptions
{
    /// <summary>Neighbours (active view): connections that are open.</summary>
    public int ActiveView { get; init; } = 5;

    /// <summary>Nodes kept for when neighbours fail.</summary>
    public int PassiveView { get; init; } = 30;

    /// <summary>Steps that news of a new node goes (ARWL).</summary>
    public int ActiveWalk { get; init; } = 6;

    /// <summary>At so many steps left it enters passive views (PRWL).</summary>
    public int PassiveWalk { get; init; } = 3;

    /// <summary>Neighbours told in a shuffle (ka).</summary>
    public int ShuffleActive { get; init; } = 3;

    /// <summary>Others told in a shuffle (kp).</summary>
    public int ShufflePassive { get; init; } = 4;

    /// <summary>How often nodes are exchanged.</summary>
    public TimeSpan ShuffleEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a node with too few neighbours asks for one more.</summary>
    public TimeSpan PromoteEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Neighbours remembered whose connection broke; the oldest go first.</summary>
    public int MaxLost { get; init; } = 10;

    /// <summary>How often one of them is tried again; a node without neighbours tries as often as it would shuffle.</summary>
    public TimeSpan RetryLostEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>For how long a lost neighbour is tried again.</summary>
    public TimeSpan ForgetLostAfter { get; init; } = TimeSpan.FromHours(1);
}
