namespace Compeer.Protocols.Yamux;

public sealed partial class YamuxSession
{
    private readonly byte[] _header = new byte[YamuxFrame.HeaderBytes];
    private int _headerBytes;
    private uint _payloadLeft;
    private bool _endsAfterPayload;
    private YamuxStream? _payloadStream;
    private int _growth;

    /// <summary>Takes bytes of the remote, cut anywhere.</summary>
    public void Receive(ReadOnlySpan<byte> data, Instant now)
    {
        _receivedAt = now;
        while (data.Length > 0 && End == YamuxEnd.None)
        {
            if (_payloadLeft > 0)
            {
                int taken = (int)Math.Min(_payloadLeft, (uint)data.Length);
                Deliver(data[..taken], now);
                data = data[taken..];
                continue;
            }
            ReadOnlySpan<byte> header = data;
            int used = YamuxFrame.HeaderBytes;
            if (_headerBytes > 0 || data.Length < YamuxFrame.HeaderBytes)
            {
                used = Math.Min(YamuxFrame.HeaderBytes - _headerBytes, data.Length);
                data[..used].CopyTo(_header.AsSpan(_headerBytes));
                _headerBytes += used;
                if (_headerBytes < YamuxFrame.HeaderBytes)
                    return;
                _headerBytes = 0;
                header = _header;
            }
            data = data[used..];
            if (YamuxFrame.TryRead(header, out YamuxFrame frame))
                OnFrame(frame, now);
            else
                Fail($"it sent a frame of version {header[0]} and type {header[1]}");
        }
    }

    private void OnFrame(YamuxFrame frame, Instant now)
    {
        switch (frame.Type)
        {
            case YamuxFrameType.Ping:
                OnPing(frame, now);
                break;
            case YamuxFrameType.GoAway:
                OnGoAway(frame.Length);
                break;
            default:
                OnStreamFrame(frame, now);
                break;
        }
    }

    private void OnGoAway(uint code)
    {
        _isRemoteGoingAway = true;
        if (code != (uint)GoAwayCode.Normal)
            Finish(YamuxEnd.RemoteError, null, $"it closed the session with error {code}");
    }

    private void OnStreamFrame(YamuxFrame frame, Instant now)
    {
        if (frame.StreamId == 0)
        {
            Fail("it sent data for stream 0");
            return;
        }
        if ((frame.Flags & YamuxFlags.Syn) != 0 && !OnSyn(frame, now))
            return;
        _streams.TryGetValue(frame.StreamId, out YamuxStream? stream);
        if (stream is not null && (frame.Flags & YamuxFlags.Ack) != 0)
            Acknowledge(stream);
        bool isReset = (frame.Flags & YamuxFlags.Rst) != 0;
        if (stream is not null && isReset)
        {
            CutOff(stream, YamuxCut.ByRemote);
            stream = null;
        }
        if (frame.Type == YamuxFrameType.Data)
            BeginData(frame, stream);
        else if (stream is not null && !TryGrant(stream, frame.Length))
            Fail("it granted more than 4 GiB of window");
        else if (stream is not null && (frame.Flags & YamuxFlags.Fin) != 0)
            OnFin(stream);
    }

    /// <summary>False when the session is over.</summary>
    private bool OnSyn(YamuxFrame frame, Instant now)
    {
        bool isTheirs = (frame.StreamId & 1) == (_isDialer ? 0u : 1u);
        if (!isTheirs || _streams.ContainsKey(frame.StreamId))
        {
            Fail(isTheirs ? $"it opened stream {frame.StreamId} twice" : $"it opened stream {frame.StreamId}, a number of ours");
            return false;
        }
        if (_isGoingAway || _incoming >= _options.MaxIncomingStreams)
        {
            if (++_refused > _options.MaxRefused)
                Finish(YamuxEnd.Flood, GoAwayCode.ProtocolError, "it opens far more streams than it may");
            else
                AddAnswer(new YamuxFrame(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, frame.StreamId, 0));
            return End == YamuxEnd.None;
        }
        if ((frame.Flags & YamuxFlags.Rst) != 0)
            return true;
        var stream = new YamuxStream(this, frame.StreamId, isIncoming: true, now) { FlagsDue = YamuxFlags.Ack };
        _streams.Add(stream.Id, stream);
        _incoming++;
        Attend(stream);
        Signal(stream, YamuxSignals.Opened);
        return true;
    }

