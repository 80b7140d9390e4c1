using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>
/// Decides which blocks to ask whom for. Knows peers only as small numbers and sets of pieces. Finishes pieces that are
/// begun before it begins others, begins the rarest first, and near the end asks a second peer for what is late.
/// Spec: BEP 3 (rarest first, end-game), BEP 6 (suggested and allowed-fast pieces).
/// </summary>
/// <remarks>
/// A peer's number (0 or more) must not be given to another while blocks of the first are unverified. Single-threaded, no
/// clock. Picking allocates nothing once its pools are warm (an allowed-fast pick while choked makes one enumerator) and
/// never walks all pieces: it takes a few steps for each block, and at most one for 64 pieces when a peer has little to
/// offer. Bounds are in <see cref="PickerOptions"/>. This part: pieces and their states.
/// </remarks>
public sealed partial class PiecePicker
{
    /// <summary>The most urgent priority; 0 is unwanted.</summary>
    public const int MaxPriority = 7;

    /// <summary>Every piece begins with this priority.</summary>
    public const int DefaultPriority = 4;

    /// <summary>So many pieces may be in progress whatever their size.</summary>
    private const int FewPartials = 4;

    private readonly PickerOptions _options;
    private readonly Func<int, int> _lengthAt;
    private readonly Random _random;
    private readonly byte[] _priority;
    private readonly PieceSet _missing; // wanted and not verified
    private readonly PartialPiece?[] _partialAt;
    private readonly List<PartialPiece> _partials = [];
    private readonly List<PartialPiece> _open = []; // those with free blocks that are wanted
    private readonly Stack<PartialPiece> _spare = [];
    private readonly HashSet<int> _failedMixed = []; // pieces to fetch from one peer alone
    private readonly DeadlineList _deadlines;
    private readonly long _contiguousBytes;
    private readonly int _piecesInRun;
    private long _missingBytes;        // of the pieces in _missing
    private long _receivedWantedBytes; // of blocks in progress in those pieces
    private long _partialBytes;        // of all pieces in progress
    private long _unfinishedBytes;     // of those that are not complete
    private int _unfinished;

    /// <param name="options">Values and bounds.</param>
    /// <param name="pieceCount">Pieces of the torrent; all are wanted at first.</param>
    /// <param name="lengthAt">Bytes to fetch of each piece, positive and always the same.</param>
    /// <param name="random">Breaks ties.</param>
    public PiecePicker(PickerOptions options, int pieceCount, Func<int, int> lengthAt, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(lengthAt);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegative(pieceCount);
        (_options, _lengthAt, _random) = (options, lengthAt, random);
        _priority = new byte[pieceCount];
        Array.Fill(_priority, (byte)DefaultPriority);
        Have = new PieceSet(pieceCount);
        _missing = new PieceSet(pieceCount);
        _missing.AddAll();
        _partialAt = new PartialPiece?[pieceCount];
        _deadlines = new DeadlineList(options.MaxDeadlines);
        _availability = new int[pieceCount];
        _keys = new short[pieceCount];
        Array.Fill(_keys, (short)-1);
        _order = new RarityOrder(pieceCount, MaxPriority * RarityLevels, random);
        _startable = new StartablePieces(pieceCount);
        for (int piece = 0; piece < pieceCount; piece++)
        {
            _missingBytes += lengthAt(piece);
            Refresh(piece);
        }
        _contiguousBytes = Math.Min(options.ContiguousBytes, _missingBytes / 128);
        _piecesInRun = pieceCount == 0 ? 1 : (int)Math.Max(1, _contiguousBytes / lengthAt(0));
    }

    /// <summary>Pieces that are verified; a view, changed by <see cref="PieceVerified"/> and <see cref="PieceLost"/> only.</summary>
    public PieceSet Have { get; }

    /// <summary>Says which of equally rare pieces to begin with; null leaves it to chance.</summary>
    public PieceShares? Shares { get; init; }

    /// <summary>Pieces of the torrent.</summary>
    public int PieceCount => _priority.Length;

