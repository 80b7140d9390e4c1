using System.Diagnostics.CodeAnalysis;

namespace Compeer.Protocols.NeighbourSearch;

/// <summary>The last questions that came by and who brought each; when it is full the oldest is forgotten. Single-threaded.</summary>
internal sealed class SeenQueries<TPeer>(int capacity)
    where TPeer : struct
{
    private readonly Dictionary<ulong, TPeer> _from = [];
    private readonly Queue<ulong> _order = new();

    /// <summary>Notes a question; false when it was here before.</summary>
    public bool TryAdd(ulong query, TPeer from)
    {
        if (!_from.TryAdd(query, from))
            return false;
        _order.Enqueue(query);
        if (_order.Count > capacity)
            _from.Remove(_order.Dequeue());
        return true;
    }

    public bool TryGet(ulong query, [MaybeNullWhen(false)] out TPeer from) => _from.TryGetValue(query, out from);
}
