using System.Buffers;
using System.Buffers.Binary;
using Compeer.Network.Connections;

namespace Compeer.Network.SecureChannels;

/// <summary>
/// The raw stream as SslStream wants it, which reads and writes single records of 16 KiB: many are received at once and handed out
/// whole, and those of one large write leave together. It holds buffers only while bytes are in them or on their way. Until
/// <see cref="BeginBuffering"/> it passes records in parts, so that a slow handshake holds nothing.
/// </summary>
/// <remarks>Spec: RFC 8446, section 5.1 and 5.2 (a record, and how long it may be).</remarks>
internal sealed class TlsRecordStream(PeerStream inner) : PeerStreamAdapter(inner)
{
    /// <summary>Most that one record carries.</summary>
    public const int MaxPayloadBytes = 16 * 1024;

    private const int HeaderBytes = 5;

    /// <summary>A header, the payload, its type, and the tag of the cipher.</summary>
    private const int FullRecordBytes = HeaderBytes + MaxPayloadBytes + 1 + 16;

    /// <summary>A size of the pool; holds the longest record many times over.</summary>
    private const int ReceiveBytes = 256 * 1024;

    /// <summary>What leaves with one send: eight full records.</summary>
    private const int SendBytes = 8 * FullRecordBytes;

    private readonly PeerStream _inner = inner;
    private bool _isBuffering;
    private bool _isReadable;
    private byte[]? _received;
    private int _start;
    private int _end;

    // What is still to be handed out of a record of which a part was, and of a header the same.
    private int _rest;
    private int _headerBytes;
    private ushort _length;

    // SslStream may answer the remote from a read while a write is under way.
    private readonly Lock _gate = new();
    private byte[]? _gathered;
    private int _gatheredBytes;
    private bool _isGathering;

    /// <summary>A whole record is here: SslStream will not have to wait for it.</summary>
    public bool HasRecord => _end > _start && _end - _start >= NextBytes;

    /// <summary>The handshake is over. Called between reads.</summary>
    public void BeginBuffering() => _isBuffering = true;

    /// <summary>Writes wait for <see cref="SendGatheredAsync"/>, or for one that finds no room.</summary>
    public void BeginGathering()
    {
        lock (_gate)
            _isGathering = true;
    }

    /// <summary>Sends what was gathered.</summary>
    public ValueTask SendGatheredAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            _isGathering = false;
        return SendFirstAsync(ReadOnlyMemory<byte>.Empty, cancellationToken);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        !_isBuffering ? ReceivePartAsync(buffer, cancellationToken)
        : HasRecord ? ValueTask.FromResult(HandOut(buffer.Span))
        : ReceiveAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_isGathering && buffer.Length <= SendBytes - _gatheredBytes)
            {
                _gathered ??= ArrayPool<byte>.Shared.Rent(SendBytes);
                buffer.Span.CopyTo(_gathered.AsSpan(_gatheredBytes));
                _gatheredBytes += buffer.Length;
                return ValueTask.CompletedTask;
            }
        }
        return SendFirstAsync(buffer, cancellationToken);
    }

    /// <summary>Length of the record that begins what is here, or of the rest of one; out of reach while its header is not whole.</summary>
    private int NextBytes => _rest > 0 ? _rest
        : _end - _start < HeaderBytes ? int.MaxValue
        : HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(_received.AsSpan(_start + HeaderBytes - sizeof(ushort)));

    /// <summary>Never beyond the end of a record: when the handshake ends, SslStream has no part of the next.</summary>
    private async ValueTask<int> ReceivePartAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        int most = Math.Min(target.Length, _rest > 0 ? _rest : HeaderBytes - _headerBytes);
        int received = await base.ReadAsync(target[..most], cancellationToken);
        if (_rest > 0)
        {
            _rest -= received;
            return received;
        }
        foreach (byte next in target.Span[..received])
            _length = (ushort)((_length << 8) | next);
        _headerBytes += received;
        if (_headerBytes == HeaderBytes)
            (_rest, _headerBytes) = (_length, 0);
        return received;
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!_isReadable)
                await _inner.WaitReadableAsync(cancellationToken);
            _isReadable = true;
            if (target.IsEmpty)
                return 0;
            _received ??= ArrayPool<byte>.Shared.Rent(ReceiveBytes);
            if (_start > 0)
                _received.AsSpan(_start, _end - _start).CopyTo(_received);
            (_start, _end) = (0, _end - _start);
            int received = await _inner.ReceiveAsync(_received.AsMemory(_end), cancellationToken);
            _isReadable = false;
            _end += received;
            // What was cut short is SslStream's to judge.
            if (HasRecord || received == 0)
                return HandOut(target.Span);
        }
    }

    /// <summary>As many whole records as fit, or else a part of one.</summary>
    private int HandOut(Span<byte> target)
    {
        if (target.IsEmpty || _received is null)
            return 0;
        int given = 0;
        while (HasRecord && NextBytes is var next && given + next <= target.Length)
        {
            given += next;
            Pass(next, target.Slice(given - next, next));
            _rest = 0;
        }
        if (given == 0)
        {
            int rest = NextBytes;
            given = Math.Min(target.Length, _end - _start);
            Pass(given, target[..given]);
            _rest = rest == int.MaxValue ? 0 : rest - given;
        }
        if (_start == _end)
        {
            ArrayPool<byte>.Shared.Return(_received);
            _received = null;
            _start = _end = 0;
        }
        return given;
    }

    private void Pass(int length, Span<byte> target)
    {
        _received.AsSpan(_start, length).CopyTo(target);
        _start += length;
    }

    /// <summary>Sends what was gathered; then what follows is written, gathered where there is room now.</summary>
    private async ValueTask SendFirstAsync(ReadOnlyMemory<byte> next, CancellationToken cancellationToken)
    {
        byte[]? gathered;
        int length;
        lock (_gate)
        {
            (gathered, length) = (_gathered, _gatheredBytes);
            (_gathered, _gatheredBytes) = (null, 0);
        }
        if (gathered is not null)
        {
            await base.WriteAsync(gathered.AsMemory(0, length), cancellationToken);
            ArrayPool<byte>.Shared.Return(gathered);
            if (next.Length <= SendBytes)
            {
                await WriteAsync(next, cancellationToken);
                return;
            }
        }
        await base.WriteAsync(next, cancellationToken);
    }
}
