using System.Net;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Compeer.Benchmarks;
using Compeer.Benchmarks.Datagrams;
using Compeer.Benchmarks.Loopback;
using Compeer.Benchmarks.Many;
using Compeer.Benchmarks.Plotting;
using Compeer.Benchmarks.Streams;

switch (args)
{
    case ["hashing"]:
        HashingBenchmark.Run(rounds: 25);
        return 0;
    case ["torrents", ("seed" or "leech") and var mode, var torrents, var directory, var bind, var port, ("forbid" or "require") and var encryption, .. var peers]:
        return await TorrentsCommand.RunAsync(mode, torrents, directory, bind, port, encryption, peers);
    case ["micro", .. var options]:
        // In this process: a build of its own would need the network.
        BenchmarkSwitcher.FromAssembly(typeof(HashingBenchmark).Assembly).Run(
            options, DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)).WithArtifactsPath("artifacts/benchmarks"));
        return 0;
    case ["plot", var source, var target, var title, .. var options]:
        return PlotCommand.Run(source, target, title, options);
    case ["many", .. var rest] when BenchmarkOptions.TryParse(rest, out BenchmarkOptions? options):
        await ManyBenchmark.RunAsync(options);
        return 0;
    case ["connections", .. var rest] when BenchmarkOptions.TryParse(rest, out BenchmarkOptions? options):
        await ConnectionsBenchmark.RunAsync(options);
        return 0;
    case ["node", var folder, var maxConnections]:
        await NodeProcess.RunAsync(folder, int.Parse(maxConnections, null));
        return 0;
    case [("tracker" or "tracker-fill" or "dht") and var verb, _, _, _, _, ..]:
        return LoadCommand.Run(verb, args.AsSpan(1));
    case ["streams", "listen", var address, .. var security]:
        return await StreamsCommand.ListenAsync(address, security.FirstOrDefault("noise"));
    case ["streams", "dial", var address, var mebibytes, .. var security]:
        return await StreamsCommand.DialAsync(address, int.Parse(mebibytes, null), security.FirstOrDefault("noise"));
    case ["streams", "idle", .. var security]:
        return await StreamsCommand.IdleAsync(security.FirstOrDefault("noise"));
    case ["bare", "listen", var address, var mebibytes, .. var security]:
        return BareCommand.Listen(IPEndPoint.Parse(address), int.Parse(mebibytes, null), security.FirstOrDefault("noise"));
    case ["bare", "dial", var address, var mebibytes, .. var security]:
        return BareCommand.Dial(IPEndPoint.Parse(address), int.Parse(mebibytes, null), security.FirstOrDefault("noise"));
    case ["pubsub", "listen", var address, var count]:
        return await PubsubCommand.ListenAsync(address, int.Parse(count, null));
    case ["pubsub", "dial", var address, var count, var bytes]:
        return await PubsubCommand.DialAsync(address, int.Parse(count, null), int.Parse(bytes, null));
    case ["info-hashes", var count] when int.TryParse(count, out int swarms):
        return LoadCommand.PrintInfoHashes(swarms);
    default:
        Console.Error.WriteLine($"usage: Compeer.Benchmarks hashing | micro [--filter GLOB] | {TorrentsCommand.Usage} | {BenchmarkOptions.Usage} | {LoadCommand.Usage} | {PlotCommand.Usage} | {StreamsCommand.Usage} | {PubsubCommand.Usage} | {BareCommand.Usage}");
        return 2;
}
