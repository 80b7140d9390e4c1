using System.Diagnostics;
using System.Globalization;
using System.Net;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Benchmarks.Many;

/// <summary>
/// The measured process: seeds the torrents of a folder, says when all of them are seeded, and answers "measure" on its
/// standard input with what only it knows, until that ends.
/// </summary>
internal static class NodeProcess
{
    public static async Task RunAsync(string folder, int maxConnections)
    {
        ManyTorrents torrents = ManyTorrents.Open(folder);
        await using var client = TorrentClient.Start(new TorrentClientOptions
        {
            DataDirectory = torrents.DataDirectory,
            Bind = IPAddress.Loopback,
            LocalDiscovery = false,
            MaxConnections = maxConnections,
        });
        IReadOnlyList<Torrent> running = client.AddKnown([.. torrents.All.Select(ids => new TorrentSettings { InfoHashes = ids, Directory = torrents.ContentDirectory })]);
        while (running.Any(t => t.Status.Phase != TorrentPhase.Seeding))
            await Task.Delay(10);
        Console.WriteLine($"seeding {client.LocalEndPoint.Port}");
        while (await Console.In.ReadLineAsync() == "measure")
        {
            long start = Stopwatch.GetTimestamp();
            long peers = running.Select(t => t.Status).Where(s => s.Phase == TorrentPhase.Seeding).Sum(s => s.Peers);
            double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{peers} {milliseconds:f3} {GC.GetTotalMemory(forceFullCollection: false)}"));
        }
    }
}
