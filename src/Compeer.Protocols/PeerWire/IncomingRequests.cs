namespace Compeer.Protocols.PeerWire;

/// <summary>
/// The remote's requests that wait to be served, oldest first. Allocates nothing once it has grown. Memory: 24 bytes
/// for each request of the capacity.
/// </summary>
internal sealed class IncomingRequests(int capacity)
{
    private readonly List<BlockRequest> _waiting = [];
    private int _head;

    public int Count => _waiting.Count - _head;

    /// <summary>False when the queue is full.</summary>
    public bool TryAdd(BlockRequest request)
    {
        if (Count >= capacity)
            return false;
        _waiting.Add(request);
        return true;
    }

    public bool TryTake(out BlockRequest request)
    {
        request = default;
        if (Count == 0)
            return false;
        request = _waiting[_head++];
        if (_head == _waiting.Count || _head >= capacity)
        {
            _waiting.RemoveRange(0, _head);
            _head = 0;
        }
        return true;
    }

    public bool TryPeek(out BlockRequest request)
    {
        request = Count > 0 ? _waiting[_head] : default;
        return Count > 0;
    }

    /// <summary>The remote wants it no more; false when it is not waiting.</summary>
    public bool TryCancel(BlockRequest request)
    {
        int at = _waiting.IndexOf(request, _head);
        if (at < 0)
            return false;
        _waiting.RemoveAt(at);
        return true;
    }
}
