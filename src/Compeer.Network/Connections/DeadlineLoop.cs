using Compeer.Protocols;

namespace Compeer.Network.Connections;

/// <summary>Calls a step of a machine at the deadlines that the machine names, and whenever it is woken.</summary>
/// <param name="step">Does what is due and gives the next deadline; null waits for <see cref="Wake"/>. Never throws.</param>
internal sealed class DeadlineLoop(Func<Instant?> step)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    private readonly WakeSignal _wake = new();

    /// <summary>Has the step called soon. Thread-safe; several calls are one.</summary>
    public void Wake() => _wake.Set();

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                TimeSpan wait = step() is { } next ? next - MonotonicClock.Now : LongestWait;
                wait = wait > LongestWait ? LongestWait : wait < ShortestWait ? ShortestWait : wait;
                await _wake.WaitAsync(wait, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Being cancelled is how it ends.
        }
    }
}
