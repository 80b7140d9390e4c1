using System.IO.Compression;
using System.Net;
using System.Text;
using Compeer.Network.Connections;
using Compeer.Network.WebSeeds;
using Compeer.Protocols.WebSeeds;
using Compeer.Tests.Trackers;

namespace Compeer.Tests.WebSeeds;

/// <summary>HTTP servers that mean harm: each ends in one clear failure, in bounded memory, with nobody else called.</summary>
public sealed class HostileWebSeedTests
{
    private const int Wanted = 1000;

    private static string Fine => $"HTTP/1.1 206 Partial Content\r\nContent-Length: {Wanted}\r\nContent-Range: bytes 500-1499/10000\r\nConnection: close\r\n\r\n{new string('x', Wanted)}";

    [Fact]
    public async Task A_right_answer_is_taken()
    {
        await using var server = new ScriptedTracker(Fine, FileServer.Internet);
        var sink = new Sink();
        Assert.Null(await FetchAsync($"http://{server.EndPoint}/f", sink));
        Assert.Equal(Wanted, sink.Bytes);
        string head = server.Requests.Single();
        Assert.Contains("Range: bytes=500-1499\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Accept-Encoding: identity\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Cookie", head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Ten_gigabytes_are_not_read()
    {
        long sent = 0;
        await using var server = new ScriptedTracker(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 500-1499/10000\r\nConnection: close\r\n\r\n"u8.ToArray(), token);
            byte[] block = new byte[65536];
            for (; sent < 10L << 30; Interlocked.Add(ref sent, block.Length))
                await stream.WriteAsync(block, token);
        }, FileServer.Internet);
        var sink = new Sink();
        Assert.Null(await FetchAsync($"http://{server.EndPoint}/f", sink));
        Assert.Equal(Wanted, sink.Bytes);
        Assert.InRange(Interlocked.Read(ref sent), 0, 64 << 20);
    }

    [Fact]
    public async Task A_gzip_bomb_is_not_unpacked()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(new byte[64 << 20]);
        byte[] bomb = packed.ToArray();
        await using var server = new ScriptedTracker(async (_, stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {bomb.Length}\r\nConnection: close\r\n\r\n"), token);
            await stream.WriteAsync(bomb, token);
        }, FileServer.Internet);
        Assert.Equal(WebSeedFailureKind.Malformed, (await FailAsync($"http://{server.EndPoint}/f")).Kind);
    }