    /// <summary>Wanted pieces that are not verified.</summary>
    public int MissingCount => _missing.Count;

    /// <summary>Every wanted piece is verified.</summary>
    public bool IsComplete => _missing.Count == 0;

    /// <summary>Bytes of wanted pieces that have not arrived yet, asked for or not.</summary>
    public long WantedBytesLeft => _missingBytes - _receivedWantedBytes;

    /// <summary>Pieces begun and not verified.</summary>
    public int PartialCount => _partials.Count;

    /// <summary>Blocks that some peer is asked for and that are not here.</summary>
    public int InFlightBlocks { get; private set; }

    /// <summary>Bytes of <see cref="InFlightBlocks"/>.</summary>
    public long InFlightBytes { get; private set; }

    /// <summary>Blocks that two peers are asked for at present.</summary>
    public int DoubledBlocks { get; private set; }

    /// <summary>So much is begun that busy peers begin nothing further: verdicts are late, or peers left pieces unfinished.</summary>
    public bool IsAtPartialLimit => _partials.Count >= FewPartials && _partialBytes >= _options.MaxPartialBytes;

    /// <summary>The order in which new pieces are begun.</summary>
    public PickMode Mode { get; set; }

    /// <summary>0 when unwanted, 1..7 when wanted ever more.</summary>
    public int PriorityOf(int piece) => _priority[piece];

    /// <summary>Whether a piece is wanted.</summary>
    public bool IsWanted(int piece) => _priority[piece] > 0;

    /// <summary>Whether a piece is begun and not verified.</summary>
    public bool IsPartial(int piece) => _partialAt[piece] is not null;

    /// <summary>Whether somebody with these pieces has something we want.</summary>
    public bool IsInteresting(PieceSet pieces) => _missing.Overlaps(pieces);

    /// <summary>Who sent each block of a piece that is begun, -1 for blocks that are not here; read it before the verdict is told.</summary>
    public ReadOnlySpan<int> SourcesOf(int piece) => _partialAt[piece] is { } partial ? partial.Sources : default;

