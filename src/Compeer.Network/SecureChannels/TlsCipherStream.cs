using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Compeer.Network.Connections;
using Compeer.Protocols.Tls;

namespace Compeer.Network.SecureChannels;

/// <summary>
/// A stream over TLS 1.3 after a handshake of OpenSSL, which owns the raw one. Whole records are opened straight into the reader's buffer; a buffer
/// of its own it holds only while bytes are in it or a receive is under way. A record that is forged or cut, and a send that fails, end the stream.
/// </summary>
/// <remarks>Spec: RFC 8446, section 5. The raw stream's end between two records is taken for close_notify: Yamux ends what it carries by itself.</remarks>
internal sealed class TlsCipherStream : PeerStream
{
    /// <summary>A size of the pool; holds the longest record many times over.</summary>
    private const int BufferBytes = 256 * 1024;

    /// <summary>What one send takes: sixteen records that fill a buffer.</summary>
    private const int MaxSendBytes = BufferBytes - (16 * TlsRecordCipher.OverheadBytes);

    private readonly PeerStream _inner;
    private readonly TlsSender _sender;
    private readonly TlsReceiver _receiver;
    private byte[]? _buffer;
    private int _start;
    private int _end;
    private bool _hasEnded;

    // Set by whoever receives, taken by whoever sends.
    private int _isUpdateDue;

    // What was opened within the buffer and not yet read; lies before _start.
    private ReadOnlyMemory<byte> _opened;

    public TlsCipherStream(PeerStream inner, TlsSender sender, TlsReceiver receiver) => (_inner, _sender, _receiver) = (inner, sender, receiver);

    public override IPEndPoint Remote => _inner.Remote;

    public override IPEndPoint Local => _inner.Local;

    public override PeerPath Path => _inner.Path;

    public override bool IsEncrypted => true;

    public override ValueTask WaitReadableAsync(CancellationToken cancellationToken) =>
        !_opened.IsEmpty || _hasEnded || TryPeekRecord(out _) ? ValueTask.CompletedTask : _inner.WaitReadableAsync(cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (target.IsEmpty)
            return 0;
        while (true)
        {
            int given = Open(target.Span);
            ReleaseIfEmpty();
            if (given > 0 || _hasEnded)
                return given;
            // Records without data may have been all that came.
            if (_buffer is null)
                await _inner.WaitReadableAsync(cancellationToken);
            _buffer ??= ArrayPool<byte>.Shared.Rent(BufferBytes);
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }
            int received = await _inner.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
            if (received == 0)
                return _end == 0 ? 0 : throw Broken();
            _end += received;
        }
    }

    /// <summary>Takes up to 256 KiB less 352 bytes, in records as large as they may be, with one send of the raw stream unless that takes less.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> taken = data[..Math.Min(data.Length, MaxSendBytes)];
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(TlsSender.UpdateBytes, TlsSender.RecordsBytes(taken.Length)));
        try
        {
            if (Interlocked.Exchange(ref _isUpdateDue, 0) != 0 || _sender.IsKeyWorn)
                await SendAllAsync(buffer.AsMemory(0, _sender.WriteUpdate(buffer)), cancellationToken);
            await SendAllAsync(buffer.AsMemory(0, _sender.Write(taken.Span, buffer)), cancellationToken);
            return taken.Length;
        }
        catch
        {
            // The remote can no longer follow.
            _inner.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The ciphers are left to the finaliser of their handles: a receive or send may be under way.</summary>
    public override void Dispose() => _inner.Dispose();

    private async ValueTask SendAllAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty)
            data = data[await _inner.SendAsync(data, cancellationToken)..];
    }

    /// <summary>Gives what was opened before, then what as many whole records carry as fit; a record that does not fit an empty target is kept in part.</summary>
    private int Open(Span<byte> target)
    {
        int given = 0;
        if (!_opened.IsEmpty)
        {
            given = Math.Min(target.Length, _opened.Length);
            _opened.Span[..given].CopyTo(target);
            _opened = _opened[given..];
            return given;
        }
        while (!_hasEnded && TryPeekRecord(out int length))
        {
            Memory<byte> record = _buffer.AsMemory(_start, length);
            int inner = TlsRecordCipher.InnerBytes(record.Span);
            bool fits = inner <= target.Length - given;
            if (!fits && given > 0)
                break;
            Memory<byte> inPlace = inner < 0 ? default : record.Slice(TlsRecordCipher.HeaderBytes, inner);
            TlsOpened opened = TlsOpened.Broken;
            int content = 0;
            if (inner >= 0)
                opened = _receiver.Open(record.Span, fits ? target.Slice(given, inner) : inPlace.Span, out content);
            // What came whole before a forged record is given first: the record is met again.
            if (opened == TlsOpened.Broken)
                return given > 0 ? given : throw Broken();
            _start += length;
            _hasEnded = opened == TlsOpened.End;
            if (_receiver.TakeUpdateRequest())
                Volatile.Write(ref _isUpdateDue, 1);
            if (fits)
            {
                given += content;
                continue;
            }
            _opened = inPlace[..content];
            if (content > 0)
                return Open(target);
        }
        return given;
    }

    /// <summary>Whole, or so wrong that it need not be waited for.</summary>
    private bool TryPeekRecord(out int length)
    {
        ReadOnlySpan<byte> data = _buffer.AsSpan(_start, _end - _start);
        length = TlsRecordCipher.RecordBytes(data);
        return length > 0 && data.Length >= length;
    }

    private void ReleaseIfEmpty()
    {
        if (_buffer is null || _start < _end || !_opened.IsEmpty)
            return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        _start = _end = 0;
    }

    private SocketException Broken()
    {
        _inner.Dispose();
        return new SocketException((int)SocketError.ConnectionAborted);
    }
}