    [Fact]
    public async Task An_endless_header_is_cut_off()
    {
        await using var server = new ScriptedTracker(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), token);
            for (int i = 0; i < 100_000; i++)
                await stream.WriteAsync("X-More: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"u8.ToArray(), token);
        }, FileServer.Internet);
        Assert.Equal(WebSeedFailureKind.Malformed, (await FailAsync($"http://{server.EndPoint}/f")).Kind);
    }

    [Fact]
    public async Task A_head_that_never_ends_is_not_waited_for()
    {
        await using var server = new ScriptedTracker(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-"u8.ToArray(), token);
            await Task.Delay(Timeout.Infinite, token);
        }, FileServer.Internet);
        Assert.Equal(WebSeedFailureKind.TooSlow, (await FailAsync($"http://{server.EndPoint}/f", FileServer.World with { HeadTimeout = TimeSpan.FromMilliseconds(300) })).Kind);
    }

    [Fact]
    public async Task What_breaks_off_is_told()
    {
        await using var server = new ScriptedTracker(Fine[..^400], FileServer.Internet);
        var sink = new Sink();
        Assert.Equal(WebSeedFailureKind.BrokenOff, (await FetchAsync($"http://{server.EndPoint}/f", sink))!.Kind);
        Assert.Equal(600, sink.Bytes);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/f")]
    [InlineData("http://[::1]:9/f")]
    [InlineData("http://[::ffff:127.0.0.1]:9/f")]
    [InlineData("http://0.0.0.0:9/f")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://[fe80::1]/f")]
    [InlineData("http://224.0.0.1/f")]
    [InlineData("http://127.0.0.3:9/f?a=b")]
    public async Task Some_addresses_are_never_asked(string url) => Assert.Equal(WebSeedFailureKind.Forbidden, (await FailAsync(url)).Kind);

    [Fact]
    public async Task A_local_network_is_asked_when_its_address_stands_in_the_url_without_a_query()
    {
        await using var server = new ScriptedTracker(Fine, FileServer.LocalNetwork);
        Assert.Null(await FetchAsync($"http://{server.EndPoint}/f", new Sink()));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.3")]
    [InlineData("169.254.169.254")]
    public async Task A_redirect_from_the_internet_never_leads_inwards(string victim)
    {
        await using var inside = new ScriptedTracker(Fine, victim.StartsWith("127", StringComparison.Ordinal) ? IPAddress.Parse(victim) : IPAddress.Loopback);
        await using var server = new ScriptedTracker(ScriptedTracker.Redirect($"http://{victim}:{inside.EndPoint.Port}/f"), FileServer.Internet);
        Assert.Equal(WebSeedFailureKind.Forbidden, (await FailAsync($"http://{server.EndPoint}/f")).Kind);
        Assert.Empty(inside.Requests);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.3")]
    public async Task A_name_never_leads_inwards(string victim)
    {
        await using var inside = new ScriptedTracker(Fine, IPAddress.Parse(victim));
        Assert.Equal(WebSeedFailureKind.Forbidden, (await FailAsync($"http://inside.example:{inside.EndPoint.Port}/f", Resolving(victim))).Kind);
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task A_name_that_flips_between_two_requests_leads_nowhere_new()
    {
        await using var inside = new ScriptedTracker(Fine);
        await using var server = new ScriptedTracker(Fine, FileServer.Internet);
        int asked = 0;
        WebSeedClientOptions options = FileServer.World with
        {
            Resolve = (_, _) => Task.FromResult<IPAddress[]>([asked++ == 0 ? FileServer.Internet : IPAddress.Loopback]),
        };
        using var connection = new WebSeedConnection(options, new TransferBufferPool());
        var request = new WebSeedRequest(0, new Uri($"http://flip.example:{server.EndPoint.Port}/f"), 500, Wanted, 10_000);
        Assert.Null(await connection.FetchAsync(1, request, new Sink(connection), CancellationToken.None));
        Assert.Equal(WebSeedFailureKind.Forbidden, (await connection.FetchAsync(2, request, new Sink(connection), CancellationToken.None))!.Kind);
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task Of_several_addresses_of_a_name_only_global_ones_are_tried()
    {
        await using var server = new ScriptedTracker(Fine, FileServer.Internet);
        Assert.Null(await FetchAsync($"http://mixed.example:{server.EndPoint.Port}/f", new Sink(), Resolving("127.0.0.1", "127.0.0.3", "127.0.0.2")));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Few_redirects_are_followed()
    {
        ScriptedTracker? server = null;
        await using (server = new ScriptedTracker((_, stream, token) => stream.WriteAsync(Encoding.ASCII.GetBytes(ScriptedTracker.Redirect($"http://{server!.EndPoint}/again")), token).AsTask(), FileServer.Internet))
        {
            Assert.Equal(WebSeedFailureKind.Forbidden, (await FailAsync($"http://{server.EndPoint}/f")).Kind);
            Assert.Equal(4, server.Requests.Count);
        }
    }

    [Fact]
    public async Task A_password_is_for_its_own_origin()
    {
        await using var other = new ScriptedTracker(Fine, FileServer.Internet);
        await using var server = new ScriptedTracker(ScriptedTracker.Redirect($"http://{other.EndPoint}/g"), FileServer.Internet);
        Assert.Null(await FetchAsync($"http://user:secret@{server.EndPoint}/f", new Sink()));
        Assert.Contains("Authorization: Basic dXNlcjpzZWNyZXQ=", server.Requests.Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", other.Requests.Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://127.0.0.2/f")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://127.0.0.2/")]
    public async Task A_redirect_to_another_scheme_is_refused(string target)
    {
        await using var server = new ScriptedTracker(ScriptedTracker.Redirect(target), FileServer.Internet);
        Assert.Equal(WebSeedFailureKind.Forbidden, (await FailAsync($"http://{server.EndPoint}/f")).Kind);
    }

    [Fact]
    public async Task A_retry_after_is_read()
    {
        await using var server = new ScriptedTracker("HTTP/1.1 503 Busy\r\nRetry-After: 77\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", FileServer.Internet);
        WebSeedFailure failure = await FailAsync($"http://{server.EndPoint}/f");
        Assert.Equal((WebSeedFailureKind.Busy, TimeSpan.FromSeconds(77)), (failure.Kind, failure.RetryAfter));
    }

    private static WebSeedClientOptions Resolving(params string[] addresses) =>
        FileServer.World with { Resolve = (_, _) => Task.FromResult<IPAddress[]>([.. addresses.Select(IPAddress.Parse)]) };

    private static async Task<WebSeedFailure> FailAsync(string url, WebSeedClientOptions? options = null)
    {
        var sink = new Sink();
        WebSeedFailure? failure = await FetchAsync(url, sink, options);
        Assert.NotNull(failure);
        Assert.Equal(0, sink.Bytes);
        return failure;
    }

    private static async Task<WebSeedFailure?> FetchAsync(string url, Sink sink, WebSeedClientOptions? options = null)
    {
        using var connection = new WebSeedConnection(options ?? FileServer.World, new TransferBufferPool());
        sink.Connection = connection;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await connection.FetchAsync(1, new WebSeedRequest(0, new Uri(url), 500, Wanted, 10_000), sink, limit.Token);
    }

    private sealed class Sink(WebSeedConnection? connection = null) : IWebSeedOwner
    {
        public WebSeedConnection? Connection { get; set; } = connection;

        public int Bytes { get; private set; }

        public void OnReceived(int request, TransferBuffer buffer)
        {
            Bytes += buffer.Length;
            Connection!.Release(buffer);
        }
    }
}
