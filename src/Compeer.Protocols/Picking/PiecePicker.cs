using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>
/// Decides which blocks to ask whom for. Knows peers only as small numbers and sets of pieces. Finishes pieces that are
/// begun before it begins others, begins the rarest first, and near the end asks a second peer for what is late.
/// Single-threaded; allocates nothing per block once it has grown.
/// </summary>
public sealed class PiecePicker
{
    private readonly PickerOptions _options;
    private readonly Func<int, int> _lengthAt;
    private readonly Random _random;
    private readonly RarityOrder _order;
    private readonly short[] _availability;
    private readonly byte[] _priority;
    private readonly Dictionary<int, PartialPiece> _partials = [];
    private readonly List<PartialPiece> _open = [];
    private readonly Stack<PartialPiece> _spare = new();
    private readonly List<(int Piece, Instant Deadline)> _deadlines = [];
    private readonly PieceSet _missing;
    private long _partialBytes;
    private int _freeInPartials;
    private int _sequentialCursor;

    /// <param name="options">Values.</param>
    /// <param name="pieceCount">Pieces of the torrent; all are wanted at first.</param>
    /// <param name="lengthAt">Bytes to fetch of each piece.</param>
    /// <param name="random">Breaks ties.</param>
    public PiecePicker(PickerOptions options, int pieceCount, Func<int, int> lengthAt, Random random)
    {
        _options = options;
        _lengthAt = lengthAt;
        _random = random;
        _order = new RarityOrder(pieceCount, random);
        _availability = new short[pieceCount];
        _priority = new byte[pieceCount];
        _missing = new PieceSet(pieceCount);
        Have = new PieceSet(pieceCount);
        Array.Fill(_priority, (byte)4);
        _missing.AddAll();
        int[] shuffled = [.. Enumerable.Range(0, pieceCount)];
        random.Shuffle(shuffled);
        _order.Fill(shuffled, 4);
    }

    /// <summary>Pieces that are verified.</summary>
    public PieceSet Have { get; }

    /// <summary>Wanted pieces that are not verified.</summary>
    public int MissingCount => _missing.Count;

    /// <summary>Every wanted piece is verified.</summary>
    public bool IsComplete => _missing.Count == 0;

    /// <summary>Pieces begun and not verified.</summary>
    public int PartialCount => _partials.Count;

    /// <summary>The order in which new pieces are begun.</summary>
    public PickMode Mode { get; set; }

    /// <summary>How many connected peers have a piece, seeds left out.</summary>
    public int Availability(int piece) => _availability[piece];

    /// <summary>Whether a piece is wanted.</summary>
    public bool IsWanted(int piece) => _priority[piece] > 0;

    /// <summary>Whether somebody with these pieces has something we want.</summary>
    public bool IsInteresting(PieceSet pieces) => _missing.Overlaps(pieces);

