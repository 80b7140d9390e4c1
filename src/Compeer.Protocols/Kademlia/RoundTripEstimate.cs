namespace Compeer.Protocols.Kademlia;

/// <summary>What answers usually take, and how long to wait for one: mean and four times the mean deviation.</summary>
/// <remarks>Spec: Jacobson (1988), RFC 6298; Rhea et al., "Handling churn in a DHT" (2004), section 4.3, for its use in lookups.</remarks>
public sealed class RoundTripEstimate
{
    private readonly TimeSpan _unknown;
    private readonly TimeSpan _least;
    private TimeSpan _mean;
    private TimeSpan _deviation;
    private bool _isKnown;

    /// <param name="unknown">The wait before anything is known, and the longest.</param>
    /// <param name="least">The shortest wait.</param>
    public RoundTripEstimate(TimeSpan unknown, TimeSpan least)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(least, unknown);
        (_unknown, _least) = (unknown, least);
    }

    /// <summary>How long to wait for an answer.</summary>
    public TimeSpan Timeout => !_isKnown ? _unknown : TimeSpan.FromTicks(Math.Clamp((_mean + (4 * _deviation)).Ticks, _least.Ticks, _unknown.Ticks));

    /// <summary>An answer took so long.</summary>
    public void Add(TimeSpan roundTrip)
    {
        if (!_isKnown)
        {
            (_isKnown, _mean, _deviation) = (true, roundTrip, roundTrip / 2);
            return;
        }
        _deviation += ((roundTrip - _mean).Duration() - _deviation) / 4;
        _mean += (roundTrip - _mean) / 8;
    }
}
