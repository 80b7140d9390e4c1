namespace Compeer.Content.Workers;

/// <summary>
/// A fixed set of threads for work that blocks or computes: disks and hashing. First in, first out. The queue is
/// bounded by its users, each of which keeps a budget of outstanding jobs.
/// </summary>
public sealed class WorkerThreads : IDisposable
{
    [ThreadStatic]
    private static WorkerThreads? s_own;

    private readonly Queue<Action> _jobs = new();
    private readonly Thread[] _threads;
    private bool _ending;

    /// <param name="name">Shown by debuggers and profilers.</param>
    /// <param name="count">Threads, at least 1.</param>
    public WorkerThreads(string name, int count)
    {
        _threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            _threads[i] = new Thread(Work) { Name = $"{name} {i}", IsBackground = true };
            _threads[i].Start();
        }
    }

    /// <summary>Jobs that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_jobs)
                return _jobs.Count;
        }
    }

    /// <summary>Queues a job, which must not throw; false after disposal began. The only one that waits, queued by a job, is begun when that job ends.</summary>
    public bool TryEnqueue(Action job)
    {
        lock (_jobs)
        {
            if (_ending)
                return false;
            _jobs.Enqueue(job);
            // A worker takes the only job itself when it is done with its own, sooner than another would wake.
            if (s_own != this || _jobs.Count > 1)
                Monitor.Pulse(_jobs);
            return true;
        }
    }

    /// <summary>Runs <paramref name="work"/> on a worker and completes with its result or exception.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool queued = TryEnqueue(() =>
        {
            try
            {
                completion.SetResult(work());
            }
            catch (Exception e)
            {
                completion.SetException(e);
            }
        });
        if (!queued)
            completion.SetCanceled();
        return completion.Task;
    }

    /// <summary>Lets queued jobs finish and ends the threads.</summary>
    public void Dispose()
    {
        lock (_jobs)
        {
            _ending = true;
            Monitor.PulseAll(_jobs);
        }
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Work()
    {
        s_own = this;
        while (true)
        {
            Action job;
            lock (_jobs)
            {
                while (_jobs.Count == 0)
                {
                    if (_ending)
                        return;
                    Monitor.Wait(_jobs);
                }
                job = _jobs.Dequeue();
            }
            job();
        }
    }
}
