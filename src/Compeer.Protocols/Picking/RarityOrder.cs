namespace Compeer.Protocols.Picking;

/// <summary>
/// Pieces sorted by a small key and shuffled among equals, in one array: buckets lie side by side, only their ends are stored.
/// </summary>
/// <remarks>
/// A step of one key costs one swap; adding or removing costs one step for each bucket above, and buckets above the highest
/// one in use cost nothing. Holds 8 bytes a piece. Allocates only in its constructor.
/// </remarks>
internal sealed class RarityOrder
{
    private readonly int[] _order;
    private readonly int[] _position; // -1: not in the order
    private readonly int[] _ends;     // exclusive end of each bucket, valid up to _top
    private readonly Random _random;
    private int _count;
    private int _top = -1;

    public RarityOrder(int pieceCount, int keyCount, Random random)
    {
        _order = new int[pieceCount];
        _position = new int[pieceCount];
        Array.Fill(_position, -1);
        _ends = new int[keyCount];
        _random = random;
    }

    /// <summary>Pieces from the lowest key to the highest; valid until the next change.</summary>
    public ReadOnlySpan<int> Pieces => _order.AsSpan(0, _count);

    public int Count => _count;

    public bool Contains(int piece) => _position[piece] >= 0;

    /// <summary>The pieces whose keys are at least <paramref name="low"/> and below <paramref name="high"/>.</summary>
    public ReadOnlySpan<int> Between(int low, int high)
    {
        int start = Start(low);
        return _order.AsSpan(start, Start(high) - start);
    }

    public void Add(int piece, int key)
    {
        for (; _top < key; _top++)
            _ends[_top + 1] = _count;
        int hole = _count++;
        for (int bucket = _top; bucket > key; bucket--)
        {
            int start = _ends[bucket - 1];
            if (start != hole)
                Place(_order[start], hole);
            hole = start;
            _ends[bucket]++;
        }
        _ends[key]++;
        Place(piece, hole);
        Swap(hole, _random.Next(Start(key), _ends[key]));
    }

    public void Remove(int piece, int key)
    {
        int hole = _position[piece];
        _position[piece] = -1;
        for (int bucket = key; bucket <= _top; bucket++)
        {
            int last = --_ends[bucket];
            if (last != hole)
                Place(_order[last], hole);
            hole = last;
        }
        _count--;
        while (_top >= 0 && Start(_top) == _count)
            _top--;
    }

    /// <summary>Moves a piece that is in the order to another key.</summary>
    public void Move(int piece, int from, int to)
    {
        int position = _position[piece];
        for (; _top < to; _top++)
            _ends[_top + 1] = _count;
        for (int bucket = from; bucket < to; bucket++)
        {
            int last = --_ends[bucket];
            Swap(position, last);
            position = last;
        }
        for (int bucket = from; bucket > to; bucket--)
        {
            int first = _ends[bucket - 1]++;
            Swap(position, first);
            position = first;
        }
        Swap(position, _random.Next(Start(to), _ends[to]));
    }

    /// <summary>Builds the order anew from keys, -1 for pieces that stay out; linear in the number of pieces.</summary>
    public void Rebuild(ReadOnlySpan<short> keys)
    {
        Array.Clear(_ends);
        _count = 0;
        foreach (short key in keys)
        {
            if (key < 0)
                continue;
            _ends[key]++;
            _count++;
        }
        _top = _ends.Length - 1;
        int sum = 0;
        for (int bucket = 0; bucket <= _top; bucket++)
        {
            int size = _ends[bucket];
            _ends[bucket] = sum; // the next free place for now; the end once the bucket is full
            sum += size;
        }
        for (int piece = 0; piece < keys.Length; piece++)
        {
            _position[piece] = -1;
            if (keys[piece] >= 0)
                Place(piece, _ends[keys[piece]]++);
        }
        while (_top >= 0 && Start(_top) == _count)
            _top--;
        for (int bucket = 0; bucket <= _top; bucket++)
            Shuffle(Start(bucket), _ends[bucket]);
    }

    private void Shuffle(int start, int end)
    {
        for (int i = end - 1; i > start; i--)
            Swap(i, _random.Next(start, i + 1));
    }

    private int Start(int bucket) => bucket == 0 ? 0 : bucket > _top ? _count : _ends[bucket - 1];

    private void Place(int piece, int position)
    {
        _order[position] = piece;
        _position[piece] = position;
    }

    private void Swap(int a, int b)
    {
        (int first, int second) = (_order[a], _order[b]);
        Place(second, a);
        Place(first, b);
    }
}
