namespace Compeer.Protocols.Picking;

/// <summary>
/// The pieces that somebody who reads a file while it is still fetched needs next, and when: the one at hand soon, those behind it
/// one after the other. To be given to <see cref="PiecePicker.SetDeadline"/>. Single-threaded, no clock.
/// </summary>
public sealed class ReadAhead
{
    private readonly ReadAheadOptions _options;
    private readonly int _end;
    private readonly int _window;
    private Instant _since;

    /// <param name="options">How far and how fast.</param>
    /// <param name="first">The file's first piece.</param>
    /// <param name="end">One past its last piece.</param>
    /// <param name="pieceLengthBytes">Bytes of a piece.</param>
    public ReadAhead(ReadAheadOptions options, int first, int end, int pieceLengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pieceLengthBytes);
        (_options, Piece, _end) = (options, first, end);
        _window = (int)Math.Clamp(options.WindowBytes / pieceLengthBytes, options.MinPieces, options.MaxPieces);
    }

    /// <summary>The piece at hand.</summary>
    public int Piece { get; private set; }

    /// <summary>How many pieces are in the window, the one at hand among them.</summary>
    public int Count => Math.Min(_window, _end - Piece);

    /// <summary>A piece of the window, and when it is needed.</summary>
    public (int Piece, Instant Due) this[int index] => (Piece + index, _since + _options.Grace + (index * _options.Step));

    /// <summary>Reading goes on in a piece; false when that was the one at hand already.</summary>
    public bool MoveTo(int piece, Instant now)
    {
        bool moved = piece != Piece || _since == Instant.Zero;
        if (moved)
            (Piece, _since) = (piece, now);
        return moved;
    }
}

/// <summary>Values and bounds of <see cref="ReadAhead"/>.</summary>
public sealed record ReadAheadOptions
{
    /// <summary>Bytes from the piece at hand on that are fetched before all else.</summary>
    public long WindowBytes { get; init; } = 16 << 20;

    /// <summary>Pieces in a window, however large they are.</summary>
    public int MinPieces { get; init; } = 3;

    /// <summary>Pieces in a window, however small they are.</summary>
    public int MaxPieces { get; init; } = 1024;

    /// <summary>
    /// The piece at hand is needed after so long. A little longer than <see cref="PickerOptions.DeadlineMargin"/>: what the first peer
    /// does not send within the difference is asked of a second one.
    /// </summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMilliseconds(2500);

    /// <summary>Each further piece is needed so much later.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromSeconds(2);
}
