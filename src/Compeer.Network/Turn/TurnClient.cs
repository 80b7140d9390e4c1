using System.Buffers;
using System.Net;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Turn;

namespace Compeer.Network.Turn;

/// <summary>
/// A path through a relay: what is sent here leaves from the relay's port, and what peers send to that port is passed to the
/// receiver with the peer's address, as if the port were ours. Runs over a shared UDP port, to which it is added before all
/// other receivers. Dispose it before the port, so that it can give the relay's port back. Thread-safe.
/// </summary>
public sealed class TurnClient : IDatagramPath, IDatagramReceiver, IAsyncDisposable
{
    private const int MaxDatagramBytes = 65_536;
    private const int MaxTogether = 64;

    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(1);

    private readonly IDatagramPath _path;
    private readonly IDatagramReceiver _receiver;
    private readonly TurnClientOptions _options;
    private readonly Lock _lock = new();
    private readonly TaskScope _scope = new();
    private readonly DeadlineLoop _loop;
    private readonly ArrayBufferWriter<byte> _requests = new(2048);
    private readonly byte[] _wrapped = GC.AllocateUninitializedArray<byte>(MaxDatagramBytes);
    private readonly OutgoingDatagram[] _outgoing = new OutgoingDatagram[MaxTogether];
    private readonly Dictionary<IPAddress, TaskCompletionSource<bool>> _permitting = [];

    private TurnClientSession? _session;
    private TaskCompletionSource<TurnAllocated>? _allocating;
    private TaskCompletionSource<TurnClosed> _ended = NewSource<TurnClosed>();
    private long _sentBytes;
    private long _receivedBytes;

    /// <param name="path">The port to the relay; not owned.</param>
    /// <param name="receiver">Gets what peers send to the relayed address.</param>
    /// <param name="options">Times and limits.</param>
    public TurnClient(IDatagramPath path, IDatagramReceiver receiver, TurnClientOptions? options = null)
    {
        _path = path;
        _receiver = receiver;
        _options = options ?? new();
        _loop = new DeadlineLoop(Step);
        _scope.TryRun(_loop.RunAsync);
    }

    /// <summary>Where others reach us through the relay; null without an allocation.</summary>
    public IPEndPoint? Relayed
    {
        get
        {
            lock (_lock)
                return _session?.Relayed;
        }
    }

    /// <summary>Payload handed to the relay so far.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Payload that came through the relay so far.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>Ends with the reason when the present allocation ends; then <see cref="AllocateAsync"/> may be called again.</summary>
    public Task<TurnClosed> Ended
    {
        get
        {
            lock (_lock)
                return _ended.Task;
        }
    }

    /// <summary>Gets an allocation and keeps it until it is lost or the client is disposed.</summary>
    /// <exception cref="TurnException">The relay refuses or does not answer.</exception>
    /// <exception cref="InvalidOperationException">There is an allocation already.</exception>
    public async Task<TurnAllocated> AllocateAsync(IPEndPoint server, TurnCredentials credentials, CancellationToken cancellationToken)
    {
        TaskCompletionSource<TurnAllocated> allocating = NewSource<TurnAllocated>();
        lock (_lock)
        {
            if (_session is { IsClosed: false })
                throw new InvalidOperationException("One allocation at a time.");
            _session = new TurnClientSession(EndPoints.Unmapped(server), credentials, _options, SecureRandom.Instance);
            _allocating = allocating;
            _ended = NewSource<TurnClosed>();
            _session.Allocate(MonotonicClock.Now);
        }
        _loop.Wake();
        using CancellationTokenRegistration registration = cancellationToken.Register(() =>
        {
            if (!allocating.TrySetCanceled(cancellationToken))
                return;
            lock (_lock)
                _session?.Close(MonotonicClock.Now);
            _loop.Wake();
        });
        return await allocating.Task;
    }

