using System.Threading.Tasks.Sources;

namespace Compeer.Network.Transports;

/// <summary>
/// Wakes one waiter, again and again, without allocating. <see cref="Arm"/> and <see cref="Set"/> are called under one lock
/// of the owner; a signal that nobody waits for is forgotten, since waiters look first.
/// </summary>
internal sealed class AsyncSignal : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private int _isArmed;

    /// <summary>Begins to wait; the task completes at the next <see cref="Set"/> or cancellation.</summary>
    /// <exception cref="InvalidOperationException">Another operation of the same kind waits.</exception>
    public ValueTask Arm()
    {
        if (Volatile.Read(ref _isArmed) != 0)
            throw new InvalidOperationException("One reader and one writer at a time.");
        _core.Reset();
        Volatile.Write(ref _isArmed, 1);
        return new ValueTask(this, _core.Version);
    }

    /// <summary>Wakes the waiter, if there is one.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _isArmed, 0) == 1)
            _core.SetResult(true);
    }

    /// <summary>Ends the wait of the one who armed it. Needs no lock.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isArmed, 0) == 1)
            _core.SetException(new OperationCanceledException(cancellationToken));
    }

    public void GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
