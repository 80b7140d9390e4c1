using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Compeer.Network.Connections;
using Compeer.Protocols.Noise;

namespace Compeer.Network.SecureChannels;

/// <summary>
/// A stream over Noise, which owns the raw one. Whole frames are decrypted straight into the reader's buffer; a buffer of its own it
/// holds only while bytes are in it or a receive is under way. A frame that is forged or cut, and a send that fails, end the stream.
/// </summary>
/// <remarks>Spec: libp2p/specs noise, "Wire Format".</remarks>
internal sealed class NoisePeerStream : PeerStream
{
    /// <summary>A size of the pool; holds a whole frame with room to spare.</summary>
    private const int BufferBytes = 256 * 1024;

    /// <summary>What one send takes: four frames that fill a buffer.</summary>
    private const int MaxSendBytes = BufferBytes - (4 * NoiseCipher.OverheadBytes);

    private readonly PeerStream _inner;
    private readonly NoiseCipher _sending;
    private readonly NoiseCipher _receiving;
    private byte[]? _buffer;
    private int _start;
    private int _end;

    // What was decrypted within the buffer and not yet read; lies before _start.
    private ReadOnlyMemory<byte> _decrypted;

    public NoisePeerStream(PeerStream inner, NoiseCipher sending, NoiseCipher receiving, ReadOnlySpan<byte> early)
    {
        _inner = inner;
        _sending = sending;
        _receiving = receiving;
        if (early.IsEmpty)
            return;
        _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        early.CopyTo(_buffer);
        _end = early.Length;
    }

    public override IPEndPoint Remote => _inner.Remote;

    public override IPEndPoint Local => _inner.Local;

    public override PeerPath Path => _inner.Path;

    public override bool IsEncrypted => true;

    public override ValueTask WaitReadableAsync(CancellationToken cancellationToken) =>
        !_decrypted.IsEmpty || TryPeekFrame(out _) ? ValueTask.CompletedTask : _inner.WaitReadableAsync(cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (target.IsEmpty)
            return 0;
        while (true)
        {
            int given = Decrypt(target.Span);
            if (given > 0)
            {
                ReleaseIfEmpty();
                return given;
            }
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

    /// <summary>Takes up to 256 KiB less 72 bytes, in frames as large as they may be, with one send of the raw stream unless that takes less.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        int taken = Math.Min(data.Length, MaxSendBytes);
        int frames = (taken + NoiseCipher.MaxPlaintextBytes - 1) / NoiseCipher.MaxPlaintextBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(taken + (frames * NoiseCipher.OverheadBytes));
        try
        {
            int length = 0;
            for (int at = 0; at < taken; at += NoiseCipher.MaxPlaintextBytes)
                length += _sending.WriteFrame(data.Span[at..Math.Min(taken, at + NoiseCipher.MaxPlaintextBytes)], buffer.AsSpan(length));
            for (int sent = 0; sent < length;)
                sent += await _inner.SendAsync(buffer.AsMemory(sent, length - sent), cancellationToken);
            return taken;
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

    /// <summary>Gives what was decrypted before, then as many whole frames as fit; a frame that does not fit an empty target is kept in part.</summary>
    private int Decrypt(Span<byte> target)
    {
        if (!_decrypted.IsEmpty)
        {
            int taken = Math.Min(target.Length, _decrypted.Length);
            _decrypted.Span[..taken].CopyTo(target);
            _decrypted = _decrypted[taken..];
            return taken;
        }
        int given = 0;
        while (TryPeekFrame(out int length))
        {
            int plaintext = length - NoiseCipher.TagBytes;
            Memory<byte> message = _buffer.AsMemory(_start + NoiseCipher.LengthBytes, length);
            if (plaintext <= target.Length - given)
            {
                // What came whole before a forged frame is given first.
                if (!_receiving.TryDecrypt(message.Span, target.Slice(given, Math.Max(0, plaintext))))
                    return given > 0 ? given : throw Broken();
                given += plaintext;
                _start += NoiseCipher.LengthBytes + length;
                continue;
            }
            if (given > 0)
                break;
            if (!_receiving.TryDecrypt(message.Span, message.Span[..plaintext]))
                throw Broken();
            _start += NoiseCipher.LengthBytes + length;
            _decrypted = message[..plaintext];
            return Decrypt(target);
        }
        return given;
    }

    private bool TryPeekFrame(out int length)
    {
        length = 0;
        if (_end - _start < NoiseCipher.LengthBytes)
            return false;
        length = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(_start));
        return _end - _start >= NoiseCipher.LengthBytes + length;
    }

    private void ReleaseIfEmpty()
    {
        if (_buffer is null || _start < _end || !_decrypted.IsEmpty)
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
