namespace Compeer.Protocols.Yamux;

public sealed partial class YamuxSession
{
    private const int LeastPayload = 1024;

    private readonly Queue<YamuxStream> _writers = new();
    private readonly Queue<YamuxStream> _attention = new();
    private readonly Queue<uint> _pongs = new();
    private FrameBuffer _filling = new();
    private FrameBuffer _inFlight = new();
    private Instant _pingAt;
    private Instant _pingSentAt = Instant.Never;
    private Instant _receivedAt;
    private uint _pingValue;
    private bool _isPingDue = true;

    /// <summary>Smoothed time of a round trip, measured by pings; zero before the first answer.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>When <see cref="OnDeadline"/> is to be called; null when the session is over.</summary>
    public Instant? NextDeadline => End == YamuxEnd.None ? _pingAt + _options.KeepAlive : null;

    /// <summary>Streams that wait for the next transmission.</summary>
    public int WaitingStreams => _attention.Count + _writers.Count;

    /// <summary>Something waits for <see cref="TryTransmit"/>.</summary>
    public bool HasOutput => _filling.Length > 0 || _writers.Count > 0 || _attention.Count > 0 || _pongs.Count > 0 || (_isPingDue && End == YamuxEnd.None);

    /// <summary>Gives frames to be sent; they belong to the session and stay as they are until the next call. False when there are none.</summary>
    public bool TryTransmit(out ReadOnlyMemory<byte> output, Instant now)
    {
        _inFlight.Clear();
        WritePings(now);
        WriteControl();
        WritePending();
        if (_filling.Length == 0)
        {
            _filling.Clear();
            output = default;
            return false;
        }
        (_inFlight, _filling) = (_filling, _inFlight);
        output = _inFlight.Memory;
        return true;
    }

    /// <summary>Pings, and ends the session when nothing came since the last ping, and streams that linger.</summary>
    public void OnDeadline(Instant now)
    {
        if (NextDeadline is not { } due || now < due)
            return;
        if (_pingSentAt != Instant.Never && _receivedAt < _pingSentAt)
        {
            Finish(YamuxEnd.NoAnswer, null, "nothing came from it for too long");
            return;
        }
        _pingAt = now;
        _refused = 0;
        _isPingDue = true;
        foreach (YamuxStream stream in _streams.Values.Where(s => s.IsWriteEnded && s.LingersUntil <= now).ToArray())
            Reset(stream, YamuxCut.ByUs);
    }

    internal bool Write(YamuxStream stream, ReadOnlyMemory<byte> data)
    {
        if (stream.IsWriting || stream.IsWriteEnded)
            throw new InvalidOperationException(stream.IsWriting ? "A write is under way." : "Our direction of the stream has ended.");
        if (stream.IsOver || data.IsEmpty)
            return true;
        stream.Pending = data;
        if (_writers.Count == 0)
            Take(stream);
        if (!stream.IsWriting)
            return true;
        Queue(stream);
        return false;
    }

    internal void CloseWrite(YamuxStream stream)
    {
        if (stream.IsWriteEnded || stream.IsOver)
            return;
        stream.IsWriteEnded = true;
        if (!stream.IsWriting)
            SendFin(stream);
    }

    private bool HasRoom => Room >= LeastPayload;

    private int Room => _options.MaxOutputBytes - _filling.Length - YamuxFrame.HeaderBytes;

    /// <summary>The end has a frame of its own: js-libp2p drops the data of a frame that also ends its stream.</summary>
    private void SendFin(YamuxStream stream)
    {
        stream.FlagsDue |= YamuxFlags.Fin;
        Attend(stream);
    }

    /// <summary>Has the flags and the credit of a stream sent with the next transmission.</summary>
    private void Attend(YamuxStream stream)
    {
        if (stream.IsInAttention)
            return;
        stream.IsInAttention = true;
        _attention.Enqueue(stream);
        if (_attention.Count >= 4 * _options.MaxIncomingStreams)
            DropGone();
    }

