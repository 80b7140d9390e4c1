using Compeer.Benchmarks;
using Compeer.Benchmarks.Loopback;
using Compeer.Benchmarks.Plotting;

switch (args)
{
    case ["hashing"]:
        HashingBenchmark.Run(rounds: 25);
        return 0;
    case ["torrents", ("seed" or "leech") and var mode, var torrents, var directory, var bind, var port, ("forbid" or "require") and var encryption, .. var peers]:
        return await TorrentsCommand.RunAsync(mode, torrents, directory, bind, port, encryption, peers);
    case ["plot", var source, var target, var title, .. var options]:
        return PlotCommand.Run(source, target, title, options);
    default:
        Console.Error.WriteLine($"usage: Compeer.Benchmarks hashing | {TorrentsCommand.Usage} | {PlotCommand.Usage}");
        return 2;
}
