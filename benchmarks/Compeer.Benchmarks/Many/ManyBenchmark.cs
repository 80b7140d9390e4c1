using System.Net;
using Compeer.Network.Trackers;

namespace Compeer.Benchmarks.Many;

/// <summary>
/// A fresh process seeds many torrents that it knows from earlier: how long until the last one is served, how much memory,
/// what it costs while nobody asks for anything, and how long a question for the status of all takes.
/// </summary>
internal static class ManyBenchmark
{
    private const int TrackerPort = 16_969;

    public static async Task RunAsync(BenchmarkOptions options)
    {
        string? url = options.Tracker ? $"http://127.0.0.1:{TrackerPort}/announce" : null;
        ManyTorrents torrents = await ManyTorrents.MakeAsync(options.Folder, options.Torrents, options.Large, url);
        Console.WriteLine($"{options.Torrents} torrents, {options.Large} of them with 100 files");
        var table = new FiguresTable("serving s", "resident MB", "peak MB", "heap MB", "idle CPU %", "status ms");
        for (int round = 0; round < options.Rounds; round++)
        {
            await using TrackerServer? tracker = options.Tracker
                ? await TrackerServer.StartAsync(new TrackerServerOptions { Http = [new IPEndPoint(IPAddress.Loopback, TrackerPort)] }, CancellationToken.None)
                : null;
            using var counting = new CancellationTokenSource();
            Task counted = tracker is null ? Task.CompletedTask : CountAsync(tracker, counting.Token);
            await using (NodeUnderTest node = await NodeUnderTest.StartAsync(options.Folder, 200))
            {
                using ProbePeer probe = await ProbePeer.ConnectAsync(node.Port, torrents.All[^1].Truncated, IPAddress.Loopback);
                double serving = node.Age.TotalSeconds;
                await Task.Delay(TimeSpan.FromSeconds(5));
                double cpu = await node.WatchAsync(options.Idle);
                NodeFigures figures = await node.MeasureAsync();
                table.Add(serving, figures.ResidentBytes / 1e6, figures.PeakBytes / 1e6, figures.HeapBytes / 1e6, cpu, figures.StatusMilliseconds);
            }
            await counting.CancelAsync();
            await counted;
        }
        table.Print();
    }

    /// <summary>Announces in each second, so that a burst shows.</summary>
    private static async Task CountAsync(TrackerServer tracker, CancellationToken cancellationToken)
    {
        var seconds = new List<long>();
        long before = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            long now = tracker.Status.HttpAnnounces;
            seconds.Add(now - before);
            before = now;
        }
        Console.WriteLine($"announces: {before}, most in a second {seconds.Max()}, by seconds: {string.Join(' ', seconds)}");
    }
}
