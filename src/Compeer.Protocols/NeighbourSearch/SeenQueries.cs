namespace Compeer.Protocols.NeighbourSearch;

/// <summary>The last questions that came by, who brought each, and how far it went on; when it is full the oldest is forgotten. Single-threaded.</summary>
internal sealed class SeenQueries<TPeer>(int capacity)
    where TPeer : struct
{
    private readonly Dictionary<ulong, (TPeer From, int TimeToLive)> _seen = [];
    private readonly Queue<ulong> _order = new();

    /// <summary>Notes a question; false when it was here before.</summary>
    public bool TryAdd(ulong query, TPeer from, int timeToLive)
    {
        if (!_seen.TryAdd(query, (from, timeToLive)))
            return false;
        _order.Enqueue(query);
        if (_order.Count > capacity)
            _seen.Remove(_order.Dequeue());
        return true;
    }

    /// <summary>Notes that a question which was here goes farther now; false when it went as far before.</summary>
    public bool TryExtend(ulong query, int timeToLive)
    {
        if (!_seen.TryGetValue(query, out (TPeer From, int TimeToLive) before) || before.TimeToLive >= timeToLive)
            return false;
        _seen[query] = before with { TimeToLive = timeToLive };
        return true;
    }

    /// <summary>Who brought a question first.</summary>
    public bool TryGet(ulong query, out TPeer from)
    {
        bool isKnown = _seen.TryGetValue(query, out (TPeer From, int TimeToLive) before);
        from = before.From;
        return isKnown;
    }
}
