namespace Compeer.Protocols.Utp;

/// <summary>What a connection sends, and when.</summary>
public sealed partial class UtpConnection
{
    // Small packets on their way before another must wait to be filled.
    private const int MaxSmallPackets = 8;

    // A probe is found lost by the packets behind it.
    private const int SegmentsBehindProbe = 4;

    private bool _synDue;
    private bool _ackDue;
    private bool _resetDue;
    private bool _resendDue;
    private bool _windowProbeDue;
    private int _synResends;
    private int _probesInFlight;
    private uint _toldWindowBytes = uint.MaxValue;
    private ushort _toldAck;
    private Instant _lastSentAt;
    private long _sentBytes;
    private long _sentPackets;
    private long _resentPackets;

    /// <summary>Writes the next packet into <paramref name="target"/>, which takes the largest; false when there is none to be sent now.</summary>
    internal bool TryTransmit(Span<byte> target, Instant now, out int length, out bool dontFragment)
    {
        dontFragment = false;
        length = 0;
        if (_resetDue)
        {
            _resetDue = false;
            length = WriteHeader(target, UtpPacketType.Reset, SendId, _sending.NextNumber, default, now);
        }
        else if (_synDue)
        {
            _synDue = false;
            length = WriteHeader(target, UtpPacketType.Syn, ReceiveId, _synNumber, default, now);
            Arm(UtpTimer.Retransmission, now + (_options.SynTimeout * (1 << _synResends)));
        }
        else if (IsConnected && _sending.LostPackets > 0 && MayResend())
        {
            length = Resend(target, now);
        }
        else if (IsConnected && TryPlan(now, out int payload, out bool isProbe, out bool isFin))
        {
            dontFragment = isProbe;
            length = SendNew(target, payload, isProbe, isFin, now);
        }
        else if (_ackDue && _receiving is not null)
        {
            length = SendAck(target, now);
        }
        if (length == 0)
            return false;
        _sentPackets++;
        _lastSentAt = now;
        return true;
    }

    private bool MayResend()
    {
        if (_resendDue || _sending.InFlightPackets == 0)
            return true;
        int length = _sending.PacketOf(_sending.FirstLost()).Length;
        return _sending.InFlightBytes + length <= _congestion.WindowBytes;
    }

    /// <summary>Decides on the next new packet.</summary>
    private bool TryPlan(Instant now, out int payload, out bool isProbe, out bool isFin)
    {
        payload = 0;
        isProbe = isFin = false;
        if (!_sending.CanAdd || _sending.LostPackets > 0)
            return false;
        int unsent = _sending.UnsentBytes;
        if (unsent == 0)
        {
            isFin = _finWanted && !_finSent;
            return isFin;
        }
        payload = Math.Min(unsent, SegmentBytes);
        int probe = _probesInFlight > 0 ? 0 : _mtu.NextProbe(now) - UtpPacketCodec.HeaderBytes;
        if (probe > SegmentBytes && unsent >= probe + (SegmentsBehindProbe * SegmentBytes) && _sending.InFlightPackets >= SegmentsBehindProbe)
        {
            payload = probe;
            isProbe = true;
        }
        if (_remoteWindowBytes < (uint)(_sending.InFlightBytes + payload))
            return TryPlanWindowProbe(now, ref payload, ref isProbe);
        if (_sending.InFlightPackets > 0 && _sending.InFlightBytes + payload > _congestion.WindowBytes)
            return false;
        // Many small packets would cost more than the little time that filling them takes.
        return payload >= SegmentBytes || _finWanted || _sending.InFlightPackets < MaxSmallPackets;
    }

    /// <summary>A remote without room is asked now and then with what it may take, or a byte, since its word of new room may be lost.</summary>
    private bool TryPlanWindowProbe(Instant now, ref int payload, ref bool isProbe)
    {
        if (_sending.InFlightPackets > 0)
            return false;
        isProbe = false;
        if (_windowProbeDue)
        {
            _windowProbeDue = false;
            payload = (int)Math.Clamp(_remoteWindowBytes, 1, payload);
            return true;
        }
        if (!IsArmed(UtpTimer.ZeroWindow))
        {
            TimeSpan wait = _rtt.Timeout(_windowProbes);
            Arm(UtpTimer.ZeroWindow, now + (wait < LongestZeroWindow ? wait : LongestZeroWindow));
        }
        return false;
    }

    private int SendNew(Span<byte> target, int payload, bool isProbe, bool isFin, Instant now)
    {
        if (_sending.InFlightPackets == 0 && now - _lastSentAt > _rtt.Timeout(0))
            _congestion.OnIdle();
        ushort number = _sending.Add(payload, isProbe, isFin, now);
        _finSent |= isFin;
        _sentBytes += payload;
        if (isProbe)
            _probesInFlight = 1;
        if (!IsArmed(UtpTimer.Retransmission))
            Arm(UtpTimer.Retransmission, now + _rtt.Timeout(_timeouts));
        ArmTailProbe(now);
        return WritePacket(target, number, now);
    }

    private int Resend(Span<byte> target, Instant now)
    {
        _resendDue = false;
        ushort number = _sending.FirstLost();
        _sending.OnResent(ref _sending.PacketOf(number), now);
        _resentPackets++;
        if (!IsArmed(UtpTimer.Retransmission))
            Arm(UtpTimer.Retransmission, now + _rtt.Timeout(_timeouts));
        return WritePacket(target, number, now);
    }

    private int WritePacket(Span<byte> target, ushort number, Instant now)
    {
        ref SentPacket packet = ref _sending.PacketOf(number);
        int header = WriteHeader(target, packet.IsFin ? UtpPacketType.Fin : UtpPacketType.Data, SendId, number, default, now);
        _sending.CopyPayload(packet, target[header..]);
        // Early packets can only be told of in a STATE; while there are none, this packet has told everything.
        if (_receiving!.EarlyCount == 0)
            OnAckSent();
        return header + packet.Length;
    }

    private int SendAck(Span<byte> target, Instant now)
    {
        Span<byte> selectiveAck = stackalloc byte[UtpPacketCodec.MaxSelectiveAckBytes];
        int length = _receiving!.WriteSelectiveAck(selectiveAck);
        OnAckSent();
        return WriteHeader(target, UtpPacketType.State, SendId, _sending.NextNumber, selectiveAck[..length], now);
    }

    private void OnAckSent()
    {
        _ackDue = false;
        _unackedArrivals = 0;
        Disarm(UtpTimer.Acknowledgement);
    }

    private int WriteHeader(Span<byte> target, UtpPacketType type, ushort id, ushort number, ReadOnlySpan<byte> selectiveAck, Instant now)
    {
        _toldWindowBytes = (uint)(_receiving?.WindowBytes ?? _options.MaxReceiveBytes);
        _toldAck = _receiving?.AckNumber ?? 0;
        return UtpPacketCodec.Write(
            target, new UtpHeader(type, id, _router.Clock(now), _replyDifference, _toldWindowBytes, number, _toldAck), selectiveAck);
    }

    /// <summary>Whether reading made so much room that the sender should know without being asked.</summary>
    private bool IsWindowWorthTelling()
    {
        int window = _receiving!.WindowBytes;
        return window - (long)_toldWindowBytes >= _options.MaxReceiveBytes / 2
            || (_toldWindowBytes < 2 * UtpMemory.SlotBytes && window >= 4 * UtpMemory.SlotBytes);
    }
}
