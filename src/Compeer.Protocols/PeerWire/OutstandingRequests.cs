namespace Compeer.Protocols.PeerWire;

/// <summary>
/// Our requests that the remote has not answered, and those we gave up whose blocks may still be on their way.
/// Allocates nothing once it has grown.
/// </summary>
internal sealed class OutstandingRequests
{
    private const int MaxLate = 4096;

    private readonly Dictionary<long, int> _open = new(64);
    private readonly Dictionary<long, int> _late = [];
    private readonly List<BlockRequest> _lost = [];

    /// <summary>Requests not answered.</summary>
    public int Count => _open.Count;

    public bool TryAdd(BlockRequest request) => _open.TryAdd(Key(request.Index, request.Begin), request.Length);

    public void CopyTo(List<BlockRequest> requests)
    {
        foreach ((long key, int length) in _open)
            requests.Add(new BlockRequest((int)(key >> 32), (int)key, length));
    }

    /// <summary>The request is answered, by a block or a refusal.</summary>
    public bool TryAnswer(int index, int begin, int length) =>
        _open.TryGetValue(Key(index, begin), out int asked) && asked == length && _open.Remove(Key(index, begin));

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
        _late.TryGetValue(Key(index, begin), out int asked) && asked == length && _late.Remove(Key(index, begin));

    /// <summary>The remote choked us and will not answer what is open.</summary>
    public void LoseAll()
    {
        foreach ((long key, int length) in _open)
        {
            _lost.Add(new BlockRequest((int)(key >> 32), (int)key, length));
            RememberLate(key, length);
        }
        _open.Clear();
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

    private void RememberLate(long key, int length)
    {
        if (_late.Count >= MaxLate)
            _late.Clear();
        _late[key] = length;
    }

    private static long Key(int index, int begin) => (long)index << 32 | (uint)begin;
}
