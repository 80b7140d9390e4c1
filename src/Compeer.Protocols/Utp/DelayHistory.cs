namespace Compeer.Protocols.Utp;

/// <summary>
/// Turns one-way delays, which contain the unknown difference of two clocks, into queueing delays: what exceeds the
/// smallest delay of the last ten minutes.
/// </summary>
/// <remarks>Spec: RFC 6817, section 2.4.2 (base delay, current delay). Delays are microseconds that wrap.</remarks>
internal sealed class DelayHistory
{
    private const int Minutes = 10;
    private const int CurrentSamples = 4;

    private readonly uint[] _minima = new uint[Minutes];
    private readonly uint[] _current = new uint[CurrentSamples];
    private Instant _minuteEnds;
    private int _samples;

    /// <summary>A sample was taken.</summary>
    public bool IsKnown => _samples > 0;

    /// <summary>The smallest delay known.</summary>
    public uint Base { get; private set; }

    /// <summary>Smallest queueing delay among the last samples.</summary>
    public TimeSpan Queueing
    {
        get
        {
            if (!IsKnown)
                return TimeSpan.Zero;
            uint least = _current[0];
            for (int i = 1; i < Math.Min(_samples, CurrentSamples); i++)
                least = Earlier(least, _current[i]);
            return TimeSpan.FromMicroseconds(Math.Max(0, (int)(least - Base)));
        }
    }

    public void Add(uint delay, Instant now)
    {
        if (!IsKnown)
        {
            Array.Fill(_minima, delay);
            Base = delay;
            _minuteEnds = now + TimeSpan.FromMinutes(1);
        }
        else if (now >= _minuteEnds)
        {
            _minuteEnds = now + TimeSpan.FromMinutes(1);
            Array.Copy(_minima, 0, _minima, 1, Minutes - 1);
            _minima[0] = delay;
            Base = delay;
            foreach (uint minimum in _minima)
                Base = Earlier(Base, minimum);
        }
        _minima[0] = Earlier(_minima[0], delay);
        Base = Earlier(Base, delay);
        // The count stays small; only "fewer than the filter holds" matters.
        _current[_samples % CurrentSamples] = delay;
        _samples = _samples == 2 * CurrentSamples - 1 ? CurrentSamples : _samples + 1;
    }

    /// <summary>Raises what is known by the drift of the clocks.</summary>
    public void Shift(uint microseconds)
    {
        for (int i = 0; i < Minutes; i++)
            _minima[i] += microseconds;
        Base += microseconds;
    }

    private static uint Earlier(uint a, uint b) => (int)(a - b) <= 0 ? a : b;
}
