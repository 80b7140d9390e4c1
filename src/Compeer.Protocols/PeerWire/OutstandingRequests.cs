namespace Compeer.Protocols.PeerWire;

/// <summary>
/// Our requests that the remote has not answered, and those we gave up whose blocks may still be on their way.
/// Allocates nothing once it has grown. Memory: at most 2 * <see cref="MaxLate"/> given up, in two generations of which
/// the older is forgotten when the younger is full.
/// </summary>
internal sealed class OutstandingRequests
{
    private const int MaxLate = 4096;

    private readonly Dictionary<long, int> _open = new(64);
    private readonly List<BlockRequest> _lost = [];
    private Dictionary<long, (int Length, int Times)> _late = []; // a block asked for and given up twice may come twice
    private Dictionary<long, (int Length, int Times)> _later = [];

    /// <summary>Requests not answered.</summary>
    public int Count => _open.Count;

    public bool TryAdd(BlockRequest request) => _open.TryAdd(Key(request.Index, request.Begin), request.Length);

    public void CopyTo(List<BlockRequest> requests)
    {
        foreach ((long key, int length) in _open)
            requests.Add(new BlockRequest((int)(key >> 32), (int)key, length));
    }

    /// <summary>The request is answered, by a block or a refusal.</summary>
    public bool TryAnswer(int index, int begin, int length)
    {
        long key = Key(index, begin);
        return _open.TryGetValue(key, out int asked) && asked == length && _open.Remove(key);
    }

    /// <summary>We want it no more; its block may still come.</summary>
    public bool TryGiveUp(BlockRequest request)
    {
        if (!TryAnswer(request.Index, request.Begin, request.Length))
            return false;
        RememberLate(Key(request.Index, request.Begin), request.Length);
        return true;
    }

    /// <summary>A block or refusal for a request that was given up.</summary>
    public bool TryTakeLate(int index, int begin, int length) =>
        TryTake(_later, Key(index, begin), length) || TryTake(_late, Key(index, begin), length);

    /// <summary>The remote choked us and will not answer what is open; false when nothing was.</summary>
    public bool LoseAll()
    {
        bool any = _open.Count > 0;
        foreach ((long key, int length) in _open)
            Lose(key, length);
        _open.Clear();
        return any;
    }

    /// <summary>The remote lost a piece and will not answer what is open of it.</summary>
    public void LosePiece(int index)
    {
        foreach ((long key, int length) in _open)
        {
            if ((int)(key >> 32) != index)
                continue;
            Lose(key, length);
            _open.Remove(key);
        }
    }

    /// <summary>Takes one request that was lost since the last call.</summary>
    public bool TryTakeLost(out BlockRequest request)
    {
        request = _lost.Count > 0 ? _lost[^1] : default;
        if (_lost.Count == 0)
            return false;
        _lost.RemoveAt(_lost.Count - 1);
        return true;
    }

    private void Lose(long key, int length)
    {
        _lost.Add(new BlockRequest((int)(key >> 32), (int)key, length));
        RememberLate(key, length);
    }

    private void RememberLate(long key, int length)
    {
        if (_later.Count >= MaxLate)
        {
            (_late, _later) = (_later, _late);
            _later.Clear();
        }
        _later[key] = (length, _later.TryGetValue(key, out (int Length, int Times) known) && known.Length == length ? known.Times + 1 : 1);
    }

    private static bool TryTake(Dictionary<long, (int Length, int Times)> requests, long key, int length)
    {
        if (!requests.TryGetValue(key, out (int Length, int Times) known) || known.Length != length)
            return false;
        if (known.Times == 1)
            return requests.Remove(key);
        requests[key] = (length, known.Times - 1);
        return true;
    }

    private static long Key(int index, int begin) => (long)index << 32 | (uint)begin;
}
