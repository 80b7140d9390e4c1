using System.Net;

namespace Compeer.Protocols.Utp;

/// <summary>
/// One uTP connection: an ordered byte stream each way over packets that get lost, late, doubled and mixed up.
/// It has no I/O; its <see cref="UtpRouter"/> passes packets and time in and takes packets out.
/// Spec: BEP 29. Single-threaded; bounds in <see cref="UtpOptions"/>.
/// </summary>
public sealed partial class UtpConnection
{
    private readonly UtpOptions _options;
    private readonly UtpRouter _router;
    private readonly UtpSendQueue _sending;
    private readonly LedbatController _congestion;
    private readonly QueueingDelay _queueing;
    private readonly RttEstimator _rtt;
    private readonly PathMtuSearch _mtu;
    private readonly bool _isInitiator;
    private readonly ushort _synNumber;
    private UtpReceiveQueue? _receiving;

    private bool _closing;
    private bool _finWanted;
    private bool _finSent;
    private bool _finAcked;
    private bool _writeFellShort;

    /// <summary>For the initiator: a SYN will be sent.</summary>
    internal UtpConnection(UtpRouter router, IPEndPoint remote, ushort receiveId, ushort synNumber, Instant now)
        : this(router, now, remote, receiveId, (ushort)(receiveId + 1), (ushort)(synNumber + 1))
    {
        _isInitiator = true;
        _synNumber = synNumber;
        _synDue = true;
    }

    /// <summary>For the acceptor: the initiator has proved that it received our answer.</summary>
    internal UtpConnection(UtpRouter router, IPEndPoint remote, ushort receiveId, ushort ourNumber, ushort receivedNumber, Instant now)
        : this(router, now, remote, receiveId, (ushort)(receiveId - 1), ourNumber)
    {
        IsConnected = true;
        _receiving = new UtpReceiveQueue(_options, router.Memory, receivedNumber);
        Signal(UtpSignals.Accepted);
    }

    private UtpConnection(UtpRouter router, Instant now, IPEndPoint remote, ushort receiveId, ushort sendId, ushort nextNumber)
    {
        _router = router;
        _options = router.Options;
        Remote = remote;
        ReceiveId = receiveId;
        SendId = sendId;
        int headers = IsIPv6(remote.Address) ? 48 : 28;
        int safe = _options.SafeDatagramBytes > 0 ? _options.SafeDatagramBytes : 1280 - headers;
        int highest = _options.MaxDatagramBytes > 0 ? _options.MaxDatagramBytes : 1500 - headers;
        _mtu = new PathMtuSearch(safe, highest);
        _sending = new UtpSendQueue(_options, router.Memory, nextNumber);
        _congestion = new LedbatController(_options, SegmentBytes);
        _queueing = new QueueingDelay(_options.TargetDelay);
        _rtt = new RttEstimator(_options.MinTimeout);
        Array.Fill(_deadlines, Instant.Never);
        _lastSentAt = now;
        Arm(UtpTimer.KeepAlive, now + _options.KeepAlive);
    }

    /// <summary>The remote endpoint.</summary>
    public IPEndPoint Remote { get; }

    /// <summary>The id in packets that we receive.</summary>
    public ushort ReceiveId { get; }

    /// <summary>The id in packets that we send.</summary>
    public ushort SendId { get; }

    /// <summary>The remote asked for it.</summary>
    public bool IsIncoming => !_isInitiator;

    /// <summary>Both sides have agreed, and it is not over.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Why it is over.</summary>
    public UtpCloseReason Closed { get; private set; }

    /// <summary>Bytes that can be read now.</summary>
    public int ReadableBytes => _receiving?.ReadyBytes ?? 0;

    /// <summary>The remote has ended its direction and everything of it was read.</summary>
    public bool IsRemoteEnded => _receiving is { IsEnded: true, ReadyBytes: 0 };

    /// <summary>Bytes written and not yet acknowledged.</summary>
    public int UnacknowledgedBytes => _sending.Count;

    /// <summary>For the owner's use; the machine does not look at it.</summary>
    public object? Tag { get; set; }

    /// <summary>Counters and measures.</summary>
    public UtpStatistics Statistics => new(
        _sentBytes, _receivedBytes, _sentPackets, _resentPackets, _allTimeouts, _rtt.Smoothed, _queueing.Current,
        _congestion.WindowBytes, _mtu.Size, _impossibleAcks);

