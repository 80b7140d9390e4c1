using System.Diagnostics.CodeAnalysis;

namespace Compeer.Protocols.NeighbourSearch;

/// <summary>Who was said to have what. When it is full, the oldest goes, whatever is asked for. Single-threaded.</summary>
internal sealed class PointerTable<TPeer>(int capacity)
    where TPeer : struct
{
    private readonly Dictionary<ulong, TPeer> _holders = [];
    private readonly Queue<ulong> _order = new();

    public int Count => _holders.Count;

    public void Add(ulong item, TPeer holder)
    {
        if (capacity == 0)
            return;
        bool isNew = !_holders.ContainsKey(item);
        _holders[item] = holder;
        if (!isNew)
            return;
        _order.Enqueue(item);
        if (_order.Count > capacity)
            _holders.Remove(_order.Dequeue());
    }

    public bool Knows(ulong item) => _holders.ContainsKey(item);

    public bool TryGet(ulong item, [MaybeNullWhen(false)] out TPeer holder) => _holders.TryGetValue(item, out holder);

    /// <summary>Forgets what is said of one holder; the queue lets go of it in its turn.</summary>
    public void Forget(TPeer holder)
    {
        foreach ((ulong item, TPeer named) in _holders)
        {
            if (named.Equals(holder))
                _holders.Remove(item);
        }
    }
}
