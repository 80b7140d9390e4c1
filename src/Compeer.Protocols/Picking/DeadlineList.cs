namespace Compeer.Protocols.Picking;

/// <summary>Pieces that are needed by an instant, the most urgent first; bounded.</summary>
internal sealed class DeadlineList(int capacity)
{
    private readonly List<(Instant Due, int Piece)> _entries = [];

    public int Count => _entries.Count;

    public (Instant Due, int Piece) this[int index] => _entries[index];

    /// <summary>Sets, moves or (with <see cref="Instant.Never"/>) removes a deadline; false when the list is full.</summary>
    public bool Set(int piece, Instant due)
    {
        Remove(piece);
        if (due == Instant.Never)
            return true;
        if (_entries.Count >= capacity)
            return false;
        int index = _entries.BinarySearch((due, piece));
        _entries.Insert(index < 0 ? ~index : index, (due, piece));
        return true;
    }

    public void Remove(int piece)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].Piece != piece)
                continue;
            _entries.RemoveAt(i);
            return;
        }
    }
}
