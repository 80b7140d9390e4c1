using System.Collections.Concurrent;

namespace Compeer.Node.Hosting;

/// <summary>Work that takes longer than a request: it is begun, asked after, and forgotten an hour after its end. At most four run at a time, and 200 are kept.</summary>
internal sealed class JobBoard(TimeProvider time) : IAsyncDisposable
{
    private const int MaxKept = 200;
    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private readonly SemaphoreSlim _places = new(4);
    private readonly CancellationTokenSource _ending = new();

    /// <summary>Begins one.</summary>
    /// <param name="work">Is given where to tell its progress (0..1); returns what the job is asked for.</param>
    /// <returns>Its id.</returns>
    public string Begin(Func<Action<double>, CancellationToken, Task<object>> work)
    {
        foreach ((string old, Job past) in _jobs)
        {
            if (past.EndedAt is { } ended && time.GetElapsedTime(ended) > KeptFor)
                _jobs.TryRemove(old, out _);
        }
        if (_jobs.Count >= MaxKept)
            throw new NodeException(NodeFailure.Usage, "Too many jobs run or wait. Try again later.");
        string id = Security.Secrets.Make()[..12];
        var job = new Job();
        _jobs[id] = job;
        job.Task = RunAsync(job, work);
        return id;
    }

    /// <summary>How it stands; null when there is none.</summary>
    public Job? Find(string id) => _jobs.GetValueOrDefault(id);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_jobs.Values.Select(j => j.Task));
        _places.Dispose();
        _ending.Dispose();
    }

    private async Task RunAsync(Job job, Func<Action<double>, CancellationToken, Task<object>> work)
    {
        try
        {
            await _places.WaitAsync(_ending.Token);
            try
            {
                job.Result = await Task.Run(() => work(f => job.Fraction = f, _ending.Token), _ending.Token);
                (job.Fraction, job.State) = (1, "done");
            }
            finally
            {
                _places.Release();
            }
        }
        catch (Exception e)
        {
            // The one who asks after the job is told; nobody else waits for it.
            (job.Detail, job.State) = (e is OperationCanceledException ? "The node was stopped." : e.Message, "failed");
        }
        job.EndedAt = time.GetTimestamp();
    }
}

/// <summary>A job as it stands.</summary>
internal sealed class Job
{
    /// <summary>running, done or failed.</summary>
    public volatile string State = "running";

    /// <summary>0..1.</summary>
    public double Fraction { get; set; }

    /// <summary>Why it failed.</summary>
    public string? Detail { get; set; }

    /// <summary>What it gave.</summary>
    public object? Result { get; set; }

    public long? EndedAt { get; set; }

    public Task Task { get; set; } = Task.CompletedTask;
}
