using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Compeer.Formats.Multiformats;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Yamux;

namespace Compeer.Network.Hosting;

/// <summary>
/// One stream to a peer: an ordered byte stream each way, of which each side ends its own. One reader and one writer at a time, which
/// may be different threads. A reader that is slow slows its own remote writer only. Reading and writing fail with <see cref="StreamCutException"/>.
/// Disposing ends both directions: what was written is still delivered, what the remote still sends is refused.
/// Spec: libp2p/specs connections/README.md, "Definitions".
/// </summary>
public sealed class DuplexStream : Stream, IDuplexPipe
{
    private const int MaxLengthBytes = 9;
    private const int FirstMessageBytes = 4096;

    private readonly YamuxDriver _driver;
    private readonly YamuxStream _stream;
    private readonly AsyncSignal _readable = new();
    private readonly AsyncSignal _written = new();
    private PipeReader? _input;
    private PipeWriter? _output;
    private bool _disposed;

    internal DuplexStream(YamuxDriver driver, YamuxStream stream)
    {
        _driver = driver;
        _stream = stream;
        stream.Tag = this;
    }

    /// <summary>The protocol that both sides agreed on.</summary>
    public string Protocol { get; internal set; } = "";

    /// <summary>The connection that it belongs to.</summary>
    public HostConnection Connection { get; internal set; } = null!;

    /// <summary>The peer at the other end, whose key was checked.</summary>
    public PeerId RemotePeer => Connection.RemotePeer;

    /// <summary>The remote opened it.</summary>
    public bool IsIncoming => _stream.IsIncoming;

    /// <summary>What is read, as a pipe. Use either this or the methods of the stream.</summary>
    public PipeReader Input => _input ??= PipeReader.Create(this, new StreamPipeReaderOptions(leaveOpen: true));

    /// <summary>What is written, as a pipe; <see cref="CompleteWrites"/> ends our direction.</summary>
    public PipeWriter Output => _output ??= PipeWriter.Create(this, new StreamPipeWriterOptions(leaveOpen: true));

    public override bool CanRead => !_disposed;

