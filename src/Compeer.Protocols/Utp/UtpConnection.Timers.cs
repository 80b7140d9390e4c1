namespace Compeer.Protocols.Utp;

/// <summary>What a connection waits for.</summary>
internal enum UtpTimer
{
    /// <summary>Nothing was acknowledged for too long, or the SYN was not answered.</summary>
    Retransmission,

    /// <summary>The last packets may be lost, with none behind them to show it.</summary>
    TailProbe,

    /// <summary>What was overtaken has had its time to arrive.</summary>
    Reordering,

    /// <summary>A received packet has waited long enough for company.</summary>
    Acknowledgement,

    /// <summary>The remote has had no room for a while.</summary>
    ZeroWindow,

    /// <summary>Nothing was sent for so long that address translations may forget us.</summary>
    KeepAlive,

    /// <summary>A closed connection has tried long enough.</summary>
    Linger,

    /// <summary>An ended connection need not answer any longer.</summary>
    TimeWait,
}

/// <summary>What a connection does as time passes.</summary>
public sealed partial class UtpConnection
{
    private static readonly TimeSpan LongestZeroWindow = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ShortestTailProbe = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RemoteAckDelay = TimeSpan.FromMilliseconds(100);

    private readonly Instant[] _deadlines = new Instant[(int)UtpTimer.TimeWait + 1];
    private int _timeouts;
    private int _allTimeouts;
    private int _windowProbes;
    private bool _tailProbed;

    /// <summary>When <see cref="OnDeadline"/> is due; null when nothing is waited for.</summary>
    internal Instant? NextDeadline
    {
        get
        {
            Instant next = Instant.Never;
            foreach (Instant deadline in _deadlines)
                next = Instant.Min(next, deadline);
            return next == Instant.Never ? null : next;
        }
    }

    internal void OnDeadline(Instant now)
    {
        for (UtpTimer timer = 0; timer <= UtpTimer.TimeWait; timer++)
        {
            if (now < _deadlines[(int)timer])
                continue;
            Disarm(timer);
            switch (timer)
            {
                case UtpTimer.Retransmission:
                    OnTimeout(now);
                    break;
                case UtpTimer.TailProbe:
                    OnTailProbe();
                    break;
                case UtpTimer.Reordering:
                    LookForLosses(now);
                    break;
                case UtpTimer.Acknowledgement:
                    _ackDue = true;
                    break;
                case UtpTimer.ZeroWindow:
                    OnZeroWindow();
                    break;
                case UtpTimer.KeepAlive:
                    OnKeepAlive(now);
                    break;
                case UtpTimer.Linger:
                    _resetDue = true;
                    End(UtpCloseReason.Aborted, now);
                    break;
                case UtpTimer.TimeWait:
                    IsGone = true;
                    break;
            }
        }
    }

    private void Arm(UtpTimer timer, Instant at) => _deadlines[(int)timer] = at;

    private void Disarm(UtpTimer timer) => _deadlines[(int)timer] = Instant.Never;

    private bool IsArmed(UtpTimer timer) => _deadlines[(int)timer] != Instant.Never;

    private void OnTimeout(Instant now)
    {
        if (!IsConnected)
        {
            if (_synResends == _options.MaxSynResends)
                End(UtpCloseReason.NoAnswer, now);
            else
                (_synResends, _synDue) = (_synResends + 1, true);
            return;
        }
        if (_sending.InFlightPackets == 0 && _sending.LostPackets == 0)
            return;
        bool hasNoRoom = _remoteWindowBytes < SegmentBytes && _heardSinceTimeout;
        _heardSinceTimeout = false;
        _allTimeouts++;
        if (!hasNoRoom && _timeouts == _options.MaxTimeouts)
        {
            End(UtpCloseReason.TimedOut, now);
            return;
        }
        _timeouts = Math.Min(_timeouts + 1, _options.MaxTimeouts);
        LossOutcome lost = _sending.LoseAll();
        if (lost.ProbePayload > 0)
            OnProbeLost(lost.ProbePayload, now);
        _duplicateAcks = 0;
        _resendDue = true;
        if (!hasNoRoom && lost.Packets > 0)
        {
            _congestion.OnTimeout(now);
            _lossesSinceCut = lost.Packets;
        }
        if (_timeouts == 2)
        {
            _mtu.OnBlackHole();
            _congestion.SegmentBytes = SegmentBytes;
        }
    }

    /// <summary>Two round trips without a word: the last packet is sent once more, which shows what else is missing.</summary>
    private void OnTailProbe()
    {
        if (_sending.InFlightPackets == 0 || _sending.LostPackets > 0)
            return;
        _tailProbed = true;
        LossOutcome lost = _sending.LoseLast();
        if (lost.ProbePayload > 0)
            _probesInFlight = 0;
        _resendDue = true;
    }

    private void ArmTailProbe(Instant now)
    {
        if (_sending.InFlightPackets == 0 || _tailProbed || !_rtt.IsKnown)
        {
            Disarm(UtpTimer.TailProbe);
            return;
        }
        TimeSpan wait = _rtt.Smoothed * 2;
        if (wait < ShortestTailProbe)
            wait = ShortestTailProbe;
        Arm(UtpTimer.TailProbe, now + (_sending.InFlightPackets == 1 ? wait + RemoteAckDelay : wait));
    }

    private void OnZeroWindow()
    {
        _windowProbes = Math.Min(_windowProbes + 1, 5);
        _windowProbeDue = true;
    }

    private void OnKeepAlive(Instant now)
    {
        Instant due = _lastSentAt + _options.KeepAlive;
        if (now >= due)
        {
            _ackDue = _receiving is not null;
            _sending.Trim();
            _receiving?.Trim();
            due = now + _options.KeepAlive;
        }
        Arm(UtpTimer.KeepAlive, due);
    }
}
