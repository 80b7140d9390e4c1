using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Compeer.Tests.Trackers;

/// <summary>A foreign program on loopback, its output kept; it is ended by its own id when disposed.</summary>
internal sealed class LoopbackProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    public LoopbackProcess(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Whether <paramref name="program"/> is there; when it is not, says so, or fails where foreign peers are required.</summary>
    public static bool IsPresent(string program, bool present)
    {
        if (present)
            return true;
        Assert.False(Environment.GetEnvironmentVariable("COMPEER_REQUIRE_PEERS") == "1", $"{program} is missing.");
        Console.Error.WriteLine($"MISSING: {program}. THIS TEST PROVED NOTHING.");
        return false;
    }

    /// <summary>A port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var tcp = new TcpListener(IPAddress.Loopback, 0);
        tcp.Start();
        return ((IPEndPoint)tcp.LocalEndpoint).Port;
    }

    /// <summary>Waits for the end with exit code 0.</summary>
    public async Task SucceedsAsync(TimeSpan limit)
    {
        using var ending = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(ending.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Not done in {limit}. {Output}");
        }
        Assert.True(_process.ExitCode == 0, Output);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            if (line is not null && _output.Length < 65536)
                _output.AppendLine(line);
        }
    }
}
