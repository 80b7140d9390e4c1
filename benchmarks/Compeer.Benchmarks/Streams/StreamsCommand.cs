using System.Diagnostics;
using System.Text.Json;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;

namespace Compeer.Benchmarks.Streams;

/// <summary>Measures libp2p streams between two processes; lab/bench/streams.sh runs it beside js-libp2p.</summary>
internal static class StreamsCommand
{
    public const string Usage = "streams listen ADDRESS [noise|tls] | streams dial ADDRESS MIB [noise|tls] | streams idle [noise|tls]";

    private const string Echo = "/lab/echo";
    private const int ManyStreams = 64;
    private const int ShortStreams = 10_000;
    private const int Handshakes = 300;
    private const int IdleConnections = 1000;

    private static readonly ConnectionLimits Wide = new() { MaxConnections = 10_000, MaxPerPeer = 10_000, MaxPerPrefix = 10_000, HighWater = 10_000 };

    /// <summary>Serves until standard input ends; prints its address.</summary>
    public static async Task<int> ListenAsync(string address, string security)
    {
        await using PeerHost host = await PeerHost.StartAsync(Options(security) with { Listen = [Multiaddr.Parse(address)] });
        host.ServePerf();
        host.Handle(Echo, (stream, token) => stream.CopyToAsync(stream, token));
        Print(new { @event = "ready", addresses = host.Addresses.Select(a => a.With(host.Id).ToString()) });
        await Console.In.ReadToEndAsync();
        return 0;
    }

    /// <summary>Asks a listener, ours or another's, for everything that is measured.</summary>
    public static async Task<int> DialAsync(string address, int mebibytes, string security)
    {
        var target = Multiaddr.Parse(address);
        PeerId peer = target.PeerId!.Value;
        long bytes = (long)mebibytes << 20;
        await using PeerHost host = await PeerHost.StartAsync(Options(security));
        await host.ConnectAsync(target);
        // Each direction once, so that what is measured is compiled.
        await host.PerfAsync(peer, bytes, bytes);
        await MeasureAsync("download", bytes, "MB/s", 1e6, async () => Check(bytes, await host.PerfAsync(peer, 0, bytes)));
        await MeasureAsync("upload", bytes, "MB/s", 1e6, async () => Check(0, await host.PerfAsync(peer, bytes, 0)));
        await MeasureAsync($"download over {ManyStreams} streams", bytes, "MB/s", 1e6, async () =>
            Check(bytes, (await Task.WhenAll(Enumerable.Range(0, ManyStreams).Select(_ => host.PerfAsync(peer, 0, bytes / ManyStreams)))).Sum()));
        await MeasureAsync("short streams", ShortStreams, "/s", 1, () => Parallel.ForEachAsync(
            Enumerable.Range(0, ShortStreams), new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (_, token) => await EchoAsync(host, peer, token)));
        await MeasureAsync("handshakes", Handshakes, "/s", 1, () => Parallel.ForEachAsync(
            Enumerable.Range(0, Handshakes), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (_, token) =>
            {
                await using PeerHost other = await PeerHost.StartAsync(Options(security));
                await other.ConnectAsync(target, token);
            }));
        return 0;
    }

    /// <summary>Memory of idle connections within one process, both ends of each counted.</summary>
    public static async Task<int> IdleAsync(string security)
    {
        await using PeerHost host = await PeerHost.StartAsync(Options(security) with { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        Multiaddr target = host.Addresses[0].With(host.Id);
        await using PeerHost dialer = await PeerHost.StartAsync(Options(security));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        // Dialled without a name, so that each is a connection of its own.
        var connections = new List<HostConnection>();
        for (int i = 0; i < IdleConnections; i++)
            connections.Add(await dialer.ConnectAsync(target.WithoutPeer()!));
        await Task.WhenAll(connections.Select(c => c.Identified));
        while (connections.Any(c => c.StreamCount > 0) || host.Connections.Any(c => c.StreamCount > 0))
            await Task.Delay(50);
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Print(new { what = "managed memory of an idle connection, one end", value = (after - before) / (2 * IdleConnections), unit = "bytes", connections = connections.Count });
        return 0;
    }

    private static PeerHostOptions Options(string security) => new()
    {
        Identity = PrivateIdentity.Generate(),
        Security = ["/" + (security == "tls" ? "tls/1.0.0" : security)],
        Limits = Wide,
    };

    private static async Task EchoAsync(PeerHost host, PeerId peer, CancellationToken cancellationToken)
    {
        await using DuplexStream stream = await host.OpenStreamAsync(peer, Echo, cancellationToken);
        byte[] data = new byte[100];
        await stream.WriteAsync(data, cancellationToken);
        stream.CompleteWrites();
        await stream.ReadExactlyAsync(data, cancellationToken);
    }

    private static void Check(long expected, long got)
    {
        if (expected != got)
            throw new InvalidDataException($"{got} bytes came back instead of {expected}.");
    }

    private static async Task MeasureAsync(string what, double amount, string unit, double scale, Func<Task> action)
    {
        using var process = Process.GetCurrentProcess();
        TimeSpan cpu = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        await action();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        Print(new { what, value = Math.Round(amount / scale / seconds, 1), unit, seconds = Math.Round(seconds, 3), cpu = Math.Round((process.TotalProcessorTime - cpu).TotalSeconds, 3) });
    }

    private static void Print(object line) => Console.WriteLine(JsonSerializer.Serialize(line));
}
