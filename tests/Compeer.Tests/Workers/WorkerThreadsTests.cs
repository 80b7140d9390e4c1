using Compeer.Content.Workers;

namespace Compeer.Tests.Workers;

public class WorkerThreadsTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_a_job_queues_runs_though_no_other_thread_is_woken_for_it()
    {
        const int length = 10_000;
        using var workers = new WorkerThreads("test", 2);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int run = 0;
        Assert.True(workers.TryEnqueue(Next));
        await ended.Task.WaitAsync(Hang);
        Assert.Equal(length, run);

        void Next()
        {
            if (++run == length)
                ended.SetResult();
            else
                workers.TryEnqueue(Next);
        }
    }

    [Fact]
    public async Task Jobs_that_a_job_queues_run_side_by_side()
    {
        using var workers = new WorkerThreads("test", 2);
        using var both = new Barrier(2);
        Task<bool>[] met = [];
        await workers.RunAsync(() => met = [workers.RunAsync(Meet), workers.RunAsync(Meet)]).WaitAsync(Hang);
        Assert.All(await Task.WhenAll(met).WaitAsync(Hang), isMet => Assert.True(isMet));

        bool Meet() => both.SignalAndWait(Hang);
    }

    [Fact]
    public async Task A_job_that_comes_from_elsewhere_does_not_wait_for_one_that_takes_long()
    {
        using var workers = new WorkerThreads("test", 2);
        using var other = new ManualResetEventSlim();
        Task<bool> slow = workers.RunAsync(() => other.Wait(Hang));
        Assert.True(workers.TryEnqueue(other.Set));
        Assert.True(await slow.WaitAsync(Hang));
    }
}
