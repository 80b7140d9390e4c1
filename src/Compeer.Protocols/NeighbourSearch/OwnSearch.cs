namespace Compeer.Protocols.NeighbourSearch;

/// <summary>A search of ours that is under way.</summary>
internal sealed class OwnSearch<TPeer>
    where TPeer : struct, IEquatable<TPeer>
{
    /// <summary>The number that the application knows it by.</summary>
    public ulong First { get; init; }

    public ulong Query { get; set; }

    public ulong Item { get; init; }

    public int TimeToLive { get; set; }

    public int LastTimeToLive { get; init; }

    public bool IsFound { get; set; }

    /// <summary>How many walk; 0 when it is asked of all.</summary>
    public int Walkers { get; init; }

    /// <summary>Walkers that are on their way, by the number that each has.</summary>
    public Dictionary<ulong, Walker> Walks { get; } = [];

    /// <summary>The nearest hit so far, and how many walkers had it at that step.</summary>
    public (SearchMessage<TPeer> Hit, int Count)? Nearest { get; set; }

    public Instant Deadline { get; set; } = Instant.Never;

    /// <summary>A walker as its origin knows it.</summary>
    /// <param name="At">Who asked last whether it may go on; null when nobody has.</param>
    /// <param name="Message">What goes on from there.</param>
    /// <param name="Heard">When it was sent on.</param>
    /// <param name="Restarts">How often it was lost.</param>
    /// <param name="InARow">How often since somebody was heard of.</param>
    public readonly record struct Walker(TPeer? At, SearchMessage<TPeer> Message, Instant Heard, int Restarts, int InARow);
}
