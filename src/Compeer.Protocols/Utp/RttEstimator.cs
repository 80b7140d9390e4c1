namespace Compeer.Protocols.Utp;

/// <summary>Round-trip time and the time-out that follows from it.</summary>
/// <remarks>Spec: BEP 29, "timeouts"; RFC 6298.</remarks>
internal sealed class RttEstimator(TimeSpan minTimeout)
{
    private static readonly TimeSpan Unknown = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(60);

    private TimeSpan _variance;

    /// <summary>A sample was taken.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Smoothed; one second before the first sample.</summary>
    public TimeSpan Smoothed { get; private set; } = Unknown;

    /// <summary>The smallest seen.</summary>
    public TimeSpan Min { get; private set; } = TimeSpan.MaxValue;

    public void Add(TimeSpan sample)
    {
        if (!IsKnown)
        {
            IsKnown = true;
            Smoothed = sample;
            _variance = sample / 2;
        }
        else
        {
            _variance += ((sample - Smoothed).Duration() - _variance) / 4;
            Smoothed += (sample - Smoothed) / 8;
        }
        if (sample < Min)
            Min = sample;
    }

    /// <summary>The time-out after <paramref name="timeouts"/> in a row.</summary>
    public TimeSpan Timeout(int timeouts)
    {
        TimeSpan once = IsKnown ? Smoothed + (_variance * 4) : Unknown;
        TimeSpan doubled = (once > minTimeout ? once : minTimeout) * (1 << Math.Min(timeouts, 10));
        return doubled < MaxTimeout ? doubled : MaxTimeout;
    }
}