    public override bool CanWrite => !_disposed;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Receives at least one byte; 0 when the remote has ended its direction.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            ValueTask wait;
            lock (_driver.Gate)
            {
                if (TryRead(buffer.Span, out int taken))
                    return taken;
                wait = _readable.Arm();
                _stream.Await(buffer);
            }
            try
            {
                await WaitAsync(_readable, wait, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                lock (_driver.Gate)
                {
                    // What has come meanwhile is not lost.
                    if (_stream.EndAwait() is > 0 and var came)
                        return came;
                }
                throw;
            }
        }
    }

    /// <summary>
    /// Writes everything that comes to <paramref name="destination"/>, from where it lies: while there is nothing to be read, or the destination
    /// takes nothing, the copy holds no memory of its own. Bytes count as read once they are written.
    /// </summary>
    /// <param name="destination">Where to.</param>
    /// <param name="bufferSize">Not used.</param>
    /// <param name="cancellationToken">Ends the copy.</param>
    public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        ValidateCopyToArguments(destination, bufferSize);
        return CopyAsync(destination, cancellationToken);
    }

    private async Task CopyAsync(Stream destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlyMemory<byte> lent;
            ValueTask wait = default;
            lock (_driver.Gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (!_stream.TryLend(out lent))
                {
                    if (_stream.IsRemoteEnded)
                        return;
                    ThrowIfCut();
                    wait = _readable.Arm();
                }
            }
            if (lent.IsEmpty)
                await WaitAsync(_readable, wait, cancellationToken);
            else
                await PassAsync(lent, destination, cancellationToken);
        }
    }

    private async ValueTask PassAsync(ReadOnlyMemory<byte> lent, Stream destination, CancellationToken cancellationToken)
    {
        int passed = 0;
        try
        {
            await destination.WriteAsync(lent, cancellationToken);
            passed = lent.Length;
        }
        finally
        {
            lock (_driver.Gate)
            {
                _stream.EndLend(passed, MonotonicClock.Now);
                _driver.Pump();
            }
        }
    }

    /// <summary>False when there is nothing to be read yet. Under the driver's lock.</summary>
    private bool TryRead(Span<byte> target, out int taken)
    {
        taken = _stream.EndAwait();
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (taken == 0)
            taken = _stream.Read(target, MonotonicClock.Now);
        _driver.Pump();
        if (taken > 0 || target.IsEmpty || _stream.IsRemoteEnded)
            return true;
        ThrowIfCut();
        return false;
    }

    /// <summary>
    /// Sends everything, waiting while the remote does not read; <paramref name="buffer"/> is free again when this returns.
    /// Cancelling it resets the stream, because nobody could tell how much has left.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask wait;
        lock (_driver.Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ThrowIfCut();
            bool isTaken = _stream.Write(buffer);
            wait = isTaken ? default : _written.Arm();
            _driver.Pump();
            if (isTaken)
                return;
        }
        try
        {
            await WaitAsync(_written, wait, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Abort();
            throw;
        }
        lock (_driver.Gate)
            ThrowIfCut();
    }

    /// <summary>Ends our direction after what was written; reading goes on.</summary>
    public void CompleteWrites()
    {
        lock (_driver.Gate)
        {
            _stream.CloseWrite();
            _driver.Pump();
        }
    }

    /// <summary>Ends both directions at once; the remote is told that something failed.</summary>
    public void Abort()
    {
        lock (_driver.Gate)
        {
            _stream.Reset();
            _driver.Pump();
        }
    }

    /// <summary>Reads one message with its length before it; null when the remote has ended its direction.</summary>
    /// <param name="maxBytes">The longest message.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidDataException">The message is longer, or its length is malformed.</exception>
    /// <exception cref="EndOfStreamException">The remote ended its direction within the message.</exception>
    /// <exception cref="IOException">The limits of the host leave no room for it.</exception>
    public async ValueTask<byte[]?> ReadMessageAsync(int maxBytes, CancellationToken cancellationToken = default)
    {
        byte[] prefix = new byte[MaxLengthBytes];
        ulong length = 0;
        for (int count = 0; ;)
        {
            if (await ReadAsync(prefix.AsMemory(count, 1), cancellationToken) == 0)
                return count == 0 ? null : throw new EndOfStreamException("The remote ended the stream within the length of a message.");
            OperationStatus status = UnsignedVarint.Read(prefix.AsSpan(0, ++count), out length, out _);
            if (status == OperationStatus.Done)
                break;
            if (status != OperationStatus.NeedMoreData || count == MaxLengthBytes)
                throw new InvalidDataException("The length of a message is malformed.");
        }
        if (length > (ulong)maxBytes)
            throw new InvalidDataException($"A message of {length} bytes is longer than {maxBytes}.");
        return await ReadMessageOfAsync((int)length, cancellationToken);
    }

    /// <summary>A length is only a promise: memory is taken for what has come, and counted before it is.</summary>
    private async ValueTask<byte[]> ReadMessageOfAsync(int length, CancellationToken cancellationToken)
    {
        byte[] message = [];
        int reserved = 0;
        try
        {
            for (int count = 0; ; count = reserved)
            {
                int more = Math.Min(length - reserved, Math.Max(reserved, FirstMessageBytes));
                if (!Connection.Scopes.TryReserveMessage(Connection.Scope, Protocol, reserved, more))
                    throw new IOException($"There is no room for another message of {Protocol}: the limits of this host forbid it.");
                reserved += more;
                Array.Resize(ref message, reserved);
                await ReadExactlyAsync(message.AsMemory(count), cancellationToken);
                if (reserved == length)
                    return message;
            }
        }
        finally
        {
            Connection.Scopes.ReleaseMessage(Connection.Scope, Protocol, reserved);
        }
    }

    /// <summary>Writes one message with its length before it.</summary>
    public ValueTask WriteMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default) =>
        WriteAsync(UnsignedVarint.Framed(message.Span), cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Nothing waits to be flushed.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    /// <exception cref="NotSupportedException">Always: threads are not kept waiting here.</exception>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Use ReadAsync.");

    /// <exception cref="NotSupportedException">Always: threads are not kept waiting here.</exception>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Use WriteAsync.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_driver.Gate)
            {
                if (_disposed)
                    return;
                _disposed = true;
                if (_stream.IsWriting)
                    _stream.Reset();
                _stream.CloseWrite();
                _stream.CloseRead(MonotonicClock.Now);
                Wake(YamuxSignals.Readable | YamuxSignals.Written);
                _driver.Pump();
            }
        }
        base.Dispose(disposing);
    }

    internal void Wake(YamuxSignals signals)
    {
        if ((signals & YamuxSignals.Readable) != 0)
            _readable.Set();
        if ((signals & YamuxSignals.Written) != 0)
            _written.Set();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask WaitAsync(AsyncSignal signal, ValueTask wait, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister(static (state, token) => ((AsyncSignal)state!).Cancel(token), signal);
        await wait;
    }

    private void ThrowIfCut()
    {
        if (_stream.Cut != YamuxCut.None)
            throw new StreamCutException(_stream.Cut);
    }
}
