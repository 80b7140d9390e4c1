namespace Compeer.Protocols.Yamux;

/// <summary>
/// Many streams over one ordered byte stream. It has no I/O: bytes, intents and time go in, frames and signals come out.
/// Received bytes are copied once, from the caller's buffer to their stream's; bytes to be sent once, from the writer's memory into
/// the frames. No frame costs an allocation. Windows double while the reader keeps up and the window is used up within four round trips.
/// Spec: libp2p/specs yamux/README.md. Single-threaded; bounds in <see cref="YamuxOptions"/>; never throws on what comes from the remote.
/// </summary>
public sealed partial class YamuxSession
{
    private readonly YamuxOptions _options;
    private readonly Dictionary<uint, YamuxStream> _streams = [];
    private readonly Queue<YamuxStream> _signalled = new();
    private readonly bool _isDialer;
    private uint _nextId;
    private int _incoming;
    private int _unacknowledged;
    private int _refused;
    private bool _isRemoteGoingAway;
    private bool _isGoingAway;

    /// <param name="options">Bounds.</param>
    /// <param name="isDialer">We opened the connection: our streams have odd numbers.</param>
    /// <param name="now">Now.</param>
    public YamuxSession(YamuxOptions options, bool isDialer, Instant now)
    {
        _options = options;
        _isDialer = isDialer;
        _nextId = isDialer ? 1u : 2u;
        _pingAt = now;
    }

    /// <summary>Why it is over.</summary>
    public YamuxEnd End { get; private set; }

    /// <summary>What the remote did wrong, as a clause; empty otherwise.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Streams that are open, lingering ones included.</summary>
    public int StreamCount => _streams.Count;

    /// <summary>Received bytes that nobody has read yet.</summary>
    public int UnreadBytes { get; private set; }

    /// <summary>The remote closes, or we do: no stream can be opened any more.</summary>
    public bool IsGoingAway => _isRemoteGoingAway || _isGoingAway || End != YamuxEnd.None;

    /// <summary>A stream can be opened now; false also while too many wait for the remote.</summary>
    public bool CanOpen => !IsGoingAway && _unacknowledged < _options.MaxUnacknowledged && _nextId < uint.MaxValue - 2;

    /// <summary>Opens a stream, which may be written to at once; null where <see cref="CanOpen"/> is false.</summary>
    public YamuxStream? OpenStream(Instant now)
    {
        if (!CanOpen)
            return null;
        var stream = new YamuxStream(this, _nextId, isIncoming: false, now) { FlagsDue = YamuxFlags.Syn };
        _nextId += 2;
        _unacknowledged++;
        _streams.Add(stream.Id, stream);
        Attend(stream);
        return stream;
    }

    /// <summary>Takes the next stream on which something has changed.</summary>
    public bool TryTakeSignals(out YamuxStream stream, out YamuxSignals signals)
    {
        if (!_signalled.TryDequeue(out stream!))
        {
            signals = YamuxSignals.None;
            return false;
        }
        signals = stream.Signals;
        stream.Signals = YamuxSignals.None;
        return true;
    }

    /// <summary>Ends the session: the remote is told, every stream is cut off.</summary>
    public void Close() => Finish(YamuxEnd.ByUs, GoAwayCode.Normal, "");

    /// <summary>Tells the remote to open no more streams; those that are open go on.</summary>
    public void GoAway()
    {
        if (IsGoingAway)
            return;
        _isGoingAway = true;
        _filling.Add(new YamuxFrame(YamuxFrameType.GoAway, YamuxFlags.None, 0, (uint)GoAwayCode.Normal));
    }

    /// <summary>What carries the session has ended.</summary>
    public void OnTransportEnd()
    {
        if (End == YamuxEnd.None)
            Finish(_isRemoteGoingAway ? YamuxEnd.ByRemote : YamuxEnd.Lost, null, "");
    }

