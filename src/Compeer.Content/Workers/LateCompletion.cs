namespace Compeer.Content.Workers;

/// <summary>An end that many may wait for and most do not: the task is made for the first who asks. Thread-safe; a field of it must not be copied or read-only.</summary>
internal struct LateCompletion
{
    private static readonly object s_done = new();
    private static readonly object s_cancelled = new();

    private TaskCompletionSource? _source;
    private object? _outcome;

    /// <summary>It has come, in whatever way.</summary>
    public bool IsCompleted => Volatile.Read(ref _outcome) is not null;

    /// <summary>Completes with the end.</summary>
    public Task Task
    {
        get
        {
            if (Volatile.Read(ref _outcome) == s_done)
                return Task.CompletedTask;
            if (Volatile.Read(ref _source) is not { } source)
            {
                var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                source = Interlocked.CompareExchange(ref _source, fresh, null) ?? fresh;
            }
            // Whoever sets the outcome looks at the source afterwards, and we at the outcome after the source: one of us settles it.
            if (Volatile.Read(ref _outcome) is { } outcome)
                Settle(source, outcome);
            return source.Task;
        }
    }

    public void TrySetResult() => TrySet(s_done);

    public void TrySetCanceled() => TrySet(s_cancelled);

    public void TrySetException(Exception reason) => TrySet(reason);

    private void TrySet(object outcome)
    {
        if (Interlocked.CompareExchange(ref _outcome, outcome, null) is null && Volatile.Read(ref _source) is { } source)
            Settle(source, outcome);
    }

    private static void Settle(TaskCompletionSource source, object outcome)
    {
        if (outcome is Exception reason)
            source.TrySetException(reason);
        else if (outcome == s_done)
            source.TrySetResult();
        else
            source.TrySetCanceled();
    }
}
