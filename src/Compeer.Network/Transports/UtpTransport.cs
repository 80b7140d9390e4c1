using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols;
using Compeer.Protocols.Utp;

namespace Compeer.Network.Transports;

/// <summary>
/// uTP over one way for datagrams: our UDP port, or a relay's. Thread-safe; one lock guards the machine, and a loop waits
/// for its deadlines. Add it to the endpoint it sends through, or pass it what the relay delivers.
/// </summary>
public sealed class UtpTransport : IDatagramReceiver, IAsyncDisposable
{
    // Together about as much as one train of datagrams can hold.
    private const int MaxTogether = 45;
    private const int MaxDatagramBytes = 2048;
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    private readonly IDatagramPath _path;
    private readonly UtpRouter _router;
    private readonly Action<PeerStream>? _accepted;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(MaxTogether * MaxDatagramBytes);
    private readonly OutgoingDatagram[] _outgoing = new OutgoingDatagram[MaxTogether];
    private readonly Queue<UtpPeerStream> _arrived = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly TaskScope _scope = new();
    private Instant _wakesAt = Instant.Never;
    private bool _ending;
    private bool _isInBatch;
    private bool _isPumpDue;

    /// <param name="path">The way on which datagrams leave.</param>
    /// <param name="local">Our endpoint, as others see it if that is known.</param>
    /// <param name="options">Values and bounds.</param>
    /// <param name="carrier">What streams say they are carried by.</param>
    /// <param name="accepted">Takes over streams that others opened; null refuses them. Called on any thread; returns soon.</param>
    public UtpTransport(IDatagramPath path, IPEndPoint local, UtpOptions options, PeerPath carrier, Action<PeerStream>? accepted)
    {
        _path = path;
        _accepted = accepted;
        LocalEndPoint = EndPoints.Unmapped(local);
        Carrier = carrier;
        _router = new UtpRouter(options, SecureRandom.Instance, MonotonicClock.Now);
        _scope.TryRun(WaitForDeadlinesAsync);
    }

    /// <summary>Our endpoint.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>What its streams are carried by.</summary>
    public PeerPath Carrier { get; }

