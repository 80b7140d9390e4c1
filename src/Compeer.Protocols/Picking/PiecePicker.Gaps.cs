using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>The choice for sources that are best asked for long stretches.</summary>
public sealed partial class PiecePicker
{
    /// <summary>
    /// Claims whole pieces in a row that nobody has begun, from the one with the nearest deadline on, or else from the front of the
    /// longest stretch of the most wanted ones (of the first stretch in sequential order), and marks all their blocks as asked of <paramref name="peer"/>. At least one
    /// piece, then as many as fit <paramref name="maxBytes"/>. Walks all pieces once.
    /// Spec: BEP 19, "client implementation overview" (fill the largest gap).
    /// </summary>
    /// <returns>False when there is no such piece, or too much is begun.</returns>
    public bool TryPickGap(int peer, PieceSet pieces, long maxBytes, List<BlockRequest> requests)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(peer);
        (int first, int end) = UrgentGap(pieces) ?? LongestGap(pieces);
        _fetching.Add(peer);
        long room = maxBytes;
        bool claimed = false;
        for (int piece = first; piece < end; piece++)
        {
            int length = _lengthAt(piece);
            if (claimed && length > room)
                break;
            if (Begin(piece, peer, isExclusive: _failedMixed.Contains(piece), isIdle: false) is not { } partial)
                break;
            claimed = true;
            room -= length;
            TakeAll(peer, partial, requests);
        }
        return claimed;
    }

    private (int First, int End)? UrgentGap(PieceSet pieces)
    {
        for (int i = 0; i < Math.Min(_deadlines.Count, MaxDeadlinesVisited); i++)
        {
            int end = _deadlines[i].Piece;
            while (end < PieceCount && _keys[end] >= 0 && pieces[end])
                end++;
            if (end > _deadlines[i].Piece)
                return (_deadlines[i].Piece, end);
        }
        return null;
    }

    private (int First, int End) LongestGap(PieceSet pieces)
    {
        (int First, int End) best = (0, 0);
        int bestPriority = 0;
        for (int piece = 0; piece < PieceCount; piece++)
        {
            if (_keys[piece] < 0 || !pieces[piece])
                continue;
            int first = piece;
            int priority = _priority[piece];
            while (piece + 1 < PieceCount && _keys[piece + 1] >= 0 && pieces[piece + 1] && _priority[piece + 1] == priority)
                piece++;
            bool isLonger = Mode != PickMode.Sequential && piece + 1 - first > best.End - best.First;
            if (priority > bestPriority || (priority == bestPriority && isLonger))
                (best, bestPriority) = ((first, piece + 1), priority);
        }
        return best;
    }

    private void TakeAll(int peer, PartialPiece partial, List<BlockRequest> requests)
    {
        Span<BlockRequest> some = stackalloc BlockRequest[64];
        Tally before = new(partial);
        for (int count; (count = partial.TakeFree(peer, some)) > 0;)
            requests.AddRange(some[..count]);
        Settle(partial, before);
    }
}
