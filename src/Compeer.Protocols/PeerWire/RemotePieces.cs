using System.Numerics;

namespace Compeer.Protocols.PeerWire;

/// <summary>
/// What the remote says it has. Before the number of pieces is known it is only remembered, within bounds, and checked
/// afterwards. Memory: a bit for each piece; before that at most three bits for each of <see cref="MaxEarlyPieces"/>.
/// </summary>
internal sealed class RemotePieces
{
    /// <summary>More pieces than any torrent we accept has.</summary>
    public const int MaxEarlyPieces = 1 << 21;

    private ulong[] _gained = [];
    private ulong[] _lost = [];
    private byte[]? _earlyBitfield;
    private bool _earlyAll;
    private PieceSet? _more;
    private int _nextMore;

    /// <summary>The pieces; null until their number is known.</summary>
    public PieceSet? Set { get; private set; }

    /// <summary>The number of pieces became known; false when what the remote said does not fit it.</summary>
    public bool TrySetCount(int pieceCount)
    {
        var set = new PieceSet(pieceCount);
        if ((_earlyBitfield is not null && !set.TryReadBitfield(_earlyBitfield)) || LengthOf(_gained) > pieceCount || LengthOf(_lost) > pieceCount)
            return false;
        if (_earlyAll)
            set.AddAll();
        for (int piece = 0; piece < pieceCount; piece++)
        {
            if (IsMarked(_gained, piece))
                set.Add(piece);
            else if (IsMarked(_lost, piece))
                set.Remove(piece);
        }
        _gained = _lost = [];
        _earlyBitfield = null;
        Set = set;
        return true;
    }

    /// <summary>False when the bitfield does not fit the number of pieces.</summary>
    public bool TryBitfield(ReadOnlySpan<byte> bitfield)
    {
        if (Set is not null)
            return Set.TryReadBitfield(bitfield);
        _earlyBitfield = bitfield.ToArray();
        return true;
    }

    /// <summary>
    /// Takes a bitfield that comes after other messages: what is new in it is then given out by <see cref="TryTakeMore"/>.
    /// False when it does not fit the number of pieces.
    /// </summary>
    public bool TryMore(ReadOnlySpan<byte> bitfield)
    {
        if (Set is null)
        {
            _lost = [];
            return TryBitfield(bitfield);
        }
        _more ??= new PieceSet(Set.Length);
        _nextMore = 0;
        return _more.TryReadBitfield(bitfield);
    }

    /// <summary>Like <see cref="TryMore"/>, of a bitfield of every piece.</summary>
    public void AllMore()
    {
        _lost = [];
        _earlyAll = true;
        if (Set is null)
            return;
        _more ??= new PieceSet(Set.Length);
        _nextMore = 0;
        _more.AddAll();
    }

    /// <summary>Adds one piece of the last late bitfield; false when no more is new in it.</summary>
    public bool TryTakeMore(out int piece)
    {
        piece = _nextMore < 0 || _more is null ? -1 : _more.NextMissingFrom(Set!, _nextMore);
        _nextMore = piece;
        return piece >= 0 && Set!.Add(piece);
    }

    public void All()
    {
        Set?.AddAll();
        _earlyAll = true;
    }

    /// <summary>False when there can be no such piece; <paramref name="isNew"/> when it is known and was missing.</summary>
    public bool TryHave(int piece, out bool isNew)
    {
        isNew = false;
        if (!IsPossible(piece))
            return false;
        if (Set is not null)
            isNew = Set.Add(piece);
        else
            Mark(ref _gained, _lost, piece);
        return true;
    }

    /// <summary>False when there can be no such piece; <paramref name="wasThere"/> when it is known and was there.</summary>
    public bool TryLose(int piece, out bool wasThere)
    {
        wasThere = false;
        if (!IsPossible(piece))
            return false;
        if (Set is not null)
            wasThere = Set.Remove(piece);
        else
            Mark(ref _lost, _gained, piece);
        return true;
    }

    /// <summary>Whether there may be such a piece.</summary>
    public bool IsPossible(int piece) => (uint)piece < (uint)(Set?.Length ?? MaxEarlyPieces);

    private static bool IsMarked(ulong[] bits, int piece) => piece >> 6 < bits.Length && (bits[piece >> 6] >> (piece & 63) & 1) != 0;

    private static void Mark(ref ulong[] bits, ulong[] opposite, int piece)
    {
        if (piece >> 6 >= bits.Length)
            Array.Resize(ref bits, Math.Max((piece >> 6) + 1, Math.Min(2 * bits.Length, MaxEarlyPieces / 64)));
        bits[piece >> 6] |= 1UL << (piece & 63);
        if (piece >> 6 < opposite.Length)
            opposite[piece >> 6] &= ~(1UL << (piece & 63));
    }

    /// <summary>One more than the highest bit.</summary>
    private static int LengthOf(ulong[] bits)
    {
        int word = bits.Length - 1;
        while (word >= 0 && bits[word] == 0)
            word--;
        return word < 0 ? 0 : word * 64 + 64 - BitOperations.LeadingZeroCount(bits[word]);
    }
}
