namespace Compeer.Protocols.Utp;

/// <summary>
/// How many bytes may be on their way: grows while our packets meet less queueing than the target, shrinks beyond it,
/// and is cut by loss, so that traffic without such manners gets through first.
/// </summary>
/// <remarks>Spec: RFC 6817; BEP 29, "congestion control". Counts only bytes that were really on their way, so acknowledgements cannot be inflated.</remarks>
public sealed class LedbatController
{
    // Of the window, per round trip, for each target's length that the delay lies above the target.
    // DEVIATION: RFC 6817 shrinks by the gain alone, which takes minutes to drain what slow start put into a deep queue.
    private const double DrainFactor = 0.25;
    private const double MaxDrain = 0.5;

    private readonly UtpOptions _options;
    private double _window;
    private double _threshold = double.MaxValue;
    private Instant _cutAt;
    private bool _wasCut;
    private double _windowBeforeCut;
    private double _thresholdBeforeCut;
    private bool _slowStartBeforeCut;

    public LedbatController(UtpOptions options, int segmentBytes)
    {
        _options = options;
        SegmentBytes = segmentBytes;
        _window = 4 * segmentBytes;
    }

    /// <summary>The congestion window in bytes; at least two segments.</summary>
    public int WindowBytes => (int)_window;

    /// <summary>Whether the window still doubles every round trip.</summary>
    public bool IsInSlowStart { get; private set; } = true;

    /// <summary>Payload of a full packet.</summary>
    public int SegmentBytes { get; set; }

    private double Least => 2 * SegmentBytes;

    /// <summary>Bytes were acknowledged.</summary>
    /// <param name="ackedBytes">Bytes newly acknowledged, each counted once.</param>
    /// <param name="inFlightBefore">Bytes on their way before this acknowledgement.</param>
    /// <param name="queueing">Queueing delay of our packets.</param>
    public void OnAcknowledged(int ackedBytes, int inFlightBefore, TimeSpan queueing)
    {
        double off = 1 - (queueing / _options.TargetDelay);
        if (IsInSlowStart && off < 0.25)
            LeaveSlowStart();
        if (off < 0)
        {
            double share = Math.Min(1, ackedBytes / _window);
            double drain = Math.Min(MaxDrain, -off * DrainFactor) * _window;
            _window = Math.Max(Least, _window - (share * Math.Max(drain, -off * _options.GainBytesPerRtt)));
            return;
        }
        // Growing a window that is not used would permit a burst that nothing has tried.
        if (inFlightBefore + (2 * SegmentBytes) < _window)
            return;
        double linear = _options.GainBytesPerRtt * off * Math.Min(1, ackedBytes / _window);
        if (IsInSlowStart && _window + ackedBytes > _threshold)
            IsInSlowStart = false;
        _window = Math.Min(_options.MaxSendBytes, _window + (IsInSlowStart ? Math.Max(ackedBytes, linear) : linear));
    }

    /// <summary>A packet sent at <paramref name="sentAt"/> was lost; true when the window was cut for it.</summary>
    /// <remarks>Once per round trip: losses of packets that were on their way at the last cut tell nothing new.</remarks>
    public bool OnLoss(Instant sentAt, Instant now)
    {
        if (_wasCut && (sentAt <= _cutAt || now - _cutAt < _options.MinCutInterval))
            return false;
        Remember(now);
        _window = Math.Max(Least, _window * _options.LossFactor);
        _threshold = _window;
        IsInSlowStart = false;
        return true;
    }

    /// <summary>Takes back the last cut: what seemed lost had only been overtaken.</summary>
    public void Undo()
    {
        if (!_wasCut || _windowBeforeCut <= _window)
            return;
        _window = _windowBeforeCut;
        _threshold = _thresholdBeforeCut;
        IsInSlowStart = _slowStartBeforeCut;
    }

    /// <summary>Nothing was acknowledged for a whole time-out.</summary>
    public void OnTimeout(Instant now)
    {
        Remember(now);
        _threshold = Math.Max(Least, _window * _options.LossFactor);
        _window = Least;
        IsInSlowStart = true;
    }

    /// <summary>Nothing was sent for a while: what the window says of the path is old.</summary>
    public void OnIdle()
    {
        double start = 10 * SegmentBytes;
        if (_window <= start)
            return;
        _threshold = _window;
        _window = start;
        IsInSlowStart = true;
    }

    private void LeaveSlowStart()
    {
        IsInSlowStart = false;
        _threshold = _window;
    }

    private void Remember(Instant now)
    {
        _windowBeforeCut = _window;
        _thresholdBeforeCut = _threshold;
        _slowStartBeforeCut = IsInSlowStart;
        _cutAt = now;
        _wasCut = true;
    }
}
