using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Compeer.Tests.Api;

namespace Compeer.Tests.Security;

/// <summary>Guessing, path tricks, too much and too slow; the node lives.</summary>
public sealed class HostileRequestTests : IAsyncLifetime
{
    private readonly LiveNode _node = new();

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Wrong_tokens_are_slowed_down_and_the_right_one_is_not()
    {
        using HttpClient guesser = _node.Client(new string('0', 64));
        var seen = new List<HttpStatusCode>();
        for (int i = 0; i < 8; i++)
            seen.Add((await guesser.GetAsync("/api/v1/node")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, seen[0]);
        Assert.Equal(HttpStatusCode.TooManyRequests, seen[^1]);
        Assert.Equal(HttpStatusCode.OK, (await _node.Owner.GetAsync("/api/v1/node")).StatusCode);
    }

    [Fact]
    public async Task After_wrong_passwords_even_the_right_one_waits()
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await _node.Owner.PostAsJsonAsync("/api/v1/password", new { @new = "short" })).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Owner.PostAsJsonAsync("/api/v1/password", new { @new = "correct horse" })).StatusCode);
        Assert.DoesNotContain("correct horse", await File.ReadAllTextAsync(Path.Combine(_node.Data, "node.state")), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await LogInAsync("correct horse")).StatusCode);

        HttpResponseMessage answer = await LogInAsync("wrong horse");
        for (int i = 0; i < 12 && answer.StatusCode != HttpStatusCode.TooManyRequests; i++)
            answer = await LogInAsync("wrong horse");
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        // Enough of them that the wait is longer than a slow machine takes to ask.
        for (int i = 0; i < 4; i++)
            await _node.Client(new string('0', 64)).GetAsync("/api/v1/node");
        Assert.Equal(HttpStatusCode.TooManyRequests, (await LogInAsync("correct horse")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _node.Owner.GetAsync("/api/v1/node")).StatusCode);

        Task<HttpResponseMessage> LogInAsync(string password) => _node.Stranger.PostAsJsonAsync("/api/v1/session", new { password });
    }

    [Theory]
    [InlineData("/../token")]
    [InlineData("/assets/../../token")]
    [InlineData("/assets/..%2f..%2ftoken")]
    [InlineData("/assets/%2e%2e/%2e%2e/token")]
    [InlineData("/assets/..%5c..%5ctoken")]
    [InlineData("//token")]
    [InlineData("/assets//etc/passwd")]
    [InlineData("/assets/%00")]
    [InlineData("/assets/")]
    [InlineData("/.well-known/../token")]
    public async Task No_path_leads_out_of_the_page(string path)
    {
        string answer = await _node.SendRawAsync($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{_node.Url.Port}\r\nConnection: close\r\n\r\n");
        Assert.Matches(@"^HTTP/1\.1 40[04]", answer);
        Assert.DoesNotContain(_node.Host.Token, answer, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        using var content = new StringContent($$"""{"link":"{{new string('x', 2 << 20)}}"}""", Encoding.UTF8, "application/json");
        HttpStatusCode status;
        try
        {
            status = (await _node.Owner.PostAsync("/api/v1/torrents", content)).StatusCode;
        }
        catch (HttpRequestException)
        {
            // The node closed while the body was still on its way, which is an answer too.
            status = HttpStatusCode.RequestEntityTooLarge;
        }
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.Equal(HttpStatusCode.OK, (await _node.Owner.GetAsync("/api/v1/node")).StatusCode);
    }

    [Theory]
    [InlineData("GET /{0} HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {0}\r\n\r\n")]
    public async Task A_head_that_is_too_large_is_refused(string request) =>
        Assert.Matches(@"^HTTP/1\.1 4(14|31)", await _node.SendRawAsync(request.Replace("{0}", new string('x', 100_000), StringComparison.Ordinal)));

    [Theory]
    [InlineData("""{"link":""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("""{"link":{"deep":1}}""")]
    [InlineData("""{}""")]
    [InlineData("""{"link":"magnet:?xt=urn:btih:zz"}""")]
    [InlineData("""{"link":"magnet:?xt=urn:btih:4444444444444444444444444444444444444444","directory":"relative"}""")]
    [InlineData("""{"link":"magnet:?xt=urn:btih:4444444444444444444444444444444444444444","peers":["nobody"]}""")]
    [InlineData("""{"url":"file:///etc/passwd"}""")]
    [InlineData("""{"url":"http://127.0.0.1:1/x.torrent"}""")]
    [InlineData("""{"url":"http://169.254.169.254/latest/meta-data"}""")]
    [InlineData("""{"url":"http://localhost/x.torrent"}""")]
    [InlineData("""{"path":"/etc/passwd"}""")]
    public async Task What_cannot_be_used_gets_a_problem_that_says_why(string json)
    {
        using HttpResponseMessage answer = await _node.Owner.PostAsync("/api/v1/torrents", new StringContent(json, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("\"detail\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_hundred_slow_connections_do_not_keep_the_owner_out()
    {
        var slow = new List<Socket>();
        try
        {
            for (int i = 0; i < 200; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                slow.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, _node.Url.Port);
                await socket.SendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost:"));
            }
            Assert.Equal(HttpStatusCode.OK, (await _node.Owner.GetAsync("/api/v1/node")).StatusCode);
            // Each is let go by the node, without another byte from us.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            foreach (Socket socket in slow)
            {
                byte[] answer = new byte[4096];
                int read;
                while ((read = await socket.ReceiveAsync(answer, limit.Token)) > 0)
                    Assert.Contains("408", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
            }
        }
        finally
        {
            slow.ForEach(s => s.Dispose());
        }
    }

    [Fact]
    public async Task Looking_changes_nothing()
    {
        string id = await _node.AddAsync();
        await _node.Owner.GetAsync("/api/v1/node");
        string before = await File.ReadAllTextAsync(Path.Combine(_node.Data, "node.state"));
        foreach (string path in (string[])
        [
            "node", "torrents", "torrents/actions", $"torrents/{id}", $"torrents/{id}/files", $"torrents/{id}/peers", $"torrents/{id}/pieces", $"torrents/{id}/rates", "create", "jobs/x",
            "folders?path=/", "uploads/x", "limits", "watch-folders", "feeds", "network", "doctor", "settings?limit-up=1", "password?new=something-long", "keys", "log", "session",
            $"torrents?action=remove&ids={id}", $"torrents/{id}?paused=true&data=true",
        ])
            Assert.True((int)(await _node.Owner.GetAsync("/api/v1/" + path)).StatusCode is 200 or 404 or 405 or 409, path);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(_node.Data, "node.state")));
        Assert.False(File.Exists(Path.Combine(_node.Data, "config.json")));
        Assert.Contains(id, await _node.Owner.GetStringAsync("/api/v1/torrents"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_token_is_for_its_owner_only()
    {
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_node.Data, "token")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_node.Data, "node.state")));
        }
        Assert.Matches("^[0-9a-f]{64}$", _node.Host.Token);
    }
}
