using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Yamux;

namespace Compeer.Network.Hosting;

/// <summary>
/// Runs a Yamux session over a secured stream: one loop receives, one sends, and whoever reads or writes a stream does so under the
/// same lock, which is never held across a wait. Receiving never waits for sending. An idle connection holds no buffer.
/// </summary>
internal sealed class YamuxDriver : IThreadPoolWorkItem, IDisposable
{
    private readonly PeerStream _transport;
    private readonly TransferBufferPool _pool;
    private readonly SharedTimers _timers;
    private readonly YamuxSession _session;
    private readonly SharedTimer _timer;
    private readonly AsyncSignal _output = new();
    private readonly AsyncSignal _read = new();
    private readonly int _mostUnread;
    private readonly Queue<DuplexStream> _arrived = new();
    private readonly UnreadBudget _budget;
    private TaskCompletionSource? _openable;
    private int _unreadBytes;
    private Instant _sendingSince = Instant.Never;

    public YamuxDriver(PeerStream transport, bool isDialer, YamuxOptions options, TransferBufferPool pool, SharedTimers timers, UnreadBudget budget)
    {
        _transport = transport;
        _pool = pool;
        _timers = timers;
        _budget = budget;
        _mostUnread = options.MaxUnreadBytes / 2;
        _session = new YamuxSession(options, isDialer, MonotonicClock.Now);
        _timer = new SharedTimer(() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false));
    }

    /// <summary>Guards the session and everything in it.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Why the connection is over.</summary>
    public YamuxEnd End
    {
        get
        {
            lock (Gate)
                return _session.End;
        }
    }

    /// <summary>What the remote did wrong, as a clause; empty otherwise.</summary>
    public string Fault => _session.Fault;

    /// <summary>Smoothed round trip; zero before it is known.</summary>
    public TimeSpan RoundTrip => _session.RoundTrip;

    /// <summary>Open streams.</summary>
    public int StreamCount
    {
        get
        {
            lock (Gate)
                return _session.StreamCount;
        }
    }

    /// <summary>Both sides still open streams.</summary>
    public bool IsUsable
    {
        get
        {
            lock (Gate)
                return !_session.IsGoingAway;
        }
    }

    /// <summary>Runs until the connection is over, then owns nothing any more. <paramref name="arrived"/> takes over streams of the remote and returns soon.</summary>
    public async Task RunAsync(Action<DuplexStream> arrived, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration ending = cancellationToken.UnsafeRegister(static state => ((YamuxDriver)state!).Close(), this);
        Schedule();
        Task sending = SendLoopAsync();
        try
        {
            await ReceiveLoopAsync(arrived);
        }
        finally
        {
            lock (Gate)
            {
                _session.OnTransportEnd();
                Settle();
                _timers.Schedule(_timer, MonotonicClock.Now + Farewell);
            }
            await sending;
            _timers.Schedule(_timer, Instant.Never);
            _transport.Dispose();
        }
    }

    /// <summary>Opens a stream, waiting while the remote has too many to acknowledge.</summary>
    /// <exception cref="IOException">The connection is over, or closes.</exception>
    public async Task<DuplexStream> OpenStreamAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task openable;
            lock (Gate)
            {
                if (_session.OpenStream(MonotonicClock.Now) is { } stream)
                    return new DuplexStream(this, stream);
                if (_session.IsGoingAway)
                    throw new StreamCutException(YamuxCut.SessionOver);
                openable = (_openable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
            await openable.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Lets open streams finish and has no more opened.</summary>
    public void GoAway()
    {
        lock (Gate)
        {
            _session.GoAway();
            Pump();
        }
    }

    /// <summary>Ends the connection; the remote is told, if it takes the word within a second.</summary>
    public void Close()
    {
        lock (Gate)
        {
            if (_session.End != YamuxEnd.None)
                return;
            _session.Close();
            Settle();
            _timers.Schedule(_timer, MonotonicClock.Now + Farewell);
        }
    }

    public void Dispose() => _transport.Dispose();

    /// <summary>Has what is due sent. Under <see cref="Gate"/>.</summary>
    public void Pump()
    {
        NoteUnread();
        if (_session.HasOutput)
            _output.Set();
    }

    /// <summary>The timer's work: keep-alive, and an end to a remote that does not take what it is sent.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        lock (Gate)
        {
            Instant now = MonotonicClock.Now;
            _session.OnDeadline(now);
            if (_session.End == YamuxEnd.None && now - _sendingSince < KeepAlive)
                Schedule();
            else
                _transport.Dispose();
            Settle();
        }
    }

    private static TimeSpan KeepAlive => TimeSpan.FromSeconds(30);

    /// <summary>How long the last words may take.</summary>
    private static TimeSpan Farewell => TimeSpan.FromSeconds(1);

    private static TimeSpan Patience => TimeSpan.FromMilliseconds(500);

    private void Schedule() => _timers.Schedule(_timer, _session.NextDeadline ?? Instant.Never);

    /// <summary>Tells streams and waiters what has changed, and has what is due sent. Under <see cref="Gate"/>.</summary>
    private void Settle()
    {
        if (!NoteUnread() || (_session.IsGoingAway && _session.StreamCount == 0))
            _session.Close();
        while (_session.TryTakeSignals(out YamuxStream stream, out YamuxSignals signals))
        {
            if ((signals & YamuxSignals.Opened) != 0)
                _arrived.Enqueue(new DuplexStream(this, stream));
            (stream.Tag as DuplexStream)?.Wake(signals);
        }
        if (_openable is not null && (_session.CanOpen || _session.IsGoingAway))
        {
            _openable.TrySetResult();
            _openable = null;
        }
        if (_session.HasOutput || _session.End != YamuxEnd.None)
            _output.Set();
    }

    /// <summary>False when the connection holds more than there is room for in the host.</summary>
    private bool NoteUnread()
    {
        int before = _unreadBytes;
        _unreadBytes = _session.UnreadBytes;
        if (_unreadBytes < before)
            _read.Set();
        return before == _unreadBytes || _budget.TryNote(before, _unreadBytes);
    }

    private async Task ReceiveLoopAsync(Action<DuplexStream> arrived)
    {
        try
        {
            while (true)
            {
                await _transport.WaitReadableAsync(CancellationToken.None);
                TransferBuffer buffer = _pool.Rent(TransferBufferPool.LargeBytes);
                int received;
                try
                {
                    received = await _transport.ReceiveAsync(buffer.Array, CancellationToken.None);
                    if (received == 0 || !Take(buffer.Array.AsSpan(0, received)))
                        return;
                }
                finally
                {
                    buffer.Return();
                }
                while (_arrived.TryDequeue(out DuplexStream? stream))
                    arrived(stream);
                await WaitForReadersAsync();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is gone; the session is told by the caller.
        }
    }

    /// <summary>
    /// Where much lies unread the remote is slowed as a whole, as long as anybody reads. When nobody does, the session goes on, and
    /// resets streams that bring more than it may hold: a handler that waits for its remote would else never get to reading.
    /// </summary>
    private async ValueTask WaitForReadersAsync()
    {
        while (true)
        {
            ValueTask wait;
            lock (Gate)
            {
                if (_session.End != YamuxEnd.None || _session.UnreadBytes <= _mostUnread)
                    return;
                wait = _read.Arm();
            }
            using var patience = new CancellationTokenSource(Patience);
            await using CancellationTokenRegistration late = patience.Token.UnsafeRegister(static (state, token) => ((AsyncSignal)state!).Cancel(token), _read);
            try
            {
                await wait;
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>False when the session is over.</summary>
    private bool Take(ReadOnlySpan<byte> data)
    {
        lock (Gate)
        {
            _session.Receive(data, MonotonicClock.Now);
            Settle();
            return _session.End == YamuxEnd.None;
        }
    }

    private async Task SendLoopAsync()
    {
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte> output;
                ValueTask wait = default;
                lock (Gate)
                {
                    bool any = _session.TryTransmit(out output, MonotonicClock.Now);
                    _sendingSince = any ? MonotonicClock.Now : Instant.Never;
                    Settle();
                    if (!any && _session.End != YamuxEnd.None)
                        return;
                    if (!any)
                        wait = _output.Arm();
                }
                if (output.IsEmpty)
                    await wait;
                else
                    await Negotiation.SendAllAsync(_transport, output, CancellationToken.None);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The receiving loop ends for the same reason.
        }
        finally
        {
            _transport.Dispose();
        }
    }
}
