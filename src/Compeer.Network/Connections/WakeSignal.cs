using System.Runtime.CompilerServices;

namespace Compeer.Network.Connections;

/// <summary>Wakes the one loop that waits for it; several calls before it waits are one. Thread-safe.</summary>
#pragma warning disable CA1001 // The semaphore holds nothing of the system as long as nobody asks for its wait handle.
public sealed class WakeSignal
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _signal = new(0);
    private int _isSet;

    /// <summary>Ends the wait that is under way, or else the next one.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _isSet, 1) == 0)
            _signal.Release();
    }

    /// <summary>Waits until it is set, at most so long; <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        if (await _signal.WaitAsync(longest, cancellationToken))
            Interlocked.Exchange(ref _isSet, 0);
    }
}
