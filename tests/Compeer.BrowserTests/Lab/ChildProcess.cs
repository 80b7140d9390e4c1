using System.Diagnostics;
using System.Text.Json;

namespace Compeer.BrowserTests.Lab;

/// <summary>A program with its own arguments, whose output of JSON lines can be waited for. Disposing kills it and its children.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly SemaphoreSlim _news = new(0);
    private readonly string _name;

    public ChildProcess(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        _name = Path.GetFileName(program);
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        // Where the runtime is, for an apphost on a machine whose SDK is not in a standard place.
        if (Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet")
            start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(path)!;
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Take(e.Data);
        _process.ErrorDataReceived += (_, e) => Take(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Waits for {"event": name, ...}; throws with what was said when it does not come.</summary>
    public async Task<JsonElement> WaitForAsync(string name, int seconds = 60)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        for (int read = 0; ;)
        {
            string? line;
            lock (_lines)
                line = read < _lines.Count ? _lines[read++] : null;
            if (line is null)
            {
                try
                {
                    await _news.WaitAsync(limit.Token);
                }
                catch (OperationCanceledException)
                {
                    throw new LabException($"{_name} did not say '{name}' within {seconds} s. It said:\n{Said}");
                }
                continue;
            }
            if (TryRead(line) is { } said && said.TryGetProperty("event", out JsonElement said2) && said2.GetString() == name)
                return said;
        }
    }

    /// <summary>Waits for the end, and demands that it is a good one.</summary>
    public async Task WaitForSuccessAsync(int seconds = 60)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        await _process.WaitForExitAsync(limit.Token);
        if (_process.ExitCode != 0)
            throw new LabException($"{_name} ended with {_process.ExitCode}:\n{Said}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _news.Dispose();
    }

    private string Said
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines.TakeLast(20));
        }
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
            _lines.Add(line);
        _news.Release();
    }

    private static JsonElement? TryRead(string line)
    {
        try
        {
            return JsonDocument.Parse(line).RootElement;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
