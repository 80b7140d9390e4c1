using System.Net;
using System.Net.Sockets;
using System.Text;
using Compeer.Network.Connections;
using Compeer.Network.PortMapping;
using Compeer.Protocols.PortMapping;

namespace Compeer.Tests.PortMapping;

/// <summary>A router's HTTP server that means harm, on loopback.</summary>
public sealed class IgdExchangeTests : IAsyncLifetime, IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly TaskScope _scope = new();
    private readonly List<string> _requests = [];
    private Func<NetworkStream, CancellationToken, Task> _serve = (_, _) => Task.CompletedTask;
    private Uri _url = new("http://127.0.0.1/");

    public Task InitializeAsync()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/root.xml");
        _scope.TryRun(AcceptAsync);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _scope.DisposeAsync();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        _serve = Say($"HTTP/1.1 302 Found\r\nLocation: {_url}2\r\nContent-Length: 0\r\n\r\n");
        IgdReply reply = await AskAsync();
        Assert.Equal((302, null), (reply.StatusCode, reply.Failure));
        Assert.Single(_requests);
    }

    [Fact]
    public async Task A_post_carries_its_action_and_its_length()
    {
        _serve = Say("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno");
        IgdReply reply = await IgdExchange.RunAsync(new IgdRequest(7, _url, "\"type#AddPortMapping\"", "<x/>"u8.ToArray()), IPAddress.Loopback, TimeSpan.FromSeconds(20), CancellationToken.None);
        Assert.Equal((7, 500, "no"), (reply.Id, reply.StatusCode, Encoding.ASCII.GetString(reply.Body.Span)));
        Assert.StartsWith("POST /root.xml HTTP/1.1", _requests[0], StringComparison.Ordinal);
        Assert.Contains("SOAPAction: \"type#AddPortMapping\"", _requests[0], StringComparison.Ordinal);
        Assert.Contains("Content-Length: 4", _requests[0], StringComparison.Ordinal);
        Assert.DoesNotContain("Expect:", _requests[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 10485760\r\n")]
    [InlineData("")]
    public async Task Ten_megabytes_are_not_read(string header)
    {
        long sent = 0;
        _serve = async (stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{header}Connection: close\r\n\r\n"), token);
            byte[] chunk = new byte[64 * 1024];
            for (; sent < 10 << 20; sent += chunk.Length)
                await stream.WriteAsync(chunk, token);
        };
        IgdReply reply = await AskAsync();
        Assert.Equal("its answer is too long", reply.Failure);
    }

    [Fact]
    public async Task Endless_headers_end()
    {
        _serve = async (stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), token);
            while (true)
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"X-A: {new string('a', 1000)}\r\n"), token);
        };
        Assert.NotNull((await AskAsync()).Failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SSH-2.0-x\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort")]
    public async Task What_is_not_HTTP_is_a_failure_in_words(string text)
    {
        _serve = Say(text);
        Assert.Equal("its answer is not HTTP, or was cut short", (await AskAsync()).Failure);
    }

    [Fact]
    public async Task Silence_ends_and_so_does_a_closed_port()
    {
        _serve = (_, token) => Task.Delay(Timeout.Infinite, token);
        Assert.Equal("no answer in time", (await AskAsync(TimeSpan.FromMilliseconds(300))).Failure);
        _listener.Dispose();
        Assert.Equal("nothing listens there (connection refused)", (await AskAsync()).Failure);
    }

    [Fact]
    public async Task On_loopback_no_router_is_asked()
    {
        await using PortMappingService service = PortMappingService.Start(6881, new PortMappingOptions { Bind = IPAddress.Loopback });
        await service.SettledAsync(CancellationToken.None);
        Assert.Empty(service.Status.Routers);
        Assert.Equal(["No router was asked to map the port: this machine has no default gateway there."], service.Status.Describe(Protocols.Instant.Zero));
    }

    private static Func<NetworkStream, CancellationToken, Task> Say(string text) => (stream, token) => stream.WriteAsync(Encoding.ASCII.GetBytes(text), token).AsTask();

    private Task<IgdReply> AskAsync(TimeSpan? timeout = null) =>
        IgdExchange.RunAsync(new IgdRequest(1, _url, null, default), IPAddress.Loopback, timeout ?? TimeSpan.FromSeconds(20), CancellationToken.None);

    private async Task AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                using Socket socket = await _listener.AcceptAsync(cancellationToken);
                await using var stream = new NetworkStream(socket);
                byte[] buffer = new byte[8192];
                int length = await stream.ReadAsync(buffer, cancellationToken);
                _requests.Add(Encoding.ASCII.GetString(buffer, 0, length));
                try
                {
                    await _serve(stream, cancellationToken);
                    socket.Shutdown(SocketShutdown.Send);
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    // It hung up, as it should.
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
