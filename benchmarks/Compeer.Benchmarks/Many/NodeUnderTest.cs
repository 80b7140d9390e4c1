using System.Diagnostics;
using System.Globalization;

namespace Compeer.Benchmarks.Many;

/// <summary>What a measured process looked like at one moment.</summary>
/// <param name="Peers">Connections, as it counts them.</param>
/// <param name="StatusMilliseconds">How long it took to ask all its torrents for their status.</param>
/// <param name="HeapBytes">Managed memory in use.</param>
/// <param name="ResidentBytes">Resident set.</param>
/// <param name="PeakBytes">The largest resident set so far.</param>
internal sealed record NodeFigures(long Peers, double StatusMilliseconds, long HeapBytes, long ResidentBytes, long PeakBytes);

/// <summary>A measured process, seen from outside.</summary>
internal sealed class NodeUnderTest : IAsyncDisposable
{
    private readonly Process _process;
    private readonly long _started = Stopwatch.GetTimestamp();

    private NodeUnderTest(Process process) => _process = process;

    /// <summary>Its port, once it seeds everything.</summary>
    public int Port { get; private set; }

    /// <summary>Since just before its process began.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_started);

    /// <summary>Starts one and waits until it says that it seeds everything.</summary>
    public static async Task<NodeUnderTest> StartAsync(string folder, int maxConnections)
    {
        // This program again, whether it was started by itself or by dotnet.
        string[] program = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(NodeUnderTest).Assembly.Location] : [];
        var start = new ProcessStartInfo(Environment.ProcessPath!, [.. program, "node", folder, maxConnections.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var node = new NodeUnderTest(Process.Start(start)!);
        string? line = await node._process.StandardOutput.ReadLineAsync();
        if (line?.Split(' ') is not ["seeding", var port])
            throw new InvalidOperationException($"The node said '{line}' instead of its port.");
        node.Port = int.Parse(port, CultureInfo.InvariantCulture);
        return node;
    }

    public async Task<NodeFigures> MeasureAsync()
    {
        await _process.StandardInput.WriteLineAsync("measure");
        string[] own = (await _process.StandardOutput.ReadLineAsync())!.Split(' ');
        _process.Refresh();
        return new NodeFigures(
            long.Parse(own[0], CultureInfo.InvariantCulture), double.Parse(own[1], CultureInfo.InvariantCulture), long.Parse(own[2], CultureInfo.InvariantCulture),
            _process.WorkingSet64, _process.PeakWorkingSet64);
    }

    /// <summary>Processor time over a while, in percent of one core.</summary>
    public async Task<double> WatchAsync(TimeSpan time)
    {
        _process.Refresh();
        TimeSpan before = _process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        await Task.Delay(time);
        _process.Refresh();
        return (_process.TotalProcessorTime - before) / Stopwatch.GetElapsedTime(start) * 100;
    }

    /// <summary>Ends it in good order.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }
        _process.Dispose();
    }
}
