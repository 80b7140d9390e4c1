namespace Compeer.Protocols.Picking;

/// <summary>What the owner of a connection knows that the picker does not.</summary>
public readonly record struct PickHints
{
    /// <summary>It has not answered for long: it gets the most common pieces, which are missed least.</summary>
    public bool IsSnubbed { get; init; }

    /// <summary>It fetches whole pieces alone, so that a bad one has one author.</summary>
    public bool IsOnParole { get; init; }

    /// <summary>Fast enough to keep a piece to itself.</summary>
    public bool WantsWholePieces { get; init; }

    /// <summary>It chokes us: only these pieces may be asked for.</summary>
    public IReadOnlySet<int>? Only { get; init; }

    /// <summary>It owes us nothing at the moment, which end-game asks for.</summary>
    public bool IsIdle { get; init; }

    /// <summary>Pieces that it would like to be asked for (BEP 6); the first 16 are looked at.</summary>
    public IReadOnlyList<int>? Suggested { get; init; }
}

/// <summary>What an arriving block did.</summary>
public enum BlockOutcome
{
    /// <summary>It is new.</summary>
    Accepted,

    /// <summary>It is new and its piece is now whole.</summary>
    PieceComplete,

    /// <summary>We have it already, or it is no block of a piece that we fetch: drop it.</summary>
    Duplicate,
}

/// <summary>The order in which new pieces are begun.</summary>
public enum PickMode
{
    /// <summary>The rarest first.</summary>
    RarestFirst,

    /// <summary>From the first to the last.</summary>
    Sequential,
}