    /// <summary>0 is unwanted, 1..7 wanted ever more.</summary>
    public void SetPriority(int piece, int priority)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)priority, 7u, nameof(priority));
        _priority[piece] = (byte)priority;
        if (Have[piece])
            return;
        if (priority > 0)
            _missing.Add(piece);
        else
            _missing.Remove(piece);
        Requeue(piece);
    }

    /// <summary>A wanted piece should be here by then; blocks that are late are asked of a second peer.</summary>
    public void SetDeadline(int piece, Instant deadline)
    {
        ClearDeadline(piece);
        if (!Have[piece])
            _deadlines.Add((piece, deadline));
        _deadlines.Sort((a, b) => a.Deadline.CompareTo(b.Deadline));
    }

    /// <summary>A peer with these pieces came. The caller leaves out peers that come with everything: they make no piece rarer than another.</summary>
    public void PeerJoined(PieceSet pieces) => CountAll(pieces, 1);

    /// <summary>A peer with these pieces went.</summary>
    public void PeerLeft(PieceSet pieces) => CountAll(pieces, -1);

    /// <summary>A peer counted by <see cref="PeerJoined"/> has one piece more.</summary>
    public void PeerGained(int piece) => Count(piece, 1);

    /// <summary>A peer counted by <see cref="PeerJoined"/> has one piece less.</summary>
    public void PeerLost(int piece) => Count(piece, -1);

    /// <summary>
    /// Chooses blocks for a peer and marks them as asked of it.
    /// </summary>
    /// <returns>How many of <paramref name="requests"/> were filled.</returns>
    public int Pick(int peer, PieceSet pieces, in PickHints hints, Instant now, Span<BlockRequest> requests)
    {
        int count = 0;
        PickDeadlines(peer, pieces, hints, now, requests, ref count);
        PickPartials(peer, pieces, hints, own: true, requests, ref count);
        while (count < requests.Length && MayBegin(hints) && TryBegin(peer, pieces, hints) is { } begun)
            TakeFree(begun, peer, requests, ref count);
        if (count < requests.Length && !hints.IsOnParole)
            PickPartials(peer, pieces, hints, own: false, requests, ref count);
        if (count == 0 && hints is { IsIdle: true, IsOnParole: false } && _freeInPartials == 0 && IsEverythingRequested(pieces))
            PickBusy(peer, pieces, hints, requests, ref count);
        return count;
    }

    /// <summary>A block arrived. <paramref name="cancelAt"/>: a second peer that was asked for it, or -1.</summary>
    public BlockOutcome OnBlock(int peer, int piece, int begin, int length, out int cancelAt)
    {
        cancelAt = -1;
        if (Have[piece])
            return BlockOutcome.Duplicate;
        if (!_partials.TryGetValue(piece, out PartialPiece? partial))
            partial = Begin(piece);
        int block = begin / BlockRequest.BlockBytes;
        int freeBefore = partial.Free;
        bool isNew = begin % BlockRequest.BlockBytes == 0 && length == BlockLength(partial, block) && partial.Take(peer, block, out cancelAt);
        _freeInPartials += partial.Free - freeBefore;
        if (!isNew)
            return BlockOutcome.Duplicate;
        if (!partial.IsWhole)
            return BlockOutcome.Accepted;
        _open.Remove(partial);
        return BlockOutcome.PieceComplete;
    }

    /// <summary>A peer will not send a block that was picked for it.</summary>
    public void OnRequestLost(int peer, BlockRequest request)
    {
        if (!_partials.TryGetValue(request.Index, out PartialPiece? partial))
            return;
        int freeBefore = partial.Free;
        partial.Release(peer, request.Begin / BlockRequest.BlockBytes);
        _freeInPartials += partial.Free - freeBefore;
    }

    /// <summary>A peer is gone; its number may be used again. Returns false when blocks of a piece had to be dropped: see <paramref name="dropped"/>.</summary>
    public void PeerGone(int peer, List<int> dropped)
    {
        foreach (PartialPiece partial in _open)
        {
            int freeBefore = partial.Free;
            int receivedBefore = partial.Received;
            partial.ReleaseAll(peer);
            _freeInPartials += partial.Free - freeBefore;
            if (partial.Received < receivedBefore)
                dropped.Add(partial.Index);
        }
    }

    /// <summary>Who sent each block of a piece that is begun.</summary>
    public ReadOnlySpan<int> SourcesOf(int piece) => _partials.TryGetValue(piece, out PartialPiece? partial) ? partial.Sources : default;

    /// <summary>A piece is verified and kept, whether or not it was picked here.</summary>
    public void PieceVerified(int piece)
    {
        EndPartial(piece);
        if (!Have.Add(piece))
            return;
        _missing.Remove(piece);
        ClearDeadline(piece);
        Requeue(piece);
    }

    /// <summary>A whole piece was wrong, or its blocks are gone: all of it is to be fetched again, from one peer alone if asked so.</summary>
    public void PieceFailed(int piece, bool fromOnePeer)
    {
        if (!_partials.TryGetValue(piece, out PartialPiece? partial))
            return;
        _freeInPartials -= partial.Free;
        partial.FreeAll();
        partial.IsExclusive = fromOnePeer;
        _freeInPartials += partial.Free;
        if (!_open.Contains(partial))
            _open.Add(partial);
    }

    /// <summary>A verified piece is not there any more.</summary>
    public void PieceLost(int piece)
    {
        if (!Have.Remove(piece))
            return;
        if (_priority[piece] > 0)
            _missing.Add(piece);
        _sequentialCursor = Math.Min(_sequentialCursor, piece);
        Requeue(piece);
    }

    private static int BlockLength(PartialPiece partial, int block) =>
        block >= partial.BlockCount ? -1 : Math.Min(BlockRequest.BlockBytes, partial.LengthBytes - block * BlockRequest.BlockBytes);

    private void PickDeadlines(int peer, PieceSet pieces, in PickHints hints, Instant now, Span<BlockRequest> requests, ref int count)
    {
        for (int i = 0; i < _deadlines.Count && count < requests.Length; i++)
        {
            (int piece, Instant deadline) = _deadlines[i];
            if (!pieces[piece] || !IsWanted(piece) || hints.IsOnParole || hints.Only?.Contains(piece) == false)
                continue;
            if (!_partials.TryGetValue(piece, out PartialPiece? partial))
                partial = Begin(piece);
            TakeFree(partial, peer, requests, ref count);
            if (partial.Free == 0 && now >= deadline)
                TakeBusy(partial, peer, requests, ref count);
        }
    }

    private void PickPartials(int peer, PieceSet pieces, in PickHints hints, bool own, Span<BlockRequest> requests, ref int count)
    {
        if (_freeInPartials == 0)
            return;
        for (int i = 0; i < _open.Count && count < requests.Length; i++)
        {
            PartialPiece partial = _open[i];
            if (partial.Free == 0 || !pieces[partial.Index] || !IsWanted(partial.Index) || hints.Only?.Contains(partial.Index) == false)
                continue;
            if (partial.IsExclusive && partial.Owner < 0 && partial.Received == 0)
                partial.Owner = peer;
            bool mine = partial.Owner == peer;
            if (hints.IsOnParole ? !mine : partial.IsExclusive ? !mine : own ? !mine && (partial.Owner >= 0 || hints.WantsWholePieces) : mine)
                continue;
            TakeFree(partial, peer, requests, ref count);
        }
    }

    private bool MayBegin(in PickHints hints) =>
        (_partials.Count < _options.MaxPartialPieces && _partialBytes < _options.MaxPartialBytes) || (_freeInPartials == 0 && !hints.IsSnubbed);

    private PartialPiece? TryBegin(int peer, PieceSet pieces, in PickHints hints)
    {
        int piece = Mode == PickMode.Sequential ? NextInOrder(pieces, hints) : NextRare(pieces, hints);
        if (piece < 0)
            return null;
        PartialPiece begun = Begin(piece);
        if (hints.WantsWholePieces || hints.IsOnParole)
            begun.Owner = peer;
        begun.IsExclusive = hints.IsOnParole;
        return begun;
    }

    private int NextRare(PieceSet pieces, in PickHints hints)
    {
        if (_order.Count == 0)
            return -1;
        bool random = Have.Count < _options.RandomFirst;
        int start = random ? _random.Next(_order.Count) : 0;
        for (int i = 0; i < _order.Count; i++)
        {
            int place = hints.IsSnubbed ? _order.Count - 1 - i : (start + i) % _order.Count;
            int piece = _order[place];
            if (pieces[piece] && hints.Only?.Contains(piece) != false)
                return piece;
        }
        return -1;
    }

    private int NextInOrder(PieceSet pieces, in PickHints hints)
    {
        while (_sequentialCursor < _missing.Length && !_missing[_sequentialCursor])
            _sequentialCursor++;
        for (int piece = _sequentialCursor; piece < _missing.Length; piece++)
        {
            if (_missing[piece] && _order.Contains(piece) && pieces[piece] && hints.Only?.Contains(piece) != false)
                return piece;
        }
        return -1;
    }

    /// <summary>End-game is strict: nothing this peer could give is still free.</summary>
    private bool IsEverythingRequested(PieceSet pieces)
    {
        for (int i = 0; i < _order.Count; i++)
        {
            if (pieces[_order[i]])
                return false;
        }
        return true;
    }

    private void PickBusy(int peer, PieceSet pieces, in PickHints hints, Span<BlockRequest> requests, ref int count)
    {
        int start = _open.Count == 0 ? 0 : _random.Next(_open.Count);
        for (int i = 0; i < _open.Count && count == 0; i++)
        {
            PartialPiece partial = _open[(start + i) % _open.Count];
            if (pieces[partial.Index] && IsWanted(partial.Index) && !partial.IsExclusive && hints.Only?.Contains(partial.Index) != false)
                TakeBusy(partial, peer, requests[..1], ref count);
        }
    }

    private void TakeFree(PartialPiece partial, int peer, Span<BlockRequest> requests, ref int count)
    {
        int block = 0;
        while (count < requests.Length && (block = partial.TakeFree(peer, block)) >= 0)
        {
            _freeInPartials--;
            requests[count++] = Request(partial, block++);
        }
    }

    private static void TakeBusy(PartialPiece partial, int peer, Span<BlockRequest> requests, ref int count)
    {
        int block = 0;
        while (count < requests.Length && (block = partial.TakeBusy(peer, block)) >= 0)
            requests[count++] = Request(partial, block++);
    }

    private static BlockRequest Request(PartialPiece partial, int block) =>
        new(partial.Index, block * BlockRequest.BlockBytes, BlockLength(partial, block));

    private PartialPiece Begin(int piece)
    {
        if (!_spare.TryPop(out PartialPiece? partial))
            partial = new PartialPiece();
        partial.Reset(piece, _lengthAt(piece), BlockRequest.BlockBytes);
        _partials[piece] = partial;
        _open.Add(partial);
        _partialBytes += partial.LengthBytes;
        _freeInPartials += partial.Free;
        Requeue(piece);
        return partial;
    }

    private void EndPartial(int piece)
    {
        if (!_partials.Remove(piece, out PartialPiece? partial))
            return;
        _partialBytes -= partial.LengthBytes;
        _freeInPartials -= partial.Free;
        _open.Remove(partial);
        if (_spare.Count < 64)
            _spare.Push(partial);
    }

    /// <summary>In the order are the pieces that are wanted, missing and not begun.</summary>
    private void Requeue(int piece)
    {
        bool belongs = !Have[piece] && _priority[piece] > 0 && !_partials.ContainsKey(piece);
        if (belongs && _order.Contains(piece))
            _order.Update(piece, _priority[piece], _availability[piece]);
        else if (belongs)
            _order.Add(piece, _priority[piece], _availability[piece]);
        else if (_order.Contains(piece))
            _order.Remove(piece);
    }

    private void CountAll(PieceSet pieces, int change)
    {
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            if (pieces[piece])
                Count(piece, change);
        }
    }

    private void Count(int piece, int change)
    {
        _availability[piece] = (short)Math.Clamp(_availability[piece] + change, 0, short.MaxValue);
        _order.Update(piece, _priority[piece], _availability[piece]);
    }

    private void ClearDeadline(int piece) => _deadlines.RemoveAll(d => d.Piece == piece);
}
