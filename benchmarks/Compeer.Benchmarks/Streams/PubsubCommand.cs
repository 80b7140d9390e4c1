using System.Diagnostics;
using System.Text.Json;
using Compeer.Formats.Multiformats;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;

namespace Compeer.Benchmarks.Streams;

/// <summary>Measures messages a second through gossipsub between two processes, signed and checked; lab/bench/pubsub.sh runs it beside js-libp2p.</summary>
internal static class PubsubCommand
{
    public const string Usage = "pubsub listen ADDRESS COUNT | pubsub dial ADDRESS COUNT BYTES";

    private const string Topic = "bench";

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>Takes messages until there are so many, or none comes for a while; tells how many came a second.</summary>
    public static async Task<int> ListenAsync(string address, int count)
    {
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse(address)] });
        await using PubsubService pubsub = PubsubService.Start(host, new PubsubOptions { MaxWaiting = count });
        using PubsubSubscription subscription = pubsub.Subscribe(Topic);
        Print(new { @event = "ready", addresses = host.Addresses.Select(a => a.With(host.Id).ToString()) });
        await subscription.ReadAsync();
        using var process = Process.GetCurrentProcess();
        TimeSpan cpu = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp(), last = start;
        int received = 1;
        try
        {
            for (; received < count; received++)
            {
                await subscription.ReadAsync().AsTask().WaitAsync(Silence);
                last = Stopwatch.GetTimestamp();
            }
        }
        catch (TimeoutException)
        {
            // The rest was lost; the figure says so.
        }
        double seconds = Stopwatch.GetElapsedTime(start, last).TotalSeconds;
        process.Refresh();
        Print(new { what = "gossipsub messages received", value = Math.Round(received / seconds), unit = "/s", received, seconds = Math.Round(seconds, 3), cpu = Math.Round((process.TotalProcessorTime - cpu).TotalSeconds, 3) });
        return 0;
    }

    /// <summary>Publishes so many messages as fast as they are taken.</summary>
    public static async Task<int> DialAsync(string address, int count, int bytes)
    {
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions());
        await using PubsubService pubsub = PubsubService.Start(host, new PubsubOptions());
        using PubsubSubscription subscription = pubsub.Subscribe(Topic);
        await host.ConnectAsync(Multiaddr.Parse(address));
        while (pubsub.MeshOf(Topic).Count == 0)
            await Task.Delay(20);
        byte[] data = new byte[bytes];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
            await pubsub.PublishAsync(Topic, data);
        Print(new { what = "gossipsub messages published", value = Math.Round(count / Stopwatch.GetElapsedTime(start).TotalSeconds), unit = "/s", lost = pubsub.Lost });
        // What is under way arrives before the connection ends.
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static void Print(object line) => Console.WriteLine(JsonSerializer.Serialize(line));
}
