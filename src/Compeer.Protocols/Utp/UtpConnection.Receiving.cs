namespace Compeer.Protocols.Utp;

/// <summary>What a connection does with packets that come.</summary>
public sealed partial class UtpConnection
{
    private const int DuplicateAcksOfLoss = 3;
    private const int PacketsPerAck = 2;

    private uint _replyDifference;
    private uint _remoteWindowBytes = uint.MaxValue;
    private int _duplicateAcks;
    private int _unackedArrivals;
    private int _lossesSinceCut;
    private bool _heardSinceTimeout;
    private long _receivedBytes;
    private int _impossibleAcks;

    /// <summary>Takes a packet of this connection.</summary>
    internal void Receive(in UtpHeader header, ReadOnlySpan<byte> selectiveAck, ReadOnlySpan<byte> payload, Instant now)
    {
        if (header.Type == UtpPacketType.Reset)
        {
            OnReset(header, now);
            return;
        }
        if (Closed != UtpCloseReason.None)
        {
            // Our last acknowledgement was lost: give it again.
            _ackDue |= Closed == UtpCloseReason.Finished && header.Type is UtpPacketType.Fin or UtpPacketType.Data;
            return;
        }
        if (header.Type == UtpPacketType.Syn)
        {
            _ackDue |= IsIncoming;
            return;
        }
        if (!IsConnected && !TryConnect(header, now))
            return;
        int beyond = UtpSequence.Distance((ushort)(_sending.NextNumber - 1), header.AckNumber);
        if (beyond > 0)
        {
            // No honest receiver acknowledges what was never sent. The packet is dropped rather than the connection,
            // since anyone could forge it.
            _impossibleAcks++;
            return;
        }
        _heardSinceTimeout = true;
        _replyDifference = _queueing.OnPacket(header.Timestamp, _router.Clock(now), now);
        if (UtpSequence.Distance(_sending.AcknowledgedNumber, header.AckNumber) >= 0)
            OnAck(header, selectiveAck, payload.IsEmpty, now);
        if (header.Type is UtpPacketType.Data or UtpPacketType.Fin && Closed == UtpCloseReason.None)
            OnPayload(header, payload, now);
    }

    /// <summary>A RESET counts only when it answers something that we sent.</summary>
    private void OnReset(in UtpHeader header, Instant now)
    {
        ushort next = _sending.NextNumber;
        int behind = UtpSequence.Distance(header.AckNumber, next);
        bool plausible = behind >= 0 && behind <= _sending.PacketCount + 2;
        if (plausible && Closed == UtpCloseReason.None)
            End(UtpCloseReason.Reset, now);
    }

    private bool TryConnect(in UtpHeader header, Instant now)
    {
        if (header.Type != UtpPacketType.State || header.AckNumber != _synNumber)
            return false;
        IsConnected = true;
        _synDue = false;
        Disarm(UtpTimer.Retransmission);
        if (_synResends == 0)
            AddRoundTrip(now - _lastSentAt, now);
        // A STATE carries the number that the remote will use next.
        _receiving = new UtpReceiveQueue(_options, _router.Memory, (ushort)(header.SequenceNumber - 1));
        Signal(UtpSignals.Connected | UtpSignals.Writable);
        return true;
    }

    private void OnAck(in UtpHeader header, ReadOnlySpan<byte> selectiveAck, bool isPure, Instant now)
    {
        int inFlight = _sending.InFlightBytes;
        // Some remotes tell of a gap by a selective ack too short to show what lies behind it.
        bool isRepeated = header.AckNumber == _sending.AcknowledgedNumber && isPure && header.Type == UtpPacketType.State
            && (!selectiveAck.IsEmpty || header.WindowBytes == _remoteWindowBytes);
        _remoteWindowBytes = header.WindowBytes;
        _queueing.OnReport(header.TimestampDifference, now);
        AckOutcome acked = _sending.OnAck(header.AckNumber, selectiveAck, _rtt.Min, now);
        if (acked.AckedPackets > 0)
            OnProgress(acked, inFlight, now);
        else if (isRepeated && _sending.InFlightPackets > 0 && ++_duplicateAcks == DuplicateAcksOfLoss)
            OnLosses(_sending.LoseOldest(), now);
        LookForLosses(now);
        if (_sending.Count == 0 && _finAcked)
            FinishIfDone(now);
        if (_remoteWindowBytes >= SegmentBytes)
            OnRoom();
    }