    internal int Read(YamuxStream stream, Span<byte> target, Instant now)
    {
        if (stream.Received is not { Count: > 0 } received)
            return 0;
        if (received.IsLent)
            throw new InvalidOperationException("One reader at a time.");
        int taken = received.Read(target);
        OnRead(stream, taken, now);
        return taken;
    }

    internal void EndLend(YamuxStream stream, int taken, Instant now) => OnRead(stream, stream.Received!.EndLend(taken), now);

    private void OnRead(YamuxStream stream, int taken, Instant now)
    {
        UnreadBytes -= taken;
        stream.UnreadCredit -= taken;
        if (!stream.HasRemoteEnded && !stream.IsOver)
            RestoreWindow(stream, now);
    }

    internal void CloseRead(YamuxStream stream, Instant now)
    {
        if (stream.IsReadClosed)
            return;
        stream.IsReadClosed = true;
        bool hadUnread = stream.ReadableBytes > 0;
        DropReceived(stream);
        if (stream.IsOver || stream.HasRemoteEnded)
            return;
        if (hadUnread)
            Reset(stream, YamuxCut.ByUs);
        else
            stream.LingersUntil = now + _options.Linger;
    }

    internal void Reset(YamuxStream stream, YamuxCut cut)
    {
        if (stream.IsOver || !_streams.ContainsKey(stream.Id))
        {
            DropReceived(stream);
            return;
        }
        // A stream of which the remote has never heard needs no reset.
        if ((stream.FlagsDue & YamuxFlags.Syn) == 0)
            AddAnswer(new YamuxFrame(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, stream.Id, 0));
        CutOff(stream, cut);
    }

    private void CutOff(YamuxStream stream, YamuxCut cut)
    {
        stream.Cut = cut;
        stream.Pending = default;
        stream.FlagsDue = YamuxFlags.None;
        if (cut != YamuxCut.SessionOver)
            DropReceived(stream);
        Signal(stream, YamuxSignals.Cut | YamuxSignals.Readable | YamuxSignals.Written);
        Forget(stream);
    }

    private void Forget(YamuxStream stream)
    {
        if (!_streams.Remove(stream.Id))
            return;
        if (stream.IsIncoming)
            _incoming--;
        Acknowledge(stream);
        _growth -= stream.WindowBytes - YamuxOptions.InitialWindowBytes;
    }

    private void ForgetIfDone(YamuxStream stream)
    {
        if (stream is { IsFinSent: true, HasRemoteEnded: true })
            Forget(stream);
    }

    private void Acknowledge(YamuxStream stream)
    {
        if (stream.IsIncoming || stream.IsAcknowledged)
            return;
        stream.IsAcknowledged = true;
        _unacknowledged--;
    }

    private void DropReceived(YamuxStream stream)
    {
        UnreadBytes -= stream.ReadableBytes;
        stream.Received?.Clear();
    }

    private void Signal(YamuxStream stream, YamuxSignals signals)
    {
        if (stream.Signals == YamuxSignals.None)
            _signalled.Enqueue(stream);
        stream.Signals |= signals;
    }

    private void Finish(YamuxEnd end, GoAwayCode? tell, string fault)
    {
        if (End != YamuxEnd.None)
            return;
        End = end;
        Fault = fault;
        foreach (YamuxStream stream in _streams.Values)
        {
            stream.Cut = YamuxCut.SessionOver;
            stream.Pending = default;
            Signal(stream, YamuxSignals.Cut | YamuxSignals.Readable | YamuxSignals.Written);
        }
        _streams.Clear();
        _writers.Clear();
        _attention.Clear();
        (_incoming, _unacknowledged, _growth) = (0, 0, 0);
        if (tell is { } code)
            _filling.Add(new YamuxFrame(YamuxFrameType.GoAway, YamuxFlags.None, 0, (uint)code));
    }

    private void Fail(string fault) => Finish(YamuxEnd.ProtocolError, GoAwayCode.ProtocolError, fault);

    private enum GoAwayCode : uint
    {
        Normal = 0,
        ProtocolError = 1,
        InternalError = 2,
    }
}
