using System.Runtime;

namespace Compeer.Node.Hosting;

/// <summary>
/// Gives back what the start with many torrents took for a moment: their descriptions and journals are read and put away again, and
/// the collector would keep that room, twice as much as is left in use, for hours in which nothing is allocated.
/// </summary>
internal sealed class StartMemory : IAsyncDisposable
{
    private const int ManyTorrents = 500;

    /// <summary>The looks and requests right after the start are over by then.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _ending = new();
    private readonly Task _running;

    /// <param name="starting">Completes when the torrents have started.</param>
    /// <param name="torrents">How many there are.</param>
    /// <param name="time">For the pause after the start.</param>
    public StartMemory(Task starting, int torrents, TimeProvider time) =>
        _running = torrents < ManyTorrents ? Task.CompletedTask : RunAsync(starting, time);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running;
        _ending.Dispose();
    }

    private async Task RunAsync(Task starting, TimeProvider time)
    {
        // A start that failed is told of elsewhere.
        await starting.WaitAsync(_ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(Pause, time, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_ending.IsCancellationRequested)
            return;
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
