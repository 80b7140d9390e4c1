namespace Compeer.Protocols.Utp;

/// <summary>
/// What was written and not yet acknowledged: the bytes, and the packets they were sent in. A packet keeps its number and
/// payload for ever, since the remote orders by number. Bounds: the option's bytes and packets.
/// </summary>
/// <remarks>
/// Spec: BEP 29, "packet loss"; losses are found as in RFC 8985 (RACK): a packet is lost when one sent later arrived and a
/// short time for reordering has passed, which three packets that overtook it cut to nothing unless reordering is known.
/// </remarks>
internal sealed class UtpSendQueue(UtpOptions options, UtpMemory memory, ushort next)
{
    private const int MaxReorderSteps = 8;
    private const int OvertakingPackets = 3;

    private readonly ByteRing _bytes = new(memory, options.MaxSendBytes);
    private SentPacket[] _packets = new SentPacket[32];
    private ushort _oldest = next;
    private ushort _next = next;
    private ushort _highestAcked = (ushort)(next - 1);
    private ushort _firstLost;
    private long _headOffset;
    private long _sentOffset;
    private int _acknowledgedAhead;
    private int _reorderSteps;

    // The packet sent last among those known to have arrived.
    private Instant _arrivedSentAt;
    private ushort _arrivedNumber;
    private TimeSpan _arrivedRoundTrip;

    /// <summary>The number of the next packet to be sent for the first time.</summary>
    public ushort NextNumber => _next;

    /// <summary>The last number that everything up to is acknowledged.</summary>
    public ushort AcknowledgedNumber => (ushort)(_oldest - 1);

    /// <summary>Packets sent and not all acknowledged up to.</summary>
    public int PacketCount => (ushort)(_next - _oldest);

    /// <summary>Payload bytes on their way.</summary>
    public int InFlightBytes { get; private set; }

    /// <summary>Packets on their way.</summary>
    public int InFlightPackets { get; private set; }

    /// <summary>Packets that wait to be sent again.</summary>
    public int LostPackets { get; private set; }

    /// <summary>Bytes never sent yet.</summary>
    public int UnsentBytes => (int)(_headOffset + _bytes.Count - _sentOffset);

    /// <summary>Bytes held.</summary>
    public int Count => _bytes.Count;

    /// <summary>Bytes that could be written.</summary>
    public int Room => _bytes.Room;

    /// <summary>Whether another packet can be numbered.</summary>
    public bool CanAdd => PacketCount < options.MaxPackets;

    public int Write(ReadOnlySpan<byte> data) => _bytes.Write(data);

    /// <summary>Numbers the next packet.</summary>
    public ushort Add(int length, bool isProbe, bool isFin, Instant now)
    {
        if (PacketCount == _packets.Length)
            Grow();
        ushort number = _next++;
        PacketOf(number) = new SentPacket
        {
            Offset = _sentOffset, Length = length, SentAt = now, Transmissions = 1, IsProbe = isProbe, IsFin = isFin,
        };
        _sentOffset += length;
        InFlightBytes += length;
        InFlightPackets++;
        return number;
    }

    public ref SentPacket PacketOf(ushort number) => ref _packets[number & (_packets.Length - 1)];

    public void CopyPayload(in SentPacket packet, Span<byte> target) => _bytes.CopyTo((int)(packet.Offset - _headOffset), target[..packet.Length]);

    /// <summary>The first lost packet. Only when there are any.</summary>
    public ushort FirstLost()
    {
        while (PacketOf(_firstLost).State != SentPacketState.Lost)
            _firstLost++;
        return _firstLost;
    }

    /// <summary>A lost packet was sent again.</summary>
    public void OnResent(ref SentPacket packet, Instant now)
    {
        packet.State = SentPacketState.InFlight;
        packet.SentAt = now;
        packet.Transmissions = (byte)Math.Min(packet.Transmissions + 1, byte.MaxValue);
        LostPackets--;
        InFlightBytes += packet.Length;
        InFlightPackets++;
    }