    /// <summary>0 is unwanted, 1..7 wanted ever more. Blocks on their way for an unwanted piece are still accepted.</summary>
    public void SetPriority(int piece, int priority)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)priority, (uint)MaxPriority, nameof(priority));
        if (_priority[piece] == priority)
            return;
        _priority[piece] = (byte)priority;
        if (priority == 0)
            _deadlines.Remove(piece);
        Refresh(piece);
    }

    /// <summary>
    /// A wanted piece should be here by then: it is picked before all others, and blocks that are late are asked of a second
    /// peer. <see cref="Instant.Never"/> takes the deadline back. False when the piece is unwanted or here, or too many have deadlines.
    /// </summary>
    public bool SetDeadline(int piece, Instant deadline) =>
        deadline == Instant.Never ? _deadlines.Set(piece, deadline) : _missing[piece] && _deadlines.Set(piece, deadline);

    /// <summary>Adds the pieces whose deadline is so near that two peers are asked for each block.</summary>
    public void CopyDue(Instant now, ISet<int> pieces)
    {
        for (int i = 0; i < _deadlines.Count && now + _options.DeadlineMargin >= _deadlines[i].Due; i++)
            pieces.Add(_deadlines[i].Piece);
    }

    /// <summary>A piece is verified and kept, whether or not it was picked here.</summary>
    public void PieceVerified(int piece)
    {
        if (!Have.Add(piece))
            return;
        Close(piece);
        _failedMixed.Remove(piece);
        _deadlines.Remove(piece);
        Refresh(piece);
    }

    /// <summary>A piece was wrong, or its blocks are gone: all of it is to be fetched again, from one peer alone if asked so.</summary>
    public void PieceFailed(int piece, bool fromOnePeer)
    {
        if (fromOnePeer && !Have[piece])
            _failedMixed.Add(piece);
        else
            _failedMixed.Remove(piece);
        Close(piece);
        Refresh(piece);
    }

    /// <summary>A verified piece is not there any more.</summary>
    public void PieceLost(int piece)
    {
        if (Have.Remove(piece))
            Refresh(piece);
    }

    /// <summary>
    /// Gives up the begun piece that waits for neither request nor verdict and has the fewest blocks, to make room at
    /// <see cref="IsAtPartialLimit"/>; the caller drops its blocks. False when there is none.
    /// </summary>
    public bool TryDropPartial(out int piece)
    {
        PartialPiece? least = null;
        foreach (PartialPiece partial in _partials)
        {
            if (partial.InFlight == 0 && !partial.IsComplete && (least is null || partial.Received < least.Received))
                least = partial;
        }
        piece = least?.Piece ?? -1;
        if (least is null)
            return false;
        Close(piece);
        Refresh(piece);
        return true;
    }

    /// <summary>Begins a piece for a peer; null when too much is begun.</summary>
    private PartialPiece? Begin(int piece, int owner, bool isExclusive, bool isIdle)
    {
        int length = _lengthAt(piece);
        long limit = isIdle ? 2 * _options.MaxPartialBytes : _options.MaxPartialBytes;
        if (_partials.Count >= FewPartials && _partialBytes + length > limit)
            return null;
        PartialPiece partial = _spare.Count > 0 ? _spare.Pop() : new PartialPiece();
        partial.Begin(piece, length);
        (partial.Owner, partial.IsExclusive) = (owner, isExclusive);
        partial.Index = _partials.Count;
        _partials.Add(partial);
        _partialAt[piece] = partial;
        _partialBytes += length;
        _unfinishedBytes += length;
        _unfinished++;
        Refresh(piece);
        return partial;
    }

    /// <summary>Forgets the progress of a piece; the caller refreshes it.</summary>
    private void Close(int piece)
    {
        if (_partialAt[piece] is not { } partial)
            return;
        InFlightBlocks -= partial.InFlight;
        InFlightBytes -= partial.InFlightBytes;
        DoubledBlocks -= partial.Doubled;
        if (_missing[piece])
            _receivedWantedBytes -= partial.ReceivedBytes;
        _partialBytes -= partial.LengthBytes;
        if (!partial.IsComplete)
            CountFinished(partial);
        Unlist(partial);
        PartialPiece last = _partials[^1];
        _partials[partial.Index] = last;
        last.Index = partial.Index;
        _partials.RemoveAt(_partials.Count - 1);
        _partialAt[piece] = null;
        _spare.Push(partial);
    }

    private void CountFinished(PartialPiece partial)
    {
        _unfinishedBytes -= partial.LengthBytes;
        _unfinished--;
    }

    /// <summary>Brings every index in line with the state of one piece.</summary>
    private void Refresh(int piece)
    {
        bool wanted = _priority[piece] > 0 && !Have[piece];
        PartialPiece? partial = _partialAt[piece];
        if (wanted != _missing[piece])
        {
            int sign = wanted ? 1 : -1;
            _missingBytes += sign * _lengthAt(piece);
            _receivedWantedBytes += sign * (partial?.ReceivedBytes ?? 0);
            _ = wanted ? _missing.Add(piece) : _missing.Remove(piece);
        }
        if (partial is not null)
        {
            if (wanted && partial.Free > 0)
                List(partial);
            else
                Unlist(partial);
        }
        SetKey(piece, wanted && partial is null ? KeyOf(piece) : (short)-1);
    }

    private void List(PartialPiece partial)
    {
        if (partial.OpenIndex >= 0)
            return;
        partial.OpenIndex = _open.Count;
        _open.Add(partial);
    }

    private void Unlist(PartialPiece partial)
    {
        if (partial.OpenIndex < 0)
            return;
        PartialPiece last = _open[^1];
        _open[partial.OpenIndex] = last;
        last.OpenIndex = partial.OpenIndex;
        _open.RemoveAt(_open.Count - 1);
        partial.OpenIndex = -1;
    }
}
