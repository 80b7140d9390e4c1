namespace Compeer.Protocols.PeerWire;

/// <summary>
/// What the remote says it has. Before the number of pieces is known it is only remembered, within bounds, and checked
/// afterwards.
/// </summary>
internal sealed class RemotePieces
{
    private const int MaxEarlyHaves = 100_000;

    private readonly HashSet<int> _earlyHaves = [];
    private byte[]? _earlyBitfield;
    private bool _earlyAll;

    /// <summary>The pieces; null until their number is known.</summary>
    public PieceSet? Set { get; private set; }

    /// <summary>The number of pieces became known; false when what the remote said does not fit it.</summary>
    public bool TrySetCount(int pieceCount)
    {
        var set = new PieceSet(pieceCount);
        if (_earlyAll)
            set.AddAll();
        else if (_earlyBitfield is not null && !set.TryReadBitfield(_earlyBitfield))
            return false;
        foreach (int piece in _earlyHaves)
        {
            if (piece >= pieceCount)
                return false;
            set.Add(piece);
        }
        _earlyHaves.Clear();
        _earlyBitfield = null;
        Set = set;
        return true;
    }

    public bool TryBitfield(ReadOnlySpan<byte> bitfield)
    {
        if (Set is not null)
            return Set.TryReadBitfield(bitfield);
        _earlyBitfield = bitfield.ToArray();
        return true;
    }

    public void All()
    {
        Set?.AddAll();
        _earlyAll = true;
    }

    public bool TryHave(int piece)
    {
        if (piece < 0 || (Set is not null && piece >= Set.Length))
            return false;
        if (Set is not null)
            Set.Add(piece);
        else if (!_earlyAll && _earlyHaves.Count < MaxEarlyHaves)
            _earlyHaves.Add(piece);
        return true;
    }
}
