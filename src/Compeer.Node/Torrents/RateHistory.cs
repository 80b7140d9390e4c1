namespace Compeer.Node.Torrents;

/// <summary>The rates of the last hour, in steps of ten seconds. Takes no memory before something moves. Thread-safe.</summary>
public sealed class RateHistory
{
    /// <summary>Seconds between points.</summary>
    public const int StepSeconds = 10;

    private const int Capacity = 3600 / StepSeconds;

    private readonly Lock _using = new();
    private (DateTimeOffset At, long Down, long Up)[]? _ring;
    private int _count;
    private int _next;
    private int _silent;

    /// <summary>Notes a point; an hour of silence is forgotten.</summary>
    /// <returns>False when there is nothing to remember, and so no need to note silence.</returns>
    public bool Add(DateTimeOffset at, long down, long up)
    {
        lock (_using)
        {
            _silent = down == 0 && up == 0 ? _silent + 1 : 0;
            if (_silent > Capacity)
                (_ring, _count, _next) = (null, 0, 0);
            if (_ring is null && _silent > 0)
                return false;
            _ring ??= new (DateTimeOffset, long, long)[Capacity];
            _ring[_next] = (at, down, up);
            _next = (_next + 1) % Capacity;
            _count = Math.Min(_count + 1, Capacity);
            return true;
        }
    }

    /// <summary>The points, oldest first.</summary>
    public IReadOnlyList<RatePoint> Points()
    {
        lock (_using)
        {
            if (_ring is null)
                return [];
            int first = (_next - _count + Capacity) % Capacity;
            return [.. Enumerable.Range(0, _count).Select(i => _ring[(first + i) % Capacity]).Select(p => new RatePoint(p.At, p.Down, p.Up))];
        }
    }
}

/// <summary>Rates at a time, in bytes per second.</summary>
public sealed record RatePoint(DateTimeOffset T, long Down, long Up);
