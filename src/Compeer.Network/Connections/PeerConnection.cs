using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Compeer.Network.Connections;

/// <summary>
/// One connection to a peer: a pump that receives in large reads and one that sends, both only moving bytes between
/// its stream and the owner's loop. At most <see cref="ReceivesInFlight"/> buffers wait for the owner, so a busy or
/// throttled owner slows the sender by the stream's own flow control. An idle connection holds no buffer.
/// </summary>
public sealed class PeerConnection : IAsyncDisposable
{
    /// <summary>Received buffers that may wait for the owner at once.</summary>
    public const int ReceivesInFlight = 2;

    /// <summary>Queued output beyond which the remote counts as one that does not read, and is dropped.</summary>
    public const int MaxQueuedBytes = 8 << 20;

    private readonly PeerStream _stream;
    private readonly TransferBufferPool _pool;
    private readonly Channel<TransferBuffer> _outgoing =
        Channel.CreateUnbounded<TransferBuffer>(new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    // Never disposed: the owner may hand buffers back after the end, and without a wait handle it holds nothing.
    private readonly SemaphoreSlim _credit = new(ReceivesInFlight);
    private readonly CancellationTokenSource _ending = new();
    private IConnectionOwner? _owner;
    private Task _pumps = Task.CompletedTask;
    private string? _reason;
    private int _queuedBytes;
    private int _readLimitBytes = TransferBufferPool.LargeBytes;

    /// <summary>Takes over a connected stream.</summary>
    public PeerConnection(PeerStream stream, TransferBufferPool pool)
    {
        _stream = stream;
        _pool = pool;
    }

    /// <summary>The remote endpoint.</summary>
    public IPEndPoint Remote => _stream.Remote;

    /// <summary>Our endpoint.</summary>
    public IPEndPoint Local => _stream.Local;

    /// <summary>What carries it.</summary>
    public PeerPath Path => _stream.Path;

    /// <summary>What passes is obfuscated.</summary>
    public bool IsEncrypted => _stream.IsEncrypted;

    /// <summary>Bytes accepted by <see cref="Send"/> that the kernel has not taken yet.</summary>
    public int QueuedBytes => Volatile.Read(ref _queuedBytes);

    /// <summary>Largest single read in bytes; small when the download rate is limited, so that the limit is smooth.</summary>
    public int ReadLimitBytes
    {
        get => Volatile.Read(ref _readLimitBytes);
        set => Volatile.Write(ref _readLimitBytes, Math.Clamp(value, 1024, TransferBufferPool.LargeBytes));
    }

    /// <summary>Starts both pumps. Called once.</summary>
    public void Start(IConnectionOwner owner)
    {
        if (_owner is not null)
            throw new InvalidOperationException("The connection is already started.");
        _owner = owner;
        _pumps = Task.Run(RunAsync);
    }

    /// <summary>Takes ownership of a buffer and sends it: what the path takes at once on this thread, the rest behind it. Thread-safe; never blocks.</summary>
    public void Send(TransferBuffer buffer)
    {
        if (Interlocked.Add(ref _queuedBytes, buffer.Length) > MaxQueuedBytes)
            Close("it stopped reading: more than 8 MiB of output wait");
        if (!_outgoing.Writer.TryWrite(buffer))
            buffer.Return();
    }

    /// <summary>Hands a received buffer back, which lets the next read begin.</summary>
    public void Release(TransferBuffer buffer)
    {
        buffer.Return();
        _credit.Release();
    }

    /// <summary>Ends the connection; the first reason given is the one reported. Thread-safe, idempotent.</summary>
    public void Close(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is not null)
            return;
        _ending.Cancel();
        _outgoing.Writer.TryComplete();
        _stream.Dispose();
    }

    /// <summary>Closes and waits for both pumps.</summary>
    public async ValueTask DisposeAsync()
    {
        Close("closed by us");
        await _pumps;
        _ending.Dispose();
    }

    private async Task RunAsync()
    {
        Task sending = SendLoopAsync();
        await ReceiveLoopAsync();
        await sending;
        while (_outgoing.Reader.TryRead(out TransferBuffer? unsent))
            unsent.Return();
        _owner!.OnClosed(this, _reason ?? "it closed the connection");
    }

    private async Task ReceiveLoopAsync()
    {
        try
        {
            bool drained = true;
            while (true)
            {
                await _credit.WaitAsync(_ending.Token);
                if (drained)
                    await _stream.WaitReadableAsync(_ending.Token);
                int limit = ReadLimitBytes;
                TransferBuffer buffer = _pool.Rent(TransferBufferPool.LargeBytes);
                int received;
                try
                {
                    received = await _stream.ReceiveAsync(buffer.Array.AsMemory(0, limit), _ending.Token);
                }
                catch
                {
                    buffer.Return();
                    throw;
                }
                if (received == 0)
                {
                    buffer.Return();
                    Close("it closed the connection");
                    return;
                }
                drained = received < limit;
                buffer.Length = received;
                _owner!.OnReceived(this, buffer);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Close(Describe(e));
        }
    }

    private async Task SendLoopAsync()
    {
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync(_ending.Token))
            {
                while (_outgoing.Reader.TryRead(out TransferBuffer? buffer))
                {
                    try
                    {
                        for (int sent = 0; sent < buffer.Length;)
                            sent += await _stream.SendAsync(buffer.Array.AsMemory(sent, buffer.Length - sent), _ending.Token);
                        Interlocked.Add(ref _queuedBytes, -buffer.Length);
                        _owner!.OnSent(this, buffer.Length, buffer.PayloadBytes);
                    }
                    finally
                    {
                        buffer.Return();
                    }
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Close(Describe(e));
        }
    }

    private static string Describe(Exception e) =>
        e is SocketException socket ? SocketErrors.Describe(socket.SocketErrorCode) : "closed by us";
}
