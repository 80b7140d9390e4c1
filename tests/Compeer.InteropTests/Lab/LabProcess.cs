using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>
/// A program in a network namespace, with a process group of its own, so that ending it ends its children and nobody else.
/// Disposing asks it to stop, waits two seconds, then kills the group. Keeps the last 400 lines that it printed.
/// </summary>
public class LabProcess : IAsyncDisposable
{
    public const string Python = "/usr/bin/python3";

    private const int KeptLines = 400;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private bool _disposed;

    /// <summary>Starts <paramref name="program"/> (a full path) with an argument vector; no shell is involved.</summary>
    /// <param name="host">Where.</param>
    /// <param name="program">What.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables beyond ours.</param>
    /// <param name="readsInput">It is told what to do by <see cref="Tell"/>; else its input is closed.</param>
    public LabProcess(LabHost host, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, bool readsInput = false)
    {
        Host = host;
        Name = Path.GetFileName(program);
        var start = new ProcessStartInfo(Prerequisites.PathOf("setsid")) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in (string[])[Prerequisites.PathOf("ip"), "netns", "exec", host.Namespace, program, .. arguments])
            start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        CommandLine = string.Join(' ', start.ArgumentList.Skip(4));
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Receive(e.Data, OnOutput);
        _process.ErrorDataReceived += (_, e) => Receive(e.Data, null);
        _process.Start();
        if (!readsInput)
            _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Id = _process.Id;
        host.Network.Adopt(this);
    }

    public LabHost Host { get; }

    public string Name { get; }

    public string CommandLine { get; }

    /// <summary>The process and its group.</summary>
    public int Id { get; }

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>The last lines of both outputs, and those of the other programs in the network, for messages.</summary>
    public string Said => string.Join("\n-- ", Host.Network.Processes.Where(other => other != this).Select(other => $"{other.Name} on {other.Host.Address}:\n{other.Tail(12)}").Prepend(Tail(20)));

    /// <summary>The most physical memory the process ever held, in bytes; 0 when it has ended.</summary>
    public long PeakMemoryBytes
    {
        get
        {
            try
            {
                string? line = File.ReadLines($"/proc/{Id}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
                return line is null ? 0 : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }

    /// <summary>Writes a line to its input.</summary>
    public void Tell(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    private string Tail(int count) => string.Join('\n', _lines.TakeLast(count));

    /// <summary>Sends a signal to the process and its children; false when it has ended, because its id may belong to another by now.</summary>
    public bool Send(Signal signal) => !_disposed && !_process.HasExited && Signals.TrySendToGroup(Id, signal);

    /// <summary>Ends the process as a power cut would, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        Send(Signal.Kill);
        await WaitForExitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>The exit code. Throws after <paramref name="timeout"/>, with what the program said last.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            throw new LabException($"Still running after {timeout.TotalSeconds:0} s: {CommandLine}\n{Said}");
        }
    }

    /// <summary>Waits for exit code 0 and throws on any other.</summary>
    public async Task WaitForSuccessAsync(TimeSpan timeout)
    {
        int code = await WaitForExitAsync(timeout);
        if (code != 0)
            throw new LabException($"Ended with {code}: {CommandLine}\n{Said}");
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_disposed)
            return;
        foreach ((Signal signal, int seconds) in new[] { (Signal.Terminate, 2), (Signal.Kill, 10) })
        {
            if (!Send(signal))
                break;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                continue;
            }
        }
        _disposed = true;
        _process.Dispose();
    }

    /// <summary>Completes when the program has ended and everything that it printed was taken in.</summary>
    protected Task ExitedAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>Called for each line of standard output, on a thread of the runtime.</summary>
    protected virtual void OnOutput(string line)
    {
    }

    private void Receive(string? line, Action<string>? then)
    {
        if (line is null)
            return;
        _lines.Enqueue(line.Length > 600 ? line[..600] : line);
        while (_lines.Count > KeptLines)
            _lines.TryDequeue(out _);
        then?.Invoke(line);
    }
}