    /// <summary>The remote has room: what it could not take is sent again without waiting for a time-out.</summary>
    private void OnRoom()
    {
        Disarm(UtpTimer.ZeroWindow);
        if (_windowProbes == 0)
            return;
        _windowProbes = 0;
        _timeouts = 0;
        _sending.LoseAll();
        _resendDue = true;
    }

    private void OnProgress(in AckOutcome acked, int inFlightBefore, Instant now)
    {
        _duplicateAcks = 0;
        _timeouts = 0;
        _tailProbed = false;
        if (acked.RoundTrip > TimeSpan.Zero)
            AddRoundTrip(acked.RoundTrip, now);
        if (acked.ProbePayload > 0)
        {
            _mtu.OnProbeReceived(acked.ProbePayload + UtpPacketCodec.HeaderBytes, now);
            _probesInFlight = 0;
            _congestion.SegmentBytes = SegmentBytes;
        }
        if (acked.Spurious > 0)
        {
            bool cut = _lossesSinceCut > 0;
            _lossesSinceCut = Math.Max(0, _lossesSinceCut - acked.Spurious);
            if (cut && _lossesSinceCut == 0)
                _congestion.Undo();
        }
        _congestion.OnAcknowledged(acked.AckedBytes, inFlightBefore, _queueing.Current);
        _finAcked |= acked.IsFinAcked;
        if (_sending.InFlightPackets > 0)
            Arm(UtpTimer.Retransmission, now + _rtt.Timeout(0));
        else
            Disarm(UtpTimer.Retransmission);
        ArmTailProbe(now);
        if (_writeFellShort && WritableBytes >= 16 << 10)
        {
            _writeFellShort = false;
            Signal(UtpSignals.Writable);
        }
    }

    private void AddRoundTrip(TimeSpan sample, Instant now)
    {
        _rtt.Add(sample);
        _queueing.OnRoundTrip(sample, now);
    }

    private void LookForLosses(Instant now)
    {
        LossOutcome lost = _sending.FindLosses(_rtt.Min, _rtt.Smoothed, now);
        Arm(UtpTimer.Reordering, lost.LookAgainAt);
        OnLosses(lost, now);
    }

    private void OnLosses(in LossOutcome lost, Instant now)
    {
        if (lost.ProbePayload > 0)
            OnProbeLost(lost.ProbePayload, now);
        if (lost.Packets == 0)
            return;
        _resendDue = true;
        if (_congestion.OnLoss(lost.SentAt, now))
            _lossesSinceCut = 0;
        _lossesSinceCut += lost.Packets;
    }

    private void OnProbeLost(int payload, Instant now)
    {
        _mtu.OnProbeLost(payload + UtpPacketCodec.HeaderBytes, now);
        _probesInFlight = 0;
        _resendDue = true;
    }

    private void OnPayload(in UtpHeader header, ReadOnlySpan<byte> payload, Instant now)
    {
        UtpReceiveQueue receiving = _receiving!;
        bool hadGap = receiving.EarlyCount > 0;
        int before = receiving.ReadyBytes;
        UtpArrival arrival = receiving.Take(header.SequenceNumber, payload, header.Type == UtpPacketType.Fin);
        if (arrival == UtpArrival.InOrder)
        {
            _receivedBytes += receiving.IsDiscarding ? payload.Length : receiving.ReadyBytes - before;
            Signal(UtpSignals.Readable);
        }
        // The sender must hear at once of gaps, of what it sent in vain, and of the end.
        if (arrival != UtpArrival.InOrder || hadGap || receiving.IsEnded || ++_unackedArrivals >= PacketsPerAck)
            _ackDue = true;
        else if (!IsArmed(UtpTimer.Acknowledgement))
            Arm(UtpTimer.Acknowledgement, now + _options.AckDelay);
        if (receiving.IsEnded)
            FinishIfDone(now);
    }
}