    /// <summary>Lets an address send to us from now on; false when the relay refuses or there is no allocation.</summary>
    public async Task<bool> PermitAsync(IPAddress peer, CancellationToken cancellationToken)
    {
        TaskCompletionSource<bool>? permitting;
        lock (_lock)
        {
            if (_session is not { IsClosed: false } session)
                return false;
            if (!_permitting.TryGetValue(peer, out permitting))
                _permitting.Add(peer, permitting = NewSource<bool>());
            if (!session.Permit(peer, MonotonicClock.Now))
            {
                _permitting.Remove(peer);
                return false;
            }
        }
        _loop.Wake();
        return await permitting.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Lets an address send to us as long as that is used, in the place of the least used where there are many; does not wait.</summary>
    public void Welcome(IPAddress peer)
    {
        lock (_lock)
            _session?.Welcome(peer, MonotonicClock.Now);
        _loop.Wake();
    }

    /// <summary>Stops renewing the permission of an address.</summary>
    public void Forbid(IPAddress peer)
    {
        lock (_lock)
            _session?.Forbid(peer);
    }

    public bool TrySend(ReadOnlySpan<byte> datagram, IPEndPoint to, bool dontFragment = false)
    {
        lock (_lock)
        {
            int length = Wrap(datagram, to, 0);
            return length > 0 && _path.TrySend(_wrapped.AsSpan(0, length), _session!.Server, dontFragment);
        }
    }

    public void Send(ReadOnlySpan<byte> payloads, ReadOnlySpan<OutgoingDatagram> datagrams)
    {
        lock (_lock)
        {
            int count = 0;
            int bytes = 0;
            foreach (ref readonly OutgoingDatagram datagram in datagrams)
            {
                if (count == MaxTogether || datagram.LengthBytes > _wrapped.Length - bytes - TurnClientSession.MaxOverheadBytes)
                {
                    _path.Send(_wrapped.AsSpan(0, bytes), _outgoing.AsSpan(0, count));
                    count = bytes = 0;
                }
                int length = Wrap(payloads[..datagram.LengthBytes], datagram.To, bytes);
                if (length > 0)
                    _outgoing[count++] = new OutgoingDatagram(length, _session!.Server, datagram.DontFragment);
                bytes += length;
                payloads = payloads[datagram.LengthBytes..];
            }
            _path.Send(_wrapped.AsSpan(0, bytes), _outgoing.AsSpan(0, count));
        }
    }

    /// <summary>Writes a datagram as the relay takes it to a place of what is wrapped; gives its length, or 0. Under the lock.</summary>
    private int Wrap(ReadOnlySpan<byte> datagram, IPEndPoint to, int offset)
    {
        if (_session is not { } session || datagram.Length > _wrapped.Length - offset - TurnClientSession.MaxOverheadBytes)
            return 0;
        int length = session.Wrap(datagram, EndPoints.Unmapped(to), _wrapped.AsSpan(offset), MonotonicClock.Now);
        // The first datagrams to a peer make requests due; later ones ride on a channel.
        if (length != datagram.Length + 4)
            _loop.Wake();
        if (length > 0)
            _sentBytes += datagram.Length;
        return length;
    }

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        TurnReceived received;
        ReadOnlySpan<byte> data;
        IPEndPoint? peer;
        lock (_lock)
        {
            if (_session is not { } session)
                return false;
            received = session.Receive(datagram, from, MonotonicClock.Now, out data, out peer);
        }
        if (received == TurnReceived.NotMine)
            return false;
        if (received == TurnReceived.Taken)
        {
            _loop.Wake();
            return true;
        }
        Interlocked.Add(ref _receivedBytes, data.Length);
        // Outside the lock: the receiver may send at once, from here or holding locks of its own.
        _receiver.TryReceive(data, peer!);
        return true;
    }

    public void BeginBatch() => _receiver.BeginBatch();

    public void EndBatch() => _receiver.EndBatch();

    /// <summary>Gives the allocation back; waits at most a second for the relay to say so.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<TurnClosed>? ended = null;
        lock (_lock)
        {
            if (_session is { IsClosed: false })
            {
                _session.Close(MonotonicClock.Now);
                ended = _ended.Task;
            }
        }
        if (ended is not null)
        {
            _loop.Wake();
            await ended.WaitAsync(ReleaseTimeout).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        await _scope.DisposeAsync();
    }

    private static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Instant? Step()
    {
        lock (_lock)
        {
            if (_session is not { } session)
                return null;
            Instant now = MonotonicClock.Now;
            session.OnDeadline(now);
            while (session.TryTransmit(_requests, now))
            {
                _path.TrySend(_requests.WrittenSpan, session.Server);
                _requests.ResetWrittenCount();
            }
            while (session.TryTakeEvent(out TurnClientEvent e))
                Take(e);
            return session.NextDeadline;
        }
    }

    private void Take(TurnClientEvent e)
    {
        switch (e)
        {
            case TurnAllocated allocated:
                _allocating?.TrySetResult(allocated);
                break;
            case TurnPermitted permitted:
                if (_permitting.Remove(permitted.Peer, out TaskCompletionSource<bool>? granted))
                    granted.TrySetResult(true);
                break;
            case TurnNotPermitted refused:
                if (_permitting.Remove(refused.Peer, out TaskCompletionSource<bool>? waiting))
                    waiting.TrySetResult(false);
                break;
            case TurnClosed closed:
                _allocating?.TrySetException(new TurnException(closed.Reason, closed.Message));
                foreach (TaskCompletionSource<bool> waits in _permitting.Values)
                    waits.TrySetResult(false);
                _permitting.Clear();
                _ended.TrySetResult(closed);
                break;
        }
    }
}
