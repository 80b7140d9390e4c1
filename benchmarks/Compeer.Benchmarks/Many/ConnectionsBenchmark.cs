using System.Net;

namespace Compeer.Benchmarks.Many;

/// <summary>Many peers connect to a seeding process and stay idle: memory and processor time of each, and the status meanwhile.</summary>
internal static class ConnectionsBenchmark
{
    private const int AtOnce = 32;

    public static async Task RunAsync(BenchmarkOptions options)
    {
        int count = Math.Min(options.Torrents, 100);
        ManyTorrents torrents = await ManyTorrents.MakeAsync(options.Folder + "-connections", count, 0, null);
        Console.WriteLine($"{options.Count} connections to {count} torrents");
        var table = new FiguresTable("before MB", "resident MB", "KB a connection", "heap MB", "idle CPU %", "status ms");
        for (int round = 0; round < options.Rounds; round++)
        {
            await using NodeUnderTest node = await NodeUnderTest.StartAsync(torrents.Folder, options.Count);
            NodeFigures before = await node.MeasureAsync();
            var peers = new ProbePeer[options.Count];
            await Parallel.ForAsync(0, peers.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) =>
                peers[i] = await ProbePeer.ConnectAsync(node.Port, torrents.All[i % count].Truncated, new IPAddress([127, 1, (byte)(i >> 8), (byte)(i | 1)])));
            await Task.Delay(TimeSpan.FromSeconds(5));
            double cpu = await node.WatchAsync(options.Idle);
            NodeFigures figures = await node.MeasureAsync();
            if (figures.Peers != options.Count)
                Console.WriteLine($"Only {figures.Peers} connections are up.");
            table.Add(
                before.ResidentBytes / 1e6, figures.ResidentBytes / 1e6, (figures.ResidentBytes - before.ResidentBytes) / 1e3 / options.Count,
                figures.HeapBytes / 1e6, cpu, figures.StatusMilliseconds);
            foreach (ProbePeer peer in peers)
                peer.Dispose();
        }
        table.Print();
    }
}