    /// <summary>Guards the machine and everything in it.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Opens a stream. Cancelling it costs the remote nothing.</summary>
    /// <exception cref="SocketException">No answer, refused, or too many connections.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<PeerStream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        var opened = new TaskCompletionSource<PeerStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        UtpConnection connection;
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_ending, this);
            connection = _router.Connect(EndPoints.Unmapped(remote), MonotonicClock.Now)
                ?? throw new SocketException((int)SocketError.TooManyOpenSockets);
            connection.Tag = opened;
            Pump();
        }
        try
        {
            return await opened.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (Gate)
            {
                connection.Close(MonotonicClock.Now);
                Pump();
            }
            throw;
        }
    }

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        lock (Gate)
        {
            if (!_router.Receive(datagram, from, MonotonicClock.Now))
                return false;
            if (_isInBatch)
            {
                _isPumpDue = true;
                return true;
            }
            Pump();
        }
        HandOver();
        return true;
    }

    public void BeginBatch()
    {
        lock (Gate)
            _isInBatch = true;
    }

    public void EndBatch()
    {
        lock (Gate)
        {
            _isInBatch = false;
            if (!_isPumpDue)
                return;
            _isPumpDue = false;
            Pump();
        }
        HandOver();
    }

    public async ValueTask DisposeAsync()
    {
        lock (Gate)
        {
            _ending = true;
            foreach (UtpConnection connection in _router.Connections)
            {
                connection.Close(MonotonicClock.Now);
                (connection.Tag as UtpPeerStream)?.Wake(UtpSignals.Readable | UtpSignals.Writable);
            }
            Pump();
        }
        Instant end = MonotonicClock.Now + Farewell;
        while (MonotonicClock.Now < end && !AreAllClosed())
            await Task.Delay(10, CancellationToken.None);
        await _scope.DisposeAsync();
        lock (Gate)
        {
            foreach (UtpConnection connection in _router.Connections)
                connection.Abort(MonotonicClock.Now);
            Pump();
        }
        _wake.Dispose();
    }

    /// <summary>Sends what is due and tells what happened. Under <see cref="Gate"/>.</summary>
    internal void Pump()
    {
        Instant now = MonotonicClock.Now;
        do
        {
            while (TransmitSome(now))
            {
            }
        }
        while (TellEvents());
        if (_router.NextDeadline is { } next && next < _wakesAt)
        {
            _wakesAt = next;
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
    }

    /// <summary>Sends as much as goes together; false when nothing more is to be sent now.</summary>
    private bool TransmitSome(Instant now)
    {
        int count = 0;
        int bytes = 0;
        for (; count < MaxTogether && _router.TryTransmit(_buffer.AsSpan(bytes), out UtpDatagram datagram, now); count++)
        {
            _outgoing[count] = new OutgoingDatagram(datagram.LengthBytes, datagram.To, datagram.DontFragment);
            bytes += datagram.LengthBytes;
        }
        if (count > 0)
            _path.Send(_buffer.AsSpan(0, bytes), _outgoing.AsSpan(0, count));
        return count == MaxTogether;
    }

    private bool TellEvents()
    {
        bool any = false;
        while (_router.TryTakeEvent(out UtpEvent happened))
        {
            any = true;
            UtpConnection connection = happened.Connection;
            if ((happened.Signals & UtpSignals.Accepted) != 0)
                Arrive(connection);
            if (connection.Tag is UtpPeerStream stream)
                stream.Wake(happened.Signals);
            else if (connection.Tag is TaskCompletionSource<PeerStream> opened)
                Settle(connection, opened, happened.Signals);
        }
        return any;
    }

    private void Arrive(UtpConnection connection)
    {
        if (_accepted is null || _ending)
        {
            connection.Close(MonotonicClock.Now);
            return;
        }
        var stream = new UtpPeerStream(this, connection);
        connection.Tag = stream;
        _arrived.Enqueue(stream);
    }

    private void Settle(UtpConnection connection, TaskCompletionSource<PeerStream> opened, UtpSignals signals)
    {
        if ((signals & UtpSignals.Connected) != 0 && connection.Closed == UtpCloseReason.None)
        {
            var stream = new UtpPeerStream(this, connection);
            connection.Tag = stream;
            if (!opened.TrySetResult(stream))
                connection.Close(MonotonicClock.Now);
        }
        else if ((signals & UtpSignals.Closed) != 0)
        {
            UtpCloseReason reason = connection.Closed;
            connection.Close(MonotonicClock.Now);
            opened.TrySetException(UtpPeerStream.ErrorOf(reason == UtpCloseReason.Reset ? UtpCloseReason.Reset : UtpCloseReason.NoAnswer));
        }
    }

    /// <summary>Streams are handed over outside the lock, since whoever takes them may read at once.</summary>
    private void HandOver()
    {
        while (true)
        {
            UtpPeerStream? stream;
            lock (Gate)
            {
                if (!_arrived.TryDequeue(out stream))
                    return;
            }
            _accepted!(stream);
        }
    }

    private bool AreAllClosed()
    {
        lock (Gate)
            return _router.Connections.All(c => c.Closed != UtpCloseReason.None);
    }

    private async Task WaitForDeadlinesAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                TimeSpan wait;
                lock (Gate)
                {
                    Instant now = MonotonicClock.Now;
                    _router.OnDeadline(now);
                    _wakesAt = _router.NextDeadline ?? Instant.Never;
                    Pump();
                    wait = _wakesAt == Instant.Never ? Timeout.InfiniteTimeSpan : _wakesAt - now;
                }
                HandOver();
                // Timers count in milliseconds; waking early would spin.
                await _wake.WaitAsync(
                    wait == Timeout.InfiniteTimeSpan ? wait : TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 1, 60_000)),
                    cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The transport ends.
        }
    }
}