    /// <summary>Payload of a full packet.</summary>
    private int SegmentBytes => _mtu.Size - UtpPacketCodec.HeaderBytes;

    /// <summary>Takes bytes to be sent; returns how many, 0 while there is no room (then <see cref="UtpSignals.Writable"/> follows).</summary>
    public int Write(ReadOnlySpan<byte> data, Instant now)
    {
        if (!IsConnected || _finWanted || Closed != UtpCloseReason.None)
            return 0;
        int taken = _sending.Write(data[..Math.Min(data.Length, WritableBytes)]);
        _writeFellShort = taken < data.Length;
        if (taken > 0)
            _router.Touch(this);
        return taken;
    }

    /// <summary>Moves received bytes into <paramref name="target"/>; returns how many, 0 when there are none.</summary>
    public int Read(Span<byte> target, Instant now)
    {
        if (_receiving is null)
            return 0;
        int taken = _receiving.Read(target);
        if (taken > 0 && Closed == UtpCloseReason.None && IsWindowWorthTelling())
        {
            _ackDue = true;
            _router.Touch(this);
        }
        return taken;
    }

    /// <summary>Ends our direction after what was written; reading goes on.</summary>
    public void Shutdown(Instant now)
    {
        if (_finWanted || Closed != UtpCloseReason.None)
            return;
        _finWanted = true;
        _router.Touch(this);
    }

    /// <summary>Ends both directions: what was written is still delivered, what comes or waits to be read is dropped. To be called even when it is over, to free its memory.</summary>
    public void Close(Instant now)
    {
        if (_closing)
            return;
        _closing = true;
        if (!IsConnected)
        {
            Abort(now);
            _receiving?.Release();
            return;
        }
        _finWanted = true;
        _receiving!.Discard();
        Arm(UtpTimer.Linger, now + _options.Linger);
        FinishIfDone(now);
        _router.Touch(this);
    }

    /// <summary>Ends it at once and tells the remote.</summary>
    public void Abort(Instant now)
    {
        if (Closed != UtpCloseReason.None)
            return;
        // A remote that has not answered keeps nothing of us that a RESET could free.
        _resetDue = IsConnected;
        End(UtpCloseReason.Aborted, now);
        _router.Touch(this);
    }

    /// <summary>What has changed since the last call.</summary>
    internal UtpSignals TakeSignals()
    {
        UtpSignals signals = Signals;
        Signals = UtpSignals.None;
        return signals;
    }

    internal UtpSignals Signals { get; private set; }

    /// <summary>Nothing is left to send or to answer.</summary>
    internal bool IsGone { get; private set; }

    /// <summary>Where the router's bookkeeping of this connection stands.</summary>
    internal UtpRouting Routing;

    /// <summary>Enough that the path never runs dry between two wake-ups of the writer, and little enough that it is fresh.</summary>
    private int WritableBytes
    {
        get
        {
            int wanted = Math.Max(256 << 10, 2 * _congestion.WindowBytes);
            return Math.Max(0, Math.Min(_sending.Room, wanted - _sending.Count));
        }
    }

    private static bool IsIPv6(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out int length) && length == bytes.Length;
    }

    private void Signal(UtpSignals signals) => Signals |= signals;

    private void End(UtpCloseReason reason, Instant now)
    {
        if (Closed != UtpCloseReason.None)
            return;
        Closed = reason;
        IsConnected = false;
        Array.Fill(_deadlines, Instant.Never);
        _synDue = _resendDue = false;
        _ackDue &= reason == UtpCloseReason.Finished;
        _sending.Release();
        if (_closing)
            _receiving?.Release();
        Signal(UtpSignals.Closed | UtpSignals.Readable | UtpSignals.Writable);
        // A finished connection answers repeated packets for a while; the others have nothing to say.
        Arm(UtpTimer.TimeWait, reason == UtpCloseReason.Finished ? now + _options.TimeWait : now);
    }

    /// <summary>Both directions are over when both ends have arrived.</summary>
    private void FinishIfDone(Instant now)
    {
        if (_finAcked && _receiving is { IsEnded: true })
            End(UtpCloseReason.Finished, now);
    }
}
