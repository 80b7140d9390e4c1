namespace Compeer.Protocols.Picking;

/// <summary>
/// The pieces that could be begun, ordered by priority, then by how few peers have them, at random among equals. A
/// change of one peer's piece costs one exchange; nothing is ever sorted. Single-threaded.
/// </summary>
internal sealed class RarityOrder
{
    private const int MaxAvailability = 255;
    private const int Levels = 8;

    private readonly int[] _order;
    private readonly int[] _place;
    private readonly short[] _key;
    private readonly int[] _end = new int[Levels * (MaxAvailability + 1)];
    private readonly Random _random;
    private int _count;

    public RarityOrder(int pieceCount, Random random)
    {
        _random = random;
        _order = new int[pieceCount];
        _place = new int[pieceCount];
        _key = new short[pieceCount];
        Array.Fill(_place, -1);
    }

    /// <summary>Pieces in the order.</summary>
    public int Count => _count;

    /// <summary>The piece at a place, 0 the most urgent.</summary>
    public int this[int place] => _order[place];

    public bool Contains(int piece) => _place[piece] >= 0;

    /// <summary>Begins with all these pieces, of one priority and nobody's.</summary>
    public void Fill(ReadOnlySpan<int> pieces, int priority)
    {
        short key = KeyOf(priority, 0);
        _count = pieces.Length;
        for (int place = 0; place < _count; place++)
        {
            Put(pieces[place], place);
            _key[pieces[place]] = key;
        }
        Array.Fill(_end, _count, key, _end.Length - key);
    }

    public void Add(int piece, int priority, int availability)
    {
        short key = KeyOf(priority, availability);
        // The new piece enters at the far end and falls through the buckets behind its own.
        int hole = _count++;
        for (int bucket = _end.Length - 1; bucket > key; bucket--)
        {
            int first = bucket == 0 ? 0 : _end[bucket - 1];
            if (first < hole)
                Put(_order[first], hole);
            hole = first;
            _end[bucket]++;
        }
        _key[piece] = key;
        _end[key]++;
        int start = key == 0 ? 0 : _end[key - 1];
        int random = _random.Next(start, hole + 1);
        if (random != hole)
            Put(_order[random], hole);
        Put(piece, random);
    }

    public void Remove(int piece)
    {
        int hole = _place[piece];
        for (int bucket = _key[piece]; bucket < _end.Length; bucket++)
        {
            int last = _end[bucket] - 1;
            if (last != hole)
                Put(_order[last], hole);
            hole = last;
            _end[bucket]--;
        }
        _place[piece] = -1;
        _count--;
    }

    /// <summary>The piece's priority or availability changed.</summary>
    public void Update(int piece, int priority, int availability)
    {
        if (!Contains(piece))
            return;
        short key = KeyOf(priority, availability);
        while (_key[piece] < key)
            MoveUp(piece);
        while (_key[piece] > key)
            MoveDown(piece);
    }

    /// <summary>To the next bucket: change places with the last of this one and move the border.</summary>
    private void MoveUp(int piece)
    {
        int bucket = _key[piece];
        int last = _end[bucket] - 1;
        Swap(_place[piece], last);
        _end[bucket]--;
        _key[piece]++;
        Shuffle(piece);
    }

    private void MoveDown(int piece)
    {
        int bucket = _key[piece];
        int first = _end[bucket - 1];
        Swap(_place[piece], first);
        _end[bucket - 1]++;
        _key[piece]--;
        Shuffle(piece);
    }

    private void Shuffle(int piece)
    {
        int key = _key[piece];
        int start = key == 0 ? 0 : _end[key - 1];
        if (_end[key] - start > 1)
            Swap(_place[piece], _random.Next(start, _end[key]));
    }

    private void Swap(int a, int b)
    {
        int piece = _order[a];
        Put(_order[b], a);
        Put(piece, b);
    }

    private void Put(int piece, int place)
    {
        _order[place] = piece;
        _place[piece] = place;
    }

    private static short KeyOf(int priority, int availability) =>
        (short)((Levels - 1 - priority) * (MaxAvailability + 1) + Math.Min(availability, MaxAvailability));
}
