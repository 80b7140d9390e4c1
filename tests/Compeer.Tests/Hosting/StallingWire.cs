using System.Net;
using System.Net.Sockets;

namespace Compeer.Tests.Hosting;

/// <summary>A wire between two ends, which passes everything on until it is told to take nothing more of who dialled.</summary>
internal sealed class StallingWire : IDisposable
{
    private readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stalling = new();
    private readonly Task _passing;
    private Socket? _dialer;

    public StallingWire(IPEndPoint listener, CancellationToken limit)
    {
        // What the wire's end holds back is little, so that a sender soon has to wait.
        _listening.ReceiveBufferSize = 64 * 1024;
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listening.Listen();
        _passing = PassAsync(listener, limit);
    }

    /// <summary>Where to dial.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listening.LocalEndPoint!;

    /// <summary>From when this completes on, nothing that the dialer sends is taken.</summary>
    public async Task StallAsync()
    {
        await _stalling.CancelAsync();
        await _passing;
    }

    /// <summary>Tells the dialer that nothing more will come; what it sends may still be taken, but never is.</summary>
    public void EndTowardsDialer() => _dialer!.Shutdown(SocketShutdown.Send);

    /// <summary>Resets the dialer's connection.</summary>
    public void Reset()
    {
        _dialer!.LingerState = new LingerOption(true, 0);
        _dialer.Dispose();
    }

    public void Dispose()
    {
        _stalling.Cancel();
        _dialer?.Dispose();
        _listening.Dispose();
        _stalling.Dispose();
    }

    private async Task PassAsync(IPEndPoint to, CancellationToken limit)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit, _stalling.Token);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _dialer = await _listening.AcceptAsync(limit);
        await listener.ConnectAsync(to, limit);
        await Task.WhenAll(PassAsync(_dialer, listener, ending.Token), PassAsync(listener, _dialer, ending.Token));
    }

    private static async Task PassAsync(Socket from, Socket to, CancellationToken ending)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, ending) is > 0 and var received)
                await to.SendAsync(buffer.AsMemory(0, received), CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            // It stalls.
        }
    }
}
