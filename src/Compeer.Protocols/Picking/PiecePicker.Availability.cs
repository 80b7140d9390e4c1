using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>How many peers have each piece, and the rarity order that follows from it.</summary>
public sealed partial class PiecePicker
{
    /// <summary>Pieces with this many copies or more (besides full seeds) count as equally common.</summary>
    private const int RarityLevels = 128;

    /// <summary>A change of this many pieces at once is cheaper as one rebuild of the order.</summary>
    private const int RebuildThreshold = 64;

    private readonly int[] _availability; // peers that have the piece, without the seeds below
    private readonly short[] _keys;       // place in the rarity order, -1: cannot be started
    private readonly RarityOrder _order;
    private readonly StartablePieces _startable;
    private int _seeds;
    private bool _isOrderStale = true;

    /// <summary>How many of the peers counted by <see cref="PeerJoined"/> have a piece.</summary>
    public int Availability(int piece) => _availability[piece] + _seeds;

    /// <summary>
    /// A peer with these pieces came, or told of its first ones. Full seeds cost nothing, and may be left out altogether:
    /// they make no piece rarer than another.
    /// </summary>
    public void PeerJoined(PieceSet pieces)
    {
        if (pieces.IsComplete)
            _seeds++;
        else
            ChangeAvailability(pieces, 1);
    }

    /// <summary>A peer counted by <see cref="PeerJoined"/> went; <paramref name="pieces"/> is what it had in the end.</summary>
    public void PeerLeft(PieceSet pieces)
    {
        if (!pieces.IsComplete)
        {
            ChangeAvailability(pieces, -1);
            return;
        }
        // It may have become a seed piece by piece: then it is in the counts rather than among the seeds, and the sum is the same.
        if (--_seeds < 0)
            ShiftSeeds(1);
    }

    /// <summary>A peer counted by <see cref="PeerJoined"/> has one piece more.</summary>
    public void PeerGained(int piece) => ChangeAvailability(piece, 1);

    /// <summary>A peer counted by <see cref="PeerJoined"/> has one piece less (BEP 54).</summary>
    public void PeerLost(int piece) => ChangeAvailability(piece, -1);

    private void ChangeAvailability(PieceSet pieces, int change)
    {
        if (pieces.Count > RebuildThreshold)
            _isOrderStale = true;
        ReadOnlySpan<ulong> words = pieces.Words;
        for (int i = 0; i < words.Length; i++)
        {
            for (ulong bits = words[i]; bits != 0; bits &= bits - 1)
                ChangeAvailability(i * 64 + System.Numerics.BitOperations.TrailingZeroCount(bits), change);
        }
    }

    private void ChangeAvailability(int piece, int change)
    {
        // A seed that lost a piece was counted among the seeds.
        if (_availability[piece] + change < 0)
            ShiftSeeds(-1);
        _availability[piece] += change;
        if (_keys[piece] >= 0 && !_isOrderStale)
            SetKey(piece, KeyOf(piece));
    }

    /// <summary>Moves one full copy between the seeds and the counts; availability stays the same.</summary>
    private void ShiftSeeds(int seeds)
    {
        _seeds += seeds;
        foreach (ref int count in _availability.AsSpan())
            count -= seeds;
        _isOrderStale = true;
    }

    /// <summary>Priority decides first, then rarity.</summary>
    private short KeyOf(int piece) =>
        (short)((MaxPriority - _priority[piece]) * RarityLevels + Math.Min(_availability[piece], RarityLevels - 1));

    private static int PriorityOfKey(int key) => MaxPriority - key / RarityLevels;

    private void SetKey(int piece, short key)
    {
        short old = _keys[piece];
        if (old == key)
            return;
        _keys[piece] = key;
        if (old >= 0 && (key < 0 || PriorityOfKey(key) != PriorityOfKey(old)))
            _startable.Remove(piece, PriorityOfKey(old));
        if (key >= 0 && (old < 0 || PriorityOfKey(key) != PriorityOfKey(old)))
            _startable.Add(piece, PriorityOfKey(key));
        if (_isOrderStale)
            return;
        if (old < 0)
            _order.Add(piece, key);
        else if (key < 0)
            _order.Remove(piece, old);
        else
            _order.Move(piece, old, key);
    }

    private void RebuildOrderIfStale()
    {
        if (!_isOrderStale)
            return;
        for (int piece = 0; piece < _keys.Length; piece++)
        {
            if (_keys[piece] >= 0)
                _keys[piece] = KeyOf(piece);
        }
        _order.Rebuild(_keys);
        _isOrderStale = false;
    }
}
