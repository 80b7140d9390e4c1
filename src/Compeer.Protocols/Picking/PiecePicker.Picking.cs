using System.Diagnostics.CodeAnalysis;
using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>The choice of blocks for one peer.</summary>
public sealed partial class PiecePicker
{
    private const int MaxSuggestions = 16;
    private const int MaxDeadlinesVisited = 64;
    private const int MaxRandomProbes = 32;

    private readonly HashSet<int> _fetching = []; // peers that were picked for and are not gone

    private enum JoinRule
    {
        /// <summary>What the peer works on alone.</summary>
        OwnOnly,

        /// <summary>And what nobody works on alone.</summary>
        Unowned,

        /// <summary>And what others work on alone, unless they are to be judged by it.</summary>
        Anyone,
    }

    private bool ShouldFinishFirst =>
        _unfinished > Math.Min(_options.MaxPartialPieces, _options.PartialsPerPeer * _fetching.Count)
        || _unfinishedBytes > _options.FinishFirstBytes;

    /// <summary>
    /// Chooses blocks for a peer and marks them as asked of it: of pieces with a deadline, begun pieces, suggested pieces, new
    /// pieces, and pieces that others work on alone, in this turn. An idle peer gets one block that one other peer is asked
    /// for once every wanted block is asked for (end-game).
    /// </summary>
    /// <returns>How many of <paramref name="requests"/> were filled; fewer than all means that nothing more is to be had now.</returns>
    public int Pick(int peer, PieceSet pieces, in PickHints hints, Instant now, Span<BlockRequest> requests)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(peer);
        if (requests.IsEmpty || IsComplete)
            return 0;
        RebuildOrderIfStale();
        _fetching.Add(peer);
        PickBatch batch = new() { Peer = peer, Pieces = pieces, Hints = hints, Now = now, Requests = requests };
        if (hints.Only is { } only)
        {
            foreach (int piece in only)
                PickListed(ref batch, piece);
            return batch.Count;
        }
        if (!hints.IsSnubbed)
            PickDeadlines(ref batch);
        if (hints.IsOnParole)
        {
            PickBegun(ref batch, JoinRule.OwnOnly);
            PickNew(ref batch);
        }
        else
        {
            bool finishFirst = ShouldFinishFirst;
            PickBegun(ref batch, finishFirst ? JoinRule.Anyone : JoinRule.Unowned);
            for (int i = 0; i < Math.Min(MaxSuggestions, hints.Suggested?.Count ?? 0); i++)
                PickListed(ref batch, hints.Suggested![i]);
            PickNew(ref batch);
            if (!finishFirst)
                PickBegun(ref batch, JoinRule.Anyone);
        }
        if (batch.Count == 0 && hints.IsIdle)
            PickLast(ref batch);
        return batch.Count;
    }

    private void PickDeadlines(ref PickBatch batch)
    {
        int count = Math.Min(_deadlines.Count, MaxDeadlinesVisited);
        for (int i = 0; i < count && !batch.IsFull; i++)
        {
            (Instant due, int piece) = _deadlines[i];
            if (!batch.Pieces[piece] || !TryJoinOrBegin(ref batch, piece, out PartialPiece? partial))
                continue;
            TakeFree(ref batch, partial);
            if (batch.Now + _options.DeadlineMargin >= due)
                TakeBusy(ref batch, partial, batch.Rest);
        }
    }

    private void PickListed(ref PickBatch batch, int piece)
    {
        if (batch.IsFull || (uint)piece >= (uint)PieceCount || !batch.Pieces[piece])
            return;
        if (TryJoinOrBegin(ref batch, piece, out PartialPiece? partial))
            TakeFree(ref batch, partial);
    }

    private bool TryJoinOrBegin(ref PickBatch batch, int piece, [NotNullWhen(true)] out PartialPiece? partial)
    {
        partial = _partialAt[piece];
        if (partial is null && _keys[piece] >= 0)
            partial = BeginFor(batch, piece, ownerIfFast: false);
        return partial is not null && _missing[piece] && MayJoin(batch, partial, JoinRule.Anyone);
    }

    private void PickBegun(ref PickBatch batch, JoinRule rule)
    {
        while (!batch.IsFull && BestOpen(batch, rule) is { } partial)
        {
            if (partial.Owner < 0 && rule == JoinRule.Unowned && batch.Hints is { WantsWholePieces: true, IsSnubbed: false })
                partial.Owner = batch.Peer;
            TakeFree(ref batch, partial);
        }
    }

    /// <summary>The most wanted piece in progress, the peer's own before others, then the one with the fewest blocks to go.</summary>
    private PartialPiece? BestOpen(in PickBatch batch, JoinRule rule)
    {
        PartialPiece? best = null;
        long bestScore = long.MinValue;
        foreach (PartialPiece partial in _open)
        {
            if (!batch.Pieces[partial.Piece] || !MayJoin(batch, partial, rule))
                continue;
            long rank = _priority[partial.Piece] * 2 + (partial.Owner == batch.Peer ? 1 : 0);
            long score = (rank << 32) - (Mode == PickMode.Sequential ? partial.Piece : partial.Free);
            if (score > bestScore)
                (best, bestScore) = (partial, score);
        }
        return best;
    }

    private static bool MayJoin(in PickBatch batch, PartialPiece partial, JoinRule rule)
    {
        if (partial.Owner == batch.Peer)
            return partial.IsExclusive || !batch.Hints.IsOnParole;
        if (partial.IsExclusive || batch.Hints.IsOnParole || rule == JoinRule.OwnOnly)
            return false;
        return rule == JoinRule.Anyone || (partial.Owner < 0 && (partial.InFlight == 0 || !batch.Hints.WantsWholePieces));
    }

    private void PickNew(ref PickBatch batch)
    {
        while (!batch.IsFull)
        {
            int piece = ChooseNew(batch);
            if (piece < 0)
                return;
            short key = _keys[piece];
            int length = _lengthAt(piece);
            // A fast peer goes on with equally rare neighbours: long reads over there, long writes here.
            long room = batch.Hints.WantsWholePieces && Mode == PickMode.RarestFirst ? Math.Max(length, _contiguousBytes) : length;
            do
            {
                if (BeginFor(batch, piece, ownerIfFast: true) is not { } partial)
                    return;
                TakeFree(ref batch, partial);
                room -= length;
                piece++;
            }
            while (!batch.IsFull && room >= length && piece < PieceCount && _keys[piece] == key && batch.Pieces[piece] && Falls(piece));
        }
    }

    private PartialPiece? BeginFor(in PickBatch batch, int piece, bool ownerIfFast)
    {
        bool alone = batch.Hints.IsOnParole || _failedMixed.Contains(piece);
        bool owns = alone || (ownerIfFast && batch.Hints is { WantsWholePieces: true, IsSnubbed: false });
        return Begin(piece, owns ? batch.Peer : -1, alone, batch.Hints.IsIdle && batch.Count == 0);
    }

    private int ChooseNew(in PickBatch batch)
    {
        if (!_startable.Overlaps(batch.Pieces))
            return -1;
        if (Mode == PickMode.Sequential && !batch.Hints.IsSnubbed)
            return _startable.First(batch.Pieces);
        int probes = _options.MaxProbes;
        for (int step = 0; step < MaxPriority && probes > 0; step++)
        {
            int priority = batch.Hints.IsSnubbed ? 1 + step : MaxPriority - step;
            if (_startable.CountOf(priority) == 0)
                continue;
            // What a peer that is no seed has is in at least one copy: what only seeds have needs no look.
            int low = (MaxPriority - priority) * RarityLevels;
            ReadOnlySpan<int> equals = _order.Between(low + (batch.Pieces.IsComplete ? 0 : 1), low + RarityLevels);
            int piece = Probe(batch, equals, ref probes);
            if (piece >= 0)
                return piece;
        }
        return _startable.Best(batch.Pieces, _keys, batch.Hints.IsSnubbed, _options.MaxProbes, _random);
    }

    private int Probe(in PickBatch batch, ReadOnlySpan<int> candidates, ref int probes)
    {
        if (Have.Count < _options.RandomFirst && !batch.Hints.IsSnubbed && candidates.Length > 0)
        {
            for (int tries = Math.Min(MaxRandomProbes, probes); tries > 0; tries--)
            {
                int piece = candidates[_random.Next(candidates.Length)];
                if (batch.Pieces[piece])
                    return piece;
            }
        }
        int first = -1;
        for (int i = 0; i < candidates.Length && probes > 0; i++, probes--)
        {
            int piece = candidates[batch.Hints.IsSnubbed ? candidates.Length - 1 - i : i];
            if (first >= 0 && _keys[piece] != _keys[first])
                break;
            if (!batch.Pieces[piece])
                continue;
            if (batch.Hints.IsSnubbed || Falls(piece))
                return piece;
            if (first < 0)
                first = piece;
        }
        return first;
    }

    /// <summary>Whether we may begin with a piece as well as with any other that is as rare: runs of neighbours fall to one peer together.</summary>
    private bool Falls(int piece) => Shares is null || Shares.IsOurs(piece / _piecesInRun);

    private void TakeFree(ref PickBatch batch, PartialPiece partial)
    {
        Tally before = new(partial);
        batch.Count += partial.TakeFree(batch.Peer, batch.Rest);
        Settle(partial, before);
    }

    private void TakeBusy(ref PickBatch batch, PartialPiece partial, Span<BlockRequest> requests)
    {
        Tally before = new(partial);
        batch.Count += partial.TakeBusy(batch.Peer, requests);
        Settle(partial, before);
    }

    /// <summary>One block for an idle peer when all that is left is in others' hands.</summary>
    private void PickLast(ref PickBatch batch)
    {
        foreach (PartialPiece partial in _open)
        {
            // A suspect that is idle goes on with what others began: its verdict is worth less than a download that ends.
            // And a piece reserved for one peer is opened once nothing else is left, lest a slow one hold it for ever.
            bool mayTakeOver = partial.IsExclusive ? _startable.Count == 0 : batch.Hints.IsOnParole;
            if (!mayTakeOver || !batch.Pieces[partial.Piece])
                continue;
            if (partial.Owner != batch.Peer)
                (partial.Owner, partial.IsExclusive) = (-1, false);
            Tally before = new(partial);
            batch.Count += partial.TakeFree(batch.Peer, batch.Requests[..1]);
            Settle(partial, before);
            return; // the list may have changed
        }
        if (_startable.Count > 0 || _open.Count > 0 || batch.Hints.IsOnParole || _partials.Count == 0)
            return;
        int start = _random.Next(_partials.Count);
        for (int step = 0; step < _partials.Count && batch.Count == 0; step++)
        {
            // In the end game everybody shares: a verdict can still name the liar block by block.
            PartialPiece partial = _partials[(start + step) % _partials.Count];
            if (_missing[partial.Piece] && partial.InFlight > partial.Doubled && batch.Pieces[partial.Piece])
                TakeBusy(ref batch, partial, batch.Requests[..1]);
        }
    }
}
