namespace Compeer.Network.Connections;

/// <summary>
/// Owns background tasks: each is started in the scope, cancelled with it, and awaited when it is disposed.
/// A task that fails is a defect of its author and surfaces at disposal. Thread-safe.
/// </summary>
public sealed class TaskScope : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly HashSet<Task> _running = [];
    private List<Exception>? _failures;

    /// <summary>Cancelled when the scope ends.</summary>
    public CancellationToken Token => _ending.Token;

    /// <summary>How many tasks run now.</summary>
    public int Count
    {
        get
        {
            lock (_running)
                return _running.Count;
        }
    }

    /// <summary>Nothing runs, and nothing has failed: it can be left without being disposed.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_running)
                return _running.Count == 0 && _failures is null;
        }
    }

    /// <summary>Starts <paramref name="work"/>; false when the scope has ended.</summary>
    public bool TryRun(Func<CancellationToken, Task> work)
    {
        lock (_running)
        {
            if (_ending.IsCancellationRequested)
                return false;
            Task task = Task.Run(() => work(_ending.Token));
            _running.Add(task);
            task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return true;
        }
    }

    /// <summary>Cancels everything and waits for it.</summary>
    /// <exception cref="AggregateException">A task failed otherwise than by cancellation.</exception>
    public async ValueTask DisposeAsync()
    {
        Task[] rest;
        lock (_running)
        {
            _ending.Cancel();
            rest = [.. _running];
        }
        await Task.WhenAll(rest).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        lock (_running)
        {
            if (_failures is not null)
                throw new AggregateException(_failures);
        }
    }

    private void Forget(Task task)
    {
        lock (_running)
        {
            _running.Remove(task);
            if (task.IsFaulted && (_failures ??= []).Count < 16)
                _failures.AddRange(task.Exception.InnerExceptions);
        }
    }
}