    /// <summary>Data of a stream that is gone is passed over: it was on its way when the stream ended.</summary>
    private void BeginData(YamuxFrame frame, YamuxStream? stream)
    {
        if (stream is not null && (frame.Length > (uint)stream.ReceiveCredit || (stream.HasRemoteEnded && frame.Length > 0)))
        {
            Fail(stream.HasRemoteEnded ? $"it sent data on stream {stream.Id} after ending it" : $"it sent more on stream {stream.Id} than the window allows");
            return;
        }
        if (stream is not null && frame.Length > 0)
        {
            stream.ReceiveCredit -= (int)frame.Length;
            stream.UnreadCredit += (int)frame.Length;
            YamuxCut cut = stream.IsReadClosed ? YamuxCut.ByUs : UnreadBytes + (long)frame.Length > _options.MaxUnreadBytes + _growth ? YamuxCut.Unread : YamuxCut.None;
            if (cut != YamuxCut.None)
            {
                Reset(stream, cut);
                stream = null;
            }
        }
        _payloadLeft = frame.Length;
        _payloadStream = stream;
        _endsAfterPayload = stream is not null && (frame.Flags & YamuxFlags.Fin) != 0;
        if (_payloadLeft == 0 && _endsAfterPayload)
            OnFin(stream!);
    }

    private void Deliver(ReadOnlySpan<byte> payload, Instant now)
    {
        _payloadLeft -= (uint)payload.Length;
        if (_payloadStream is not { IsOver: false } stream)
            return;
        if (!stream.IsReadClosed)
        {
            payload = payload[GiveToReader(stream, payload, now)..];
            if (payload.Length > 0)
                (stream.Received ??= new ChunkQueue()).Append(payload);
            UnreadBytes += payload.Length;
            Signal(stream, YamuxSignals.Readable);
        }
        if (_payloadLeft == 0 && _endsAfterPayload)
            OnFin(stream);
    }

    private int GiveToReader(YamuxStream stream, ReadOnlySpan<byte> payload, Instant now)
    {
        int given = Math.Min(payload.Length, stream.Awaited.Length - stream.AwaitedBytes);
        if (given == 0 || stream.ReadableBytes > 0)
            return 0;
        payload[..given].CopyTo(stream.Awaited.Span[stream.AwaitedBytes..]);
        stream.AwaitedBytes += given;
        stream.UnreadCredit -= given;
        if (!stream.HasRemoteEnded)
            RestoreWindow(stream, now);
        return given;
    }

    private void OnFin(YamuxStream stream)
    {
        stream.HasRemoteEnded = true;
        Signal(stream, YamuxSignals.Readable);
        ForgetIfDone(stream);
    }

    private bool TryGrant(YamuxStream stream, uint credit)
    {
        if (stream.SendCredit + credit > uint.MaxValue)
            return false;
        stream.SendCredit += credit;
        if (stream.IsWriting)
            Queue(stream);
        return true;
    }

    /// <summary>Gives credit back once half of the window was read, and a larger window where that half took less than four round trips.</summary>
    private void RestoreWindow(YamuxStream stream, Instant now)
    {
        int read = stream.WindowBytes - stream.ReceiveCredit - stream.UnreadCredit;
        if (read < stream.WindowBytes / 2)
            return;
        int doubled = Math.Min(stream.WindowBytes * 2, _options.MaxWindowBytes);
        int more = doubled - stream.WindowBytes;
        if (RoundTrip > TimeSpan.Zero && now - stream.WindowToldAt < RoundTrip * 4 && more > 0 && _growth + more <= _options.MaxGrowthBytes)
        {
            stream.WindowBytes = doubled;
            _growth += more;
        }
        stream.WindowToldAt = now;
        Attend(stream);
    }
}