    /// <summary>A remote that opens and resets streams without end would else fill the queue, which is emptied by sending only.</summary>
    private void DropGone()
    {
        for (int left = _attention.Count; left > 0; left--)
        {
            YamuxStream stream = _attention.Dequeue();
            if (!stream.IsOver)
                _attention.Enqueue(stream);
        }
    }

    private void Queue(YamuxStream stream)
    {
        if (stream.IsInWriters || stream.SendCredit == 0)
            return;
        stream.IsInWriters = true;
        _writers.Enqueue(stream);
    }

    private void WriteControl()
    {
        while (_attention.TryDequeue(out YamuxStream? stream))
        {
            stream.IsInAttention = false;
            if (stream.IsOver)
                continue;
            int credit = stream.HasRemoteEnded || stream.IsReadClosed ? 0 : stream.WindowBytes - stream.ReceiveCredit - stream.UnreadCredit;
            if (credit < stream.WindowBytes / 2)
                credit = 0;
            if (stream.FlagsDue == YamuxFlags.None && credit == 0)
                continue;
            stream.ReceiveCredit += credit;
            _filling.Add(new YamuxFrame(YamuxFrameType.WindowUpdate, stream.FlagsDue, stream.Id, (uint)credit));
            bool ends = (stream.FlagsDue & YamuxFlags.Fin) != 0;
            stream.FlagsDue = YamuxFlags.None;
            if (!ends)
                continue;
            stream.IsFinSent = true;
            ForgetIfDone(stream);
        }
    }

    private void WritePending()
    {
        while (HasRoom && _writers.TryDequeue(out YamuxStream? stream))
        {
            stream.IsInWriters = false;
            if (!stream.IsWriting)
                continue;
            Take(stream, _options.MaxFrameBytes);
            if (stream.IsWriting)
            {
                Queue(stream);
                continue;
            }
            Signal(stream, YamuxSignals.Written);
            if (stream.IsWriteEnded)
                SendFin(stream);
        }
    }

    /// <summary>Copies what a stream has pending into frames, as far as its credit and the room go.</summary>
    private void Take(YamuxStream stream, int most = int.MaxValue)
    {
        int left = (int)Math.Min(Math.Min(stream.Pending.Length, most), stream.SendCredit);
        while (left > 0 && HasRoom)
        {
            int taken = Math.Min(left, Math.Min(_options.MaxFrameBytes, Room));
            _filling.AddData(stream.Id, stream.FlagsDue, stream.Pending.Span[..taken], _options.MaxFrameBytes);
            stream.FlagsDue = YamuxFlags.None;
            stream.SendCredit -= taken;
            stream.Pending = stream.Pending[taken..];
            left -= taken;
        }
    }

    /// <summary>Adds a frame that the remote provoked; too many that it does not take end the session.</summary>
    private void AddAnswer(YamuxFrame frame)
    {
        if (_filling.Length > _options.MaxOutputBytes + _options.MaxControlBytes)
            Finish(YamuxEnd.Flood, GoAwayCode.ProtocolError, "it provokes more answers than it takes");
        else
            _filling.Add(frame);
    }

    private void OnPing(YamuxFrame frame, Instant now)
    {
        if ((frame.Flags & YamuxFlags.Syn) != 0)
        {
            if (_pongs.Count < _options.MaxPongs)
                _pongs.Enqueue(frame.Length);
        }
        else if (_pingSentAt != Instant.Never && frame.Length == _pingValue)
        {
            TimeSpan sample = now - _pingSentAt;
            RoundTrip = RoundTrip == TimeSpan.Zero ? sample : (RoundTrip + sample) / 2;
            _pingSentAt = Instant.Never;
        }
    }

    private void WritePings(Instant now)
    {
        if (End != YamuxEnd.None)
            return;
        while (_pongs.TryDequeue(out uint value))
            _filling.Add(new YamuxFrame(YamuxFrameType.Ping, YamuxFlags.Ack, 0, value));
        if (!_isPingDue)
            return;
        _isPingDue = false;
        _pingSentAt = now;
        _filling.Add(new YamuxFrame(YamuxFrameType.Ping, YamuxFlags.Syn, 0, ++_pingValue));
    }
}
