using System.Net;
using System.Net.Sockets;

namespace Compeer.InteropTests.Lab;

/// <summary>Waiting for a listener. The test process reaches every host over the bridge.</summary>
internal static class Ports
{
    public static async Task WaitUntilOpenAsync(LabProcess process, int port)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await IsOpenAsync(process.Host.Address, port, limit.Token))
        {
            if (process.HasExited)
                throw new LabException($"Ended with {process.ExitCode} before it listened on {port}: {process.CommandLine}\n{process.Said}");
            if (limit.IsCancellationRequested || !await pause.WaitForNextTickAsync())
                throw new LabException($"Does not listen on {process.Host.At(port)}: {process.CommandLine}\n{process.Said}");
        }
    }

    private static async Task<bool> IsOpenAsync(string address, int port, CancellationToken cancellation)
    {
        try
        {
            var at = new IPEndPoint(IPAddress.Parse(address), port);
            using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(at, cancellation);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
