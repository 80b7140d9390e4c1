using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Compeer.Network.Connections;

/// <summary>
/// One TCP connection to a peer: a pump that receives in large reads and one that sends, both only moving bytes between
/// the socket and the owner's loop. At most <see cref="ReceivesInFlight"/> buffers wait for the owner, so a busy or
/// throttled owner slows the sender by TCP's own flow control. An idle connection holds no buffer.
/// </summary>
public sealed class PeerConnection : IAsyncDisposable
{
    /// <summary>Received buffers that may wait for the owner at once.</summary>
    public const int ReceivesInFlight = 2;

    /// <summary>Queued output beyond which the remote counts as one that does not read, and is dropped.</summary>
    public const int MaxQueuedBytes = 8 << 20;

    private readonly Socket _socket;
    private readonly TransferBufferPool _pool;
    private readonly Channel<TransferBuffer> _outgoing =
        Channel.CreateUnbounded<TransferBuffer>(new UnboundedChannelOptions { SingleReader = true });

    // Never disposed: the owner may hand buffers back after the end, and without a wait handle it holds nothing.
    private readonly SemaphoreSlim _credit = new(ReceivesInFlight);
    private readonly CancellationTokenSource _ending = new();
    private IConnectionOwner? _owner;
    private Task _pumps = Task.CompletedTask;
    private string? _reason;
    private int _queuedBytes;
    private int _readLimitBytes = TransferBufferPool.LargeBytes;

    /// <summary>Takes over a connected socket.</summary>
    public PeerConnection(Socket socket, TransferBufferPool pool)
    {
        _socket = socket;
        _pool = pool;
        _socket.NoDelay = true;
        Remote = (IPEndPoint)socket.RemoteEndPoint!;
        Local = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>The remote endpoint.</summary>
    public IPEndPoint Remote { get; }

    /// <summary>Our endpoint.</summary>
    public IPEndPoint Local { get; }

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

    /// <summary>Queues a buffer and takes ownership of it. Thread-safe; never blocks.</summary>
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
        _socket.Dispose();
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
                    await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _ending.Token);
                int limit = ReadLimitBytes;
                TransferBuffer buffer = _pool.Rent(TransferBufferPool.LargeBytes);
                int received;
                try
                {
                    received = await _socket.ReceiveAsync(buffer.Array.AsMemory(0, limit), SocketFlags.None, _ending.Token);
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
                            sent += await _socket.SendAsync(buffer.Array.AsMemory(sent, buffer.Length - sent), SocketFlags.None, _ending.Token);
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
