using System.Diagnostics.CodeAnalysis;

namespace Compeer.Content.Workers;

/// <summary>
/// The inputs of a loop that has no thread of its own: whoever brings one while nobody runs the loop has it run, on a thread of
/// the pool or, to spare a change of threads, on the own. One pass at a time; the passes see each other's writes. Unbounded: whoever
/// posts keeps a budget of what may be under way.
/// </summary>
/// <param name="pass">Called with the state: takes some inputs; false when the loop is over. It may post, and what it throws ends the loop.</param>
/// <param name="state">Whose inbox it is.</param>
public sealed class Inbox<T>(Func<object?, Task<bool>> pass, object? state) : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private Queue<T>? _inputs;
    private LateCompletion _ended;

    // Somebody runs the loop: until RunAsync nobody may, after the end nobody ever again.
    private bool _isTaken = true;
    private bool _isComplete;

    /// <param name="pass">Takes some inputs; false when the loop is over. It may post, and what it throws ends the loop.</param>
    public Inbox(Func<Task<bool>> pass)
        : this(static pass => ((Func<Task<bool>>)pass!)(), pass)
    {
    }

    /// <summary>Completes when a pass says that it was the last, or fails with what one threw.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Begins with a pass on this thread. Called once.</summary>
    /// <returns>As <see cref="Ended"/>.</returns>
    public Task RunAsync()
    {
        Run();
        return Ended;
    }

    /// <summary>Begins with a pass on this thread, for those who ask for <see cref="Ended"/> late or never. Called once.</summary>
    public void Start() => Run();

    /// <summary>Adds an input and leaves the loop to the pool; false after <see cref="Complete"/>. Thread-safe; never blocks.</summary>
    public bool Post(T input)
    {
        if (!TryAdd(input, out bool takesTurn))
            return false;
        if (takesTurn)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return true;
    }

    /// <summary>Adds an input and runs one pass here, unless somebody runs the loop; false after <see cref="Complete"/>. Thread-safe; only for threads that may wait for a pass and hold no lock.</summary>
    public bool PostAndRun(T input)
    {
        if (!TryAdd(input, out bool takesTurn))
            return false;
        if (takesTurn)
            Run();
        return true;
    }

    /// <summary>Refuses all further inputs; those that are here can still be taken.</summary>
    public void Complete()
    {
        lock (_lock)
            _isComplete = true;
    }

    /// <summary>The next input; for the pass, and for whoever cleans up after the end.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T input)
    {
        lock (_lock)
        {
            if (_inputs is not null)
                return _inputs.TryDequeue(out input);
            input = default;
            return false;
        }
    }

    /// <summary>Gives back the room that many inputs at once have taken, unless there are any.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            if (_inputs is { Count: 0 })
                _inputs = null;
        }
    }

    void IThreadPoolWorkItem.Execute() => Run();

    private bool TryAdd(T input, out bool takesTurn)
    {
        lock (_lock)
        {
            takesTurn = !_isTaken && !_isComplete;
            _isTaken |= takesTurn;
            if (!_isComplete)
                (_inputs ??= new Queue<T>()).Enqueue(input);
            return !_isComplete;
        }
    }

    private void Run()
    {
        Task<bool> passing;
        try
        {
            passing = pass(state);
        }
        catch (Exception e)
        {
            passing = Task.FromException<bool>(e);
        }
        if (passing.IsCompleted)
            Finish(passing);
        else
            passing.GetAwaiter().OnCompleted(() => Finish(passing));
    }

    private void Finish(Task<bool> passed)
    {
        try
        {
            if (!passed.GetAwaiter().GetResult())
            {
                _ended.TrySetResult();
                return;
            }
        }
        catch (Exception e)
        {
            _ended.TrySetException(e);
            return;
        }
        bool isMore;
        lock (_lock)
            isMore = _isTaken = _inputs is { Count: > 0 };
        if (isMore)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }
}
