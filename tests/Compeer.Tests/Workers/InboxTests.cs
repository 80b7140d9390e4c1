using Compeer.Content.Workers;

namespace Compeer.Tests.Workers;

public class InboxTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Every_input_is_taken_once_in_its_poster_s_order_and_never_by_two_passes_at_once()
    {
        const int posters = 8, each = 5_000;
        int[] next = new int[posters];
        int inside = 0, taken = 0;
        Inbox<(int Poster, int Number)>? inbox = null;
        inbox = new(() =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            for (int i = 0; i < 16 && inbox!.TryTake(out (int Poster, int Number) input); i++)
            {
                Assert.Equal(next[input.Poster]++, input.Number);
                taken++;
            }
            Interlocked.Decrement(ref inside);
            return Task.FromResult(taken < posters * each);
        });
        Task ended = inbox.RunAsync();
        Parallel.For(0, posters, poster =>
        {
            for (int i = 0; i < each; i++)
            {
                if (i % 3 == 0)
                    inbox.Post((poster, i));
                else
                    inbox.PostAndRun((poster, i));
            }
        });
        await ended.WaitAsync(Hang);
        Assert.All(next, n => Assert.Equal(each, n));
    }

    [Fact]
    public void An_idle_loop_is_run_by_who_brings_an_input()
    {
        int thread = 0;
        Inbox<int>? inbox = null;
        inbox = new(() =>
        {
            thread = inbox!.TryTake(out _) ? Environment.CurrentManagedThreadId : 0;
            return Task.FromResult(true);
        });
        _ = inbox.RunAsync();
        inbox.PostAndRun(1);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public async Task What_a_pass_posts_is_taken_by_a_later_one()
    {
        int passes = 0;
        Inbox<int>? inbox = null;
        inbox = new(() =>
        {
            inbox!.TryTake(out _);
            inbox.PostAndRun(++passes);
            return Task.FromResult(passes < 1_000);
        });
        await inbox.RunAsync().WaitAsync(Hang);
        Assert.Equal(1_000, passes);
    }

    [Fact]
    public async Task After_the_end_nothing_runs_and_inputs_can_be_cleaned_up()
    {
        int passes = 0;
        var inbox = new Inbox<int>(() => Task.FromResult(++passes < 1));
        await inbox.RunAsync().WaitAsync(Hang);
        inbox.PostAndRun(7);
        inbox.Post(8);
        Assert.Equal(1, passes);
        inbox.Complete();
        Assert.False(inbox.Post(9));
        Assert.False(inbox.PostAndRun(10));
        Assert.True(inbox.TryTake(out int first) && first == 7);
        Assert.True(inbox.TryTake(out int second) && second == 8);
        Assert.False(inbox.TryTake(out _));
    }

    [Fact]
    public async Task What_a_pass_throws_is_the_end_of_the_loop_and_not_of_the_poster()
    {
        int passes = 0;
        var inbox = new Inbox<int>(() => ++passes < 2 ? Task.FromResult(true) : throw new InvalidOperationException("broken"));
        Task ended = inbox.RunAsync();
        inbox.PostAndRun(1);
        inbox.PostAndRun(2);
        await Assert.ThrowsAsync<InvalidOperationException>(() => ended.WaitAsync(Hang));
        Assert.Equal(2, passes);
    }

    [Fact]
    public async Task Nobody_else_runs_the_loop_while_a_pass_waits()
    {
        var waiting = new TaskCompletionSource();
        int begun = 0;
        var inbox = new Inbox<int>(async () =>
        {
            begun++;
            await waiting.Task;
            return begun < 2;
        });
        Task ended = inbox.RunAsync();
        inbox.PostAndRun(1);
        inbox.Post(2);
        Assert.Equal(1, begun);
        waiting.SetResult();
        await ended.WaitAsync(Hang);
        Assert.Equal(2, begun);
    }
}
