using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Compeer.Tests.Trackers;

/// <summary>A TCP server on loopback that answers every connection with a script; it counts what it was asked and how much it sent.</summary>
internal sealed class ScriptedTracker : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _ending = new();
    private readonly Func<string, Stream, CancellationToken, Task> _script;
    private readonly List<string> _requests = [];
    private readonly Task _loop;

    public ScriptedTracker(Func<string, Stream, CancellationToken, Task> script, IPAddress? address = null)
    {
        _script = script;
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        _loop = LoopAsync();
    }

    /// <summary>Answers with these bytes and closes.</summary>
    public ScriptedTracker(string answer, IPAddress? address = null)
        : this((_, stream, token) => stream.WriteAsync(Encoding.Latin1.GetBytes(answer), token).AsTask(), address)
    {
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public Uri Url => new($"http://{EndPoint}/announce");

    /// <summary>The head of each request so far.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public static string Ok(string body, string header = "") =>
        $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n{header}Connection: close\r\n\r\n{body}";

    public static string Redirect(string location, int status = 302) =>
        $"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    public async ValueTask DisposeAsync()
    {
        if (_loop.IsCompleted)
            return;
        await _ending.CancelAsync();
        await _loop;
        _listener.Stop();
        _ending.Dispose();
    }

    private async Task LoopAsync()
    {
        var answering = new List<Task>();
        try
        {
            while (true)
                answering.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_ending.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(answering);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                var head = new StringBuilder();
                byte[] buffer = new byte[4096];
                while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    int read = await stream.ReadAsync(buffer, _ending.Token);
                    if (read == 0)
                        return;
                    head.Append(Encoding.Latin1.GetString(buffer, 0, read));
                }
                lock (_requests)
                    _requests.Add(head.ToString());
                await _script(head.ToString(), stream, _ending.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client has cut the exchange off: that is what most of these tests are about.
            }
        }
    }
}
