namespace Compeer.Protocols.Choking;

/// <summary>A peer that could be served, as the choker sees it.</summary>
public sealed record ChokeCandidate
{
    /// <summary>The peer.</summary>
    public required int Peer { get; init; }

    /// <summary>It wants something of ours. Others are never unchoked.</summary>
    public bool IsInterested { get; init; }

    /// <summary>It has something that we want: from such a peer something is expected in return.</summary>
    public bool IsInteresting { get; init; }

    /// <summary>We serve it now.</summary>
    public bool IsUnchoked { get; init; }

    /// <summary>Payload it gave us since the last round, in bytes.</summary>
    public long ReceivedInRound { get; init; }

    /// <summary>Payload we gave it since it was unchoked, in bytes.</summary>
    public long SentInTurn { get; init; }

    /// <summary>When we last began to serve it; zero for never.</summary>
    public Instant UnchokedAt { get; init; }

    /// <summary>When we last stopped, or when it came.</summary>
    public Instant ChokedAt { get; init; }

    /// <summary>It owes us blocks for too long; it gets the optimistic slot only.</summary>
    public bool IsSnubbing { get; init; }
}
