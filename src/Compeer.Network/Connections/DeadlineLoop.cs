using Compeer.Protocols;

namespace Compeer.Network.Connections;

/// <summary>Calls a step of a machine at the deadlines that the machine names, and whenever it is woken.</summary>
/// <param name="step">Does what is due and gives the next deadline; null waits for <see cref="Wake"/>. Never throws.</param>
#pragma warning disable CA1001 // The semaphore holds nothing of the system as long as nobody asks for its wait handle.
internal sealed class DeadlineLoop(Func<Instant?> step)
#pragma warning restore CA1001
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    private readonly SemaphoreSlim _signal = new(0);
    private int _isWoken;

    /// <summary>Has the step called soon. Thread-safe; several calls are one.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _isWoken, 1) == 0)
            _signal.Release();
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                TimeSpan wait = step() is { } next ? next - MonotonicClock.Now : LongestWait;
                wait = wait > LongestWait ? LongestWait : wait < ShortestWait ? ShortestWait : wait;
                if (await _signal.WaitAsync(wait, cancellationToken))
                    Interlocked.Exchange(ref _isWoken, 0);
            }
        }
        catch (OperationCanceledException)
        {
            // Being cancelled is how it ends.
        }
    }
}