    /// <summary>Takes an acknowledgement; its numbers were checked to be ours, its bits need not be.</summary>
    public AckOutcome OnAck(ushort ack, ReadOnlySpan<byte> selectiveAck, TimeSpan minRoundTrip, Instant now)
    {
        var outcome = new AckOutcome();
        while (UtpSequence.Distance(_oldest, ack) >= 0 && _oldest != _next)
        {
            ref SentPacket packet = ref PacketOf(_oldest);
            if (packet.State == SentPacketState.Acknowledged)
                _acknowledgedAhead--;
            else
                Acknowledge(ref packet, _oldest, minRoundTrip, now, ref outcome);
            _headOffset += packet.Length;
            _bytes.Discard(packet.Length);
            _oldest++;
        }
        for (int i = 0; i < selectiveAck.Length; i++)
        {
            for (int bits = selectiveAck[i]; bits != 0; bits &= bits - 1)
            {
                ushort number = (ushort)(ack + 2 + (8 * i) + System.Numerics.BitOperations.TrailingZeroCount(bits));
                if (UtpSequence.Distance(_oldest, number) < 0 || UtpSequence.Distance(number, _next) <= 0)
                    continue;
                ref SentPacket packet = ref PacketOf(number);
                if (packet.State == SentPacketState.Acknowledged)
                    continue;
                Acknowledge(ref packet, number, minRoundTrip, now, ref outcome);
                _acknowledgedAhead++;
            }
        }
        if (LostPackets > 0 && UtpSequence.Distance(_oldest, _firstLost) < 0)
            _firstLost = _oldest;
        return outcome;
    }

    /// <summary>Marks the packets that must be lost by what is known to have arrived.</summary>
    public LossOutcome FindLosses(TimeSpan minRoundTrip, TimeSpan smoothedRoundTrip, Instant now)
    {
        var outcome = new LossOutcome { LookAgainAt = Instant.Never };
        if (InFlightPackets == 0 || (_acknowledgedAhead == 0 && PacketOf(_oldest).SentAt > _arrivedSentAt))
            return outcome;
        TimeSpan wait = ReorderTime(minRoundTrip, smoothedRoundTrip);
        for (ushort number = _oldest; number != _next; number++)
        {
            ref SentPacket packet = ref PacketOf(number);
            if (packet.State != SentPacketState.InFlight)
                continue;
            bool overtaken = packet.SentAt < _arrivedSentAt
                || (packet.SentAt == _arrivedSentAt && UtpSequence.Distance(number, _arrivedNumber) > 0);
            if (!overtaken)
            {
                // Packets sent once are in the order of their times; only those sent again are not.
                if (packet.Transmissions == 1 && packet.SentAt > _arrivedSentAt)
                    break;
                continue;
            }
            Instant due = packet.SentAt + _arrivedRoundTrip + wait;
            if (now >= due)
                MarkLost(ref packet, number, ref outcome);
            else
                outcome.LookAgainAt = Instant.Min(outcome.LookAgainAt, due);
        }
        return outcome;
    }

    /// <summary>Marks the oldest packet lost, by evidence that only its absence explains.</summary>
    public LossOutcome LoseOldest()
    {
        var outcome = new LossOutcome { LookAgainAt = Instant.Never };
        if (PacketCount > 0 && PacketOf(_oldest).State == SentPacketState.InFlight)
            MarkLost(ref PacketOf(_oldest), _oldest, ref outcome);
        return outcome;
    }

    /// <summary>Marks the last packet on its way lost, to provoke an answer.</summary>
    public LossOutcome LoseLast()
    {
        var outcome = new LossOutcome { LookAgainAt = Instant.Never };
        for (ushort number = (ushort)(_next - 1); InFlightPackets > 0; number--)
        {
            if (PacketOf(number).State != SentPacketState.InFlight)
                continue;
            PacketOf(number).IsTailProbe = true;
            MarkLost(ref PacketOf(number), number, ref outcome);
            break;
        }
        return outcome;
    }

