namespace Compeer.Protocols.Picking;

/// <summary>Values and bounds of a <see cref="PiecePicker"/>.</summary>
/// <remarks>
/// Worst-case memory: 24 bytes a piece, and 12 for each block of the partial pieces, which are at most twice
/// <see cref="MaxPartialBytes"/> and one piece: 128 MiB of buffered data have 96 KiB of state.
/// </remarks>
public sealed record PickerOptions
{
    /// <summary>Pieces that are picked at random before rarest-first begins, so that there is soon something to give.</summary>
    public int RandomFirst { get; init; } = 4;

    /// <summary>Pieces begun and not complete, beyond which old ones are finished before new ones are begun.</summary>
    public int MaxPartialPieces { get; init; } = 512;

    /// <summary>The same for each peer that fetches.</summary>
    public double PartialsPerPeer { get; init; } = 1.5;

    /// <summary>
    /// Bytes of pieces begun (those that wait for their verdict too), beyond which a new one is begun only for an idle peer;
    /// beyond twice this, by nobody. Four pieces are always allowed.
    /// </summary>
    public long MaxPartialBytes { get; init; } = 64 << 20;

    /// <summary>Bytes of pieces begun and not complete, beyond which old ones are finished before new ones are begun.</summary>
    public long FinishFirstBytes { get; init; } = 32 << 20;

    /// <summary>Most bytes of equally rare neighbours that a fast peer begins in a row; never more than 1/128 of the torrent.</summary>
    public long ContiguousBytes { get; init; } = 8 << 20;

    /// <summary>Most pieces with a deadline at a time.</summary>
    public int MaxDeadlines { get; init; } = 4096;

    /// <summary>This long before its deadline a piece's blocks are asked of a second peer too.</summary>
    public TimeSpan DeadlineMargin { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Places of the rarity order looked at for one piece before falling back to the bits in common with the peer.</summary>
    public int MaxProbes { get; init; } = 256;
}
