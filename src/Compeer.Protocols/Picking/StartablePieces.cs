using System.Numerics;
using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>The pieces that could be started, as one bit set for each priority in use, to be met with what a peer has.</summary>
/// <remarks>A search reads one word for 64 pieces. Sets are made when a priority is first used.</remarks>
internal sealed class StartablePieces(int pieceCount)
{
    private readonly PieceSet?[] _sets = new PieceSet?[PiecePicker.MaxPriority + 1];

    public int Count { get; private set; }

    public int CountOf(int priority) => _sets[priority]?.Count ?? 0;

    public void Add(int piece, int priority)
    {
        if ((_sets[priority] ??= new PieceSet(pieceCount)).Add(piece))
            Count++;
    }

    public void Remove(int piece, int priority)
    {
        if (_sets[priority]!.Remove(piece))
            Count--;
    }

    public bool Overlaps(PieceSet peer)
    {
        if (peer.IsComplete)
            return Count > 0;
        foreach (PieceSet? set in _sets)
        {
            if (set is { Count: > 0 } && set.Overlaps(peer))
                return true;
        }
        return false;
    }

    /// <summary>The lowest piece of the highest priority that the peer has, or -1.</summary>
    public int First(PieceSet peer)
    {
        for (int priority = PiecePicker.MaxPriority; priority > 0; priority--)
        {
            if (CountOf(priority) == 0)
                continue;
            ReadOnlySpan<ulong> ours = _sets[priority]!.Words;
            ReadOnlySpan<ulong> theirs = peer.Words;
            for (int i = 0; i < ours.Length; i++)
            {
                ulong common = ours[i] & theirs[i];
                if (common != 0)
                    return i * 64 + BitOperations.TrailingZeroCount(common);
            }
        }
        return -1;
    }

    /// <summary>
    /// Of up to <paramref name="candidates"/> pieces that the peer has in the highest priority possible, met from a random place on,
    /// the one with the lowest key (or the highest); -1 when it has none.
    /// </summary>
    public int Best(PieceSet peer, ReadOnlySpan<short> keys, bool highest, int candidates, Random random)
    {
        for (int step = 0; step < PiecePicker.MaxPriority; step++)
        {
            int priority = highest ? 1 + step : PiecePicker.MaxPriority - step;
            if (CountOf(priority) == 0)
                continue;
            int best = Best(_sets[priority]!.Words, peer.Words, keys, highest, candidates, random);
            if (best >= 0)
                return best;
        }
        return -1;
    }

    private static int Best(
        ReadOnlySpan<ulong> ours, ReadOnlySpan<ulong> theirs, ReadOnlySpan<short> keys, bool highest, int candidates, Random random)
    {
        int best = -1;
        int start = random.Next(ours.Length);
        for (int step = 0; step < ours.Length && candidates > 0; step++)
        {
            int i = start + step < ours.Length ? start + step : start + step - ours.Length;
            for (ulong common = ours[i] & theirs[i]; common != 0 && candidates > 0; common &= common - 1, candidates--)
            {
                int piece = i * 64 + BitOperations.TrailingZeroCount(common);
                if (best < 0 || (highest ? keys[piece] > keys[best] : keys[piece] < keys[best]))
                    best = piece;
            }
        }
        return best;
    }
}
