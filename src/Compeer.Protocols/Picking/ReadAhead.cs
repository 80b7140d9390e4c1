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
    private readonly int _dueAtOnce;
    private Instant _since;
    private Instant _jumpedAt;
    private int _dueEnd; // pieces before it are due since the jump

    /// <param name="options">How far and how fast.</param>
    /// <param name="first">The file's first piece.</param>
    /// <param name="end">One past its last piece.</param>
    /// <param name="pieceLengthBytes">Bytes of a piece.</param>
    public ReadAhead(ReadAheadOptions options, int first, int end, int pieceLengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pieceLengthBytes);
        (_options, Piece, _end) = (options, first, end);
        _window = (int)Math.Clamp(options.WindowBytes / pieceLengthBytes, options.MinPieces, options.MaxPieces);
        _dueAtOnce = options.DueAtOnceBytes == 0 ? 0 : (int)Math.Max(1, options.DueAtOnceBytes / pieceLengthBytes);
    }

    /// <summary>The piece at hand.</summary>
    public int Piece { get; private set; }

    /// <summary>How many pieces are in the window, the one at hand among them.</summary>
    public int Count => Math.Min(_window, _end - Piece);

    /// <summary>A piece of the window, and when it is needed.</summary>
    public (int Piece, Instant Due) this[int index] =>
        (Piece + index, Piece + index < _dueEnd ? _jumpedAt : _since + _options.Grace + (index * _options.Step));

    /// <summary>The last move led somewhere else than on; the first one counts.</summary>
    public bool HasJumped { get; private set; }

    /// <summary>Reading goes on in a piece; false when that was the one at hand already.</summary>
    public bool MoveTo(int piece, Instant now)
    {
        bool isFirst = _since == Instant.Zero;
        if (piece == Piece && !isFirst)
            return false;
        HasJumped = isFirst || piece != Piece + 1;
        (Piece, _since) = (piece, now);
        if (HasJumped)
            (_jumpedAt, _dueEnd) = (now, piece + _dueAtOnce);
        return true;
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

    /// <summary>Bytes from where a jump led (one piece at least) that are due at once, so that two peers are asked for each block; 0 for none.</summary>
    public long DueAtOnceBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// The piece at hand is needed after so long. A little longer than <see cref="PickerOptions.DeadlineMargin"/>: what the first peer
    /// does not send within the difference is asked of a second one.
    /// </summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMilliseconds(2500);

    /// <summary>Each further piece is needed so much later.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromSeconds(2);
}
