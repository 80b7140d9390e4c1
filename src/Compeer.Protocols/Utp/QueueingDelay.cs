namespace Compeer.Protocols.Utp;

/// <summary>
/// The queueing delay that our packets meet: what the receiver reports, checked against the round-trip times that we
/// measure ourselves, so that a receiver which reports too little does not make us fill the queue.
/// </summary>
/// <remarks>
/// What a round trip takes longer than the shortest known is queueing on our way, queueing on the way back (which we
/// measure by the sender's timestamps) and waiting for an acknowledgement. A report may lie below that by half the target;
/// below that our own measure counts. A receiver that forges both clocks consistently is treated as one with a queue on
/// its way back; it gets what a loss-based flow gets.
/// </remarks>
internal sealed class QueueingDelay(TimeSpan target)
{
    // Clocks differ by far less than this between two samples; more is a clock that was set.
    private const uint MaxDrift = 10_000;

    private readonly DelayHistory _forward = new();
    private readonly DelayHistory _backward = new();
    private readonly DelayHistory _roundTrip = new();

    /// <summary>The receiver has reported at least once.</summary>
    public bool IsKnown => _forward.IsKnown;

    /// <summary>The delay now.</summary>
    public TimeSpan Current
    {
        get
        {
            TimeSpan reported = _forward.Queueing;
            TimeSpan measured = _roundTrip.Queueing;
            if (reported > measured && _roundTrip.IsKnown)
                return measured;
            TimeSpan least = measured - _backward.Queueing - (target / 2);
            return reported > least ? reported : least;
        }
    }

    /// <summary>A packet came that was sent at <paramref name="timestamp"/> by the remote's clock.</summary>
    /// <returns>The difference to report back; never 0, which means "none".</returns>
    public uint OnPacket(uint timestamp, uint ourClock, Instant now)
    {
        uint delay = ourClock - timestamp;
        bool known = _backward.IsKnown;
        uint before = _backward.Base;
        _backward.Add(delay, now);
        // Their base falls as our clock runs slower than theirs, which makes our own base look ever older.
        uint fell = before - _backward.Base;
        if (known && fell is > 0 and <= MaxDrift && _forward.IsKnown)
            _forward.Shift(fell);
        return delay == 0 ? 1 : delay;
    }

    /// <summary>The receiver reported a one-way delay.</summary>
    public void OnReport(uint difference, Instant now)
    {
        if (difference != 0)
            _forward.Add(difference, now);
    }

    /// <summary>A round trip was measured.</summary>
    public void OnRoundTrip(TimeSpan rtt, Instant now) =>
        _roundTrip.Add((uint)Math.Clamp(rtt.TotalMicroseconds, 0, int.MaxValue), now);
}
