using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Compeer.Network.Connections;

namespace Compeer.Network.SecureChannels;

/// <summary>
/// A stream of sealed frames over a raw one, which it owns. Whole frames are opened straight into the reader's buffer; a buffer of its own it
/// holds only while bytes are in it or a receive is under way. A frame that is forged or cut, and a send that fails, end the stream.
/// </summary>
internal abstract class SealedPeerStream(PeerStream inner) : PeerStream
{
    /// <summary>A size of the pool; holds the longest frame of any kind with room to spare.</summary>
    protected const int BufferBytes = 256 * 1024;

    private byte[]? _buffer;
    private int _start;
    private int _end;

    // What was opened within the buffer and not yet read; lies before _start.
    private ReadOnlyMemory<byte> _opened;

    public override IPEndPoint Remote => inner.Remote;

    public override IPEndPoint Local => inner.Local;

    public override PeerPath Path => inner.Path;

    public override bool IsEncrypted => true;

    /// <summary>Length of what precedes the sealed part of a frame.</summary>
    protected abstract int HeaderBytes { get; }

    /// <summary>How much data one send takes: frames that fill a buffer.</summary>
    protected abstract int MaxSendBytes { get; }

    /// <summary>The most that <see cref="SealFirst"/> writes.</summary>
    protected virtual int MaxFirstBytes => 0;

    /// <summary>A frame said that the remote ends its direction.</summary>
    protected virtual bool HasEnded => false;

    public override ValueTask WaitReadableAsync(CancellationToken cancellationToken) =>
        !_opened.IsEmpty || HasEnded || TryPeekFrame(out _) ? ValueTask.CompletedTask : inner.WaitReadableAsync(cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (target.IsEmpty)
            return 0;
        for (bool isFirst = true; ; isFirst = false)
        {
            int given = Open(target.Span);
            ReleaseIfEmpty();
            if (given > 0 || HasEnded)
                return given;
            // Frames without data may have been all that came.
            if (_buffer is null && !isFirst)
                await inner.WaitReadableAsync(cancellationToken);
            _buffer ??= ArrayPool<byte>.Shared.Rent(BufferBytes);
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }
            int received = await inner.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
            if (received == 0)
                return _end == 0 ? 0 : throw Broken();
            _end += received;
        }
    }

    /// <summary>Takes up to <see cref="MaxSendBytes"/>, in frames as large as they may be, with one send of the raw stream unless that takes less.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> taken = data[..Math.Min(data.Length, MaxSendBytes)];
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(MaxFirstBytes, SealedBytes(taken.Length)));
        try
        {
            await SendAllAsync(buffer.AsMemory(0, SealFirst(buffer)), cancellationToken);
            await SendAllAsync(buffer.AsMemory(0, Seal(taken.Span, buffer)), cancellationToken);
            return taken.Length;
        }
        catch
        {
            // The remote can no longer follow.
            inner.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The ciphers are left to the finaliser of their handles: a receive or send may be under way.</summary>
    public override void Dispose() => inner.Dispose();

    /// <summary>Length of the frame that begins here, its header included; 0 while the header is not whole.</summary>
    protected abstract int FrameBytes(ReadOnlySpan<byte> data);

    /// <summary>Length of what <see cref="TryOpen"/> writes for a whole frame; negative when no such frame may be sent.</summary>
    protected abstract int InnerBytes(ReadOnlySpan<byte> frame);

    /// <summary>Opens a whole frame; false when it is forged, or ends the stream as a failure.</summary>
    /// <param name="frame">The frame with its header.</param>
    /// <param name="target">Of exactly <see cref="InnerBytes"/>; may be where the sealed part lies.</param>
    /// <param name="content">How many bytes at its beginning are data.</param>
    protected abstract bool TryOpen(ReadOnlySpan<byte> frame, Span<byte> target, out int content);

    /// <summary>Length of the frames for so much data.</summary>
    protected abstract int SealedBytes(int dataBytes);

    /// <summary>Writes data as frames and gives their length.</summary>
    protected abstract int Seal(ReadOnlySpan<byte> data, Span<byte> target);

    /// <summary>Writes what has to be sent before more data, and gives its length; mostly nothing.</summary>
    protected virtual int SealFirst(Span<byte> target) => 0;

    /// <summary>Puts what came with the handshake before what will be received.</summary>
    protected void Prepend(ReadOnlySpan<byte> early)
    {
        if (early.IsEmpty)
            return;
        _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        early.CopyTo(_buffer);
        _end = early.Length;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAllAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty)
            data = data[await inner.SendAsync(data, cancellationToken)..];
    }

    /// <summary>Gives what was opened before, then what as many whole frames carry as fit; a frame that does not fit an empty target is kept in part.</summary>
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
        while (!HasEnded && TryPeekFrame(out int length))
        {
            Memory<byte> frame = _buffer.AsMemory(_start, length);
            int innerBytes = InnerBytes(frame.Span);
            bool fits = innerBytes <= target.Length - given;
            if (!fits && given > 0)
                break;
            Memory<byte> inPlace = innerBytes < 0 ? default : frame.Slice(HeaderBytes, innerBytes);
            // What came whole before a forged frame is given first: the frame is met again.
            if (innerBytes < 0 || !TryOpen(frame.Span, fits ? target.Slice(given, innerBytes) : inPlace.Span, out int content))
                return given > 0 ? given : throw Broken();
            _start += length;
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
    private bool TryPeekFrame(out int length)
    {
        ReadOnlySpan<byte> data = _buffer.AsSpan(_start, _end - _start);
        length = FrameBytes(data);
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
        inner.Dispose();
        return new SocketException((int)SocketError.ConnectionAborted);
    }
}