    /// <summary>Marks everything on its way lost.</summary>
    public LossOutcome LoseAll()
    {
        var outcome = new LossOutcome { LookAgainAt = Instant.Never };
        for (ushort number = _oldest; number != _next; number++)
        {
            if (PacketOf(number).State == SentPacketState.InFlight)
                MarkLost(ref PacketOf(number), number, ref outcome);
        }
        return outcome;
    }

    public void Trim()
    {
        _bytes.Trim();
        if (PacketCount == 0 && _packets.Length > 32)
            _packets = new SentPacket[32];
    }

    public void Release()
    {
        _bytes.Release();
        _headOffset = _sentOffset = 0;
        _oldest = _next;
        InFlightBytes = InFlightPackets = LostPackets = 0;
    }

    private void Acknowledge(ref SentPacket packet, ushort number, TimeSpan minRoundTrip, Instant now, ref AckOutcome outcome)
    {
        bool wasLost = packet.State == SentPacketState.Lost;
        if (wasLost)
        {
            LostPackets--;
        }
        else
        {
            InFlightBytes -= packet.Length;
            InFlightPackets--;
        }
        packet.State = SentPacketState.Acknowledged;
        outcome.AckedBytes += packet.Length;
        outcome.AckedPackets++;
        outcome.IsFinAcked |= packet.IsFin;
        TimeSpan roundTrip = now - packet.SentAt;
        // An answer sooner than any before must be to an earlier sending.
        bool early = packet.Transmissions > 1 && minRoundTrip != TimeSpan.MaxValue && roundTrip < minRoundTrip * 0.75;
        if ((wasLost || early) && !packet.IsTailProbe)
        {
            outcome.Spurious++;
            _reorderSteps = Math.Min(_reorderSteps + 1, MaxReorderSteps);
        }
        else if (packet.Transmissions == 1 && !wasLost)
        {
            if (UtpSequence.Distance(number, _highestAcked) > 0)
                _reorderSteps = Math.Max(_reorderSteps, 1);
            // The one sent last waited least for the acknowledgement.
            outcome.RoundTrip = roundTrip;
            if (packet.IsProbe)
                outcome.ProbePayload = packet.Length;
        }
        if (UtpSequence.Distance(_highestAcked, number) > 0)
            _highestAcked = number;
        if (!wasLost && !early && (packet.SentAt > _arrivedSentAt || (packet.SentAt == _arrivedSentAt && UtpSequence.Distance(_arrivedNumber, number) > 0)))
        {
            _arrivedSentAt = packet.SentAt;
            _arrivedNumber = number;
            _arrivedRoundTrip = roundTrip;
        }
    }

    private TimeSpan ReorderTime(TimeSpan minRoundTrip, TimeSpan smoothedRoundTrip)
    {
        if (_reorderSteps == 0 && _acknowledgedAhead >= OvertakingPackets)
            return TimeSpan.Zero;
        TimeSpan quarter = (minRoundTrip < smoothedRoundTrip ? minRoundTrip : smoothedRoundTrip) / 4;
        TimeSpan wait = quarter * Math.Max(1, _reorderSteps);
        return wait < smoothedRoundTrip ? wait : smoothedRoundTrip;
    }

    private void MarkLost(ref SentPacket packet, ushort number, ref LossOutcome outcome)
    {
        packet.State = SentPacketState.Lost;
        if (LostPackets == 0 || UtpSequence.Distance(number, _firstLost) > 0)
            _firstLost = number;
        LostPackets++;
        InFlightBytes -= packet.Length;
        InFlightPackets--;
        if (packet.IsProbe)
        {
            packet.IsProbe = false;
            outcome.ProbePayload = packet.Length;
            return;
        }
        outcome.Packets++;
        if (packet.SentAt > outcome.SentAt)
            outcome.SentAt = packet.SentAt;
    }

    private void Grow()
    {
        var larger = new SentPacket[_packets.Length * 2];
        for (ushort number = _oldest; number != _next; number++)
            larger[number & (larger.Length - 1)] = PacketOf(number);
        _packets = larger;
    }
}
