using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Compeer.Tests.Proxies;

/// <summary>A SOCKS 5 and HTTP CONNECT proxy on loopback that leads every target to one place and remembers what it was asked.</summary>
internal sealed class ScriptedProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly IPEndPoint _behind;
    private readonly List<string> _targets = [];
    private readonly Task _loop;

    public ScriptedProxy(IPEndPoint behind)
    {
        _behind = behind;
        _listener.Start();
        _loop = LoopAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Targets as they were said ("name:port").</summary>
    public IReadOnlyList<string> Targets
    {
        get
        {
            lock (_targets)
                return [.. _targets];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        await _loop;
        _ending.Dispose();
    }

    private async Task LoopAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_ending.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var behind = new TcpClient())
        {
            try
            {
                NetworkStream stream = client.GetStream();
                byte[] first = await ReadAsync(stream, 1);
                string target = first[0] == 5 ? await SocksAsync(stream) : await HttpAsync(stream);
                lock (_targets)
                    _targets.Add(target);
                await behind.ConnectAsync(_behind, _ending.Token);
                await stream.WriteAsync(first[0] == 5 ? [5, 0, 0, 1, 0, 0, 0, 0, 0, 0] : "HTTP/1.1 200 Go on\r\n\r\n"u8.ToArray(), _ending.Token);
                await Task.WhenAny(stream.CopyToAsync(behind.GetStream(), _ending.Token), behind.GetStream().CopyToAsync(stream, _ending.Token));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One side has gone.
            }
        }
    }

    private async Task<string> SocksAsync(NetworkStream stream)
    {
        byte[] count = await ReadAsync(stream, 1);
        await ReadAsync(stream, count[0]);
        await stream.WriteAsync(new byte[] { 5, 0 }, _ending.Token);
        byte[] head = await ReadAsync(stream, 4);
        string host = head[3] == 3
            ? Encoding.ASCII.GetString(await ReadAsync(stream, (await ReadAsync(stream, 1))[0]))
            : new IPAddress(await ReadAsync(stream, head[3] == 1 ? 4 : 16)).ToString();
        byte[] port = await ReadAsync(stream, 2);
        return $"{host}:{(port[0] << 8) + port[1]}";
    }

    private async Task<string> HttpAsync(NetworkStream stream)
    {
        var head = new StringBuilder("C");
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append((char)(await ReadAsync(stream, 1))[0]);
        return head.ToString().Split(' ')[1];
    }

    private async Task<byte[]> ReadAsync(NetworkStream stream, int length)
    {
        byte[] bytes = new byte[length];
        await stream.ReadExactlyAsync(bytes, _ending.Token);
        return bytes;
    }
}
