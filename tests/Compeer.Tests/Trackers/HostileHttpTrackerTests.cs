using System.IO.Compression;
using System.Net;
using System.Text;
using Compeer.Network.Trackers;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>HTTP trackers that mean harm: each ends in one clear failure, in bounded memory, with nobody else called.</summary>
public class HostileHttpTrackerTests
{
    private const string Fine = "d8:intervali1800e5:peers6:\u000a\0\0\u0001\u001a\u00e1e";

    /// <summary>127.0.0.2 stands for the Internet and 127.0.0.3 for a local network, so that rules can be tried on one machine.</summary>
    private static readonly TrackerClientOptions World = new()
    {
        HttpTimeout = TimeSpan.FromSeconds(20),
        Reach = address => address.ToString() switch
        {
            "127.0.0.2" => AddressReach.Global,
            "127.0.0.3" => AddressReach.Private,
            _ => AddressReaches.Of(address),
        },
    };

    private static readonly IPAddress Internet = IPAddress.Parse("127.0.0.2");
    private static readonly IPAddress LocalNetwork = IPAddress.Parse("127.0.0.3");

    [Fact]
    public async Task Ten_gigabytes_are_not_read()
    {
        long sent = 0;
        await using var tracker = new ScriptedTracker(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nd5:peers"u8.ToArray(), token);
            byte[] block = new byte[65536];
            for (; sent < 10L << 30; Interlocked.Add(ref sent, block.Length))
                await stream.WriteAsync(block, token);
        });
        TrackerFailure failure = await FailAsync(tracker.Url);
        Assert.Equal(TrackerFailureKind.TooLarge, failure.Kind);
        Assert.InRange(Interlocked.Read(ref sent), 0, 64 << 20);
    }

    [Fact]
    public async Task A_gzip_bomb_is_not_unpacked()
    {
        byte[] bomb = Compress(new byte[256 << 20]);
        await using var tracker = new ScriptedTracker(async (_, stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {bomb.Length}\r\n\r\n"), token);
            await stream.WriteAsync(bomb, token);
        });
        long before = GC.GetTotalAllocatedBytes();
        Assert.Equal(TrackerFailureKind.TooLarge, (await FailAsync(tracker.Url)).Kind);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 32 << 20);
    }

    [Fact]
    public async Task Compressed_answers_are_read()
    {
        byte[] body = Compress(TrackerSamples.Ascii(Fine));
        await using var tracker = new ScriptedTracker(async (_, stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {body.Length}\r\n\r\n"), token);
            await stream.WriteAsync(body, token);
        });
        Assert.Single((await AskAsync(tracker.Url)).Response!.Peers);
    }

    [Fact]
    public async Task A_redirect_from_the_internet_to_loopback_is_refused()
    {
        await using var victim = new ScriptedTracker(ScriptedTracker.Ok(Fine));
        await using var tracker = new ScriptedTracker(ScriptedTracker.Redirect($"http://{victim.EndPoint}/announce"), Internet);
        Assert.Equal(TrackerFailureKind.Forbidden, (await FailAsync(tracker.Url)).Kind);
        Assert.Empty(victim.Requests);
    }

    [Fact]
    public async Task A_redirect_from_the_internet_to_a_local_network_is_refused()
    {
        await using var victim = new ScriptedTracker(ScriptedTracker.Ok(Fine), LocalNetwork);
        await using var tracker = new ScriptedTracker(ScriptedTracker.Redirect($"http://{victim.EndPoint}/announce"), Internet);
        Assert.Equal(TrackerFailureKind.Forbidden, (await FailAsync(tracker.Url)).Kind);
        Assert.Empty(victim.Requests);
    }

    [Fact]
    public async Task A_redirect_through_a_name_to_loopback_is_refused()
    {
        await using var victim = new ScriptedTracker(ScriptedTracker.Ok(Fine));
        await using var tracker = new ScriptedTracker(ScriptedTracker.Redirect($"http://rebound.example:{victim.EndPoint.Port}/announce"), Internet);
        TrackerClientOptions options = World with { Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]) };
        Assert.Equal(TrackerFailureKind.Forbidden, (await FailAsync(tracker.Url, options)).Kind);
        Assert.Empty(victim.Requests);
    }

    [Fact]
    public async Task A_redirect_outwards_or_sideways_is_followed()
    {
        await using var last = new ScriptedTracker(ScriptedTracker.Ok(Fine), Internet);
        await using var first = new ScriptedTracker(ScriptedTracker.Redirect(last.Url.AbsoluteUri, 307), LocalNetwork);
        Assert.True((await AskAsync(first.Url)).IsSuccess);
        Assert.Single(last.Requests);
    }

    [Fact]
    public async Task Another_path_on_this_machine_is_not_asked()
    {
        await using var service = new ScriptedTracker(ScriptedTracker.Ok(Fine));
        foreach (string path in (string[])["", "shutdown", "announce/../admin", "announce.php", "Announce"])
            Assert.Equal(TrackerFailureKind.Forbidden, (await FailAsync(new Uri($"http://{service.EndPoint}/{path}"))).Kind);
        await using var redirecting = new ScriptedTracker(ScriptedTracker.Redirect($"http://{service.EndPoint}/shutdown"));
        Assert.Equal(TrackerFailureKind.Forbidden, (await FailAsync(redirecting.Url)).Kind);
        Assert.Empty(service.Requests);
    }

    [Fact]
    public async Task A_redirect_loop_ends()
    {
        await using var tracker = new ScriptedTracker(ScriptedTracker.Redirect("/announce"));
        Assert.Equal(TrackerFailureKind.Forbidden, (await FailAsync(tracker.Url)).Kind);
        Assert.Equal(4, tracker.Requests.Count);
    }

    [Theory]
    [InlineData("file", "file:///etc/passwd")]
    [InlineData("ftp", "ftp://127.0.0.1/announce")]
    [InlineData("udp", "udp://127.0.0.1:1/announce")]
    [InlineData("port 0", "http://127.0.0.1:0/announce")]
    [InlineData("look-alike letters", "http://xn--trcker-7fg.example/announce")]
    public async Task A_redirect_to_what_is_no_http_tracker_is_refused(string name, string location)
    {
        await using var tracker = new ScriptedTracker(ScriptedTracker.Redirect(location));
        TrackerFailure failure = await FailAsync(tracker.Url);
        Assert.True(failure.Kind is TrackerFailureKind.Forbidden, $"{name}: {failure}");
    }

    [Fact]
    public async Task User_and_password_go_to_their_own_host_only()
    {
        await using var other = new ScriptedTracker(ScriptedTracker.Ok(Fine));
        await using var tracker = new ScriptedTracker(
            (head, stream, token) => stream.WriteAsync(TrackerSamples.Ascii(
                ScriptedTracker.Redirect(head.Contains("second", StringComparison.Ordinal) ? $"http://intruder:x@{other.EndPoint}/announce" : "/announce?second")), token).AsTask());
        Assert.True((await AskAsync(new Uri($"http://user:secret@{tracker.EndPoint}/announce"))).IsSuccess);
        string expected = $"Authorization: Basic {Convert.ToBase64String("user:secret"u8)}";
        Assert.Equal(2, tracker.Requests.Count);
        Assert.All(tracker.Requests, head => Assert.Contains(expected, head, StringComparison.Ordinal));
        Assert.DoesNotContain("Authorization", Assert.Single(other.Requests), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("endless header", TrackerFailureKind.Unreachable)]
    [InlineData("no HTTP", TrackerFailureKind.Unreachable)]
    [InlineData("closed without a word", TrackerFailureKind.Unreachable)]
    [InlineData("broken off", TrackerFailureKind.Unreachable)]
    [InlineData("silent", TrackerFailureKind.Timeout)]
    [InlineData("a byte now and then", TrackerFailureKind.Timeout)]
    [InlineData("not gzip", TrackerFailureKind.Malformed)]
    [InlineData("not found", TrackerFailureKind.HttpStatus)]
    [InlineData("refusal with status 400", TrackerFailureKind.Refused)]
    [InlineData("nested a million deep", TrackerFailureKind.Malformed)]
    public async Task Every_misbehaviour_has_its_failure(string name, TrackerFailureKind expected)
    {
        await using var tracker = new ScriptedTracker((_, stream, token) => MisbehaveAsync(name, stream, token));
        TrackerFailure failure = await FailAsync(tracker.Url, World with { HttpTimeout = TimeSpan.FromSeconds(expected == TrackerFailureKind.Timeout ? 1 : 20) });
        Assert.True(failure.Kind == expected, failure.ToString());
        Assert.EndsWith(".", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("scheme", "wss://tracker.example/announce", TrackerFailureKind.UnusableUrl)]
    [InlineData("scheme of files", "file:///etc/passwd", TrackerFailureKind.UnusableUrl)]
    [InlineData("port 0", "http://127.0.0.1:0/announce", TrackerFailureKind.UnusableUrl)]
    [InlineData("look-alike letters", "http://tr\u0430cker.example/announce", TrackerFailureKind.UnusableUrl)]
    [InlineData("unspecified address", "http://0.0.0.0:80/announce", TrackerFailureKind.Forbidden)]
    [InlineData("number for an address", "http://2130706433/status", TrackerFailureKind.Forbidden)]
    [InlineData("mapped loopback", "http://[::ffff:127.0.0.1]/status", TrackerFailureKind.Forbidden)]
    [InlineData("multicast", "udp://224.0.0.1:80/announce", TrackerFailureKind.Forbidden)]
    public async Task Addresses_that_may_not_be_asked_are_not(string name, string url, TrackerFailureKind expected)
    {
        TrackerFailure failure = await FailAsync(new Uri(url));
        Assert.True(failure.Kind == expected, $"{name}: {failure}");
    }

    [Fact]
    public async Task Nobody_listening_is_said_so()
    {
        await using var tracker = new ScriptedTracker("");
        Uri url = tracker.Url;
        await tracker.DisposeAsync();
        Assert.Contains("nothing listens there", (await FailAsync(url)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_ends_at_once()
    {
        await using var tracker = new ScriptedTracker((_, _, token) => Task.Delay(Timeout.Infinite, token));
        using var client = new TrackerClient(World);
        using var cancelling = new CancellationTokenSource();
        Task<AnnounceResult> asking = client.AnnounceAsync(tracker.Url, TrackerSamples.Request(), cancelling.Token);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    private static Task MisbehaveAsync(string name, Stream stream, CancellationToken token) => name switch
    {
        "endless header" => EndlessAsync(stream, "HTTP/1.1 200 OK\r\n", "X-Filler: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", token),
        "no HTTP" => WriteAsync(stream, "220 mail.example ESMTP\r\n\r\n", token),
        "closed without a word" => Task.CompletedTask,
        "broken off" => WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nd5:peers", token),
        "silent" => Task.Delay(Timeout.Infinite, token),
        "a byte now and then" => DripAsync(stream, token),
        "not gzip" => WriteAsync(stream, ScriptedTracker.Ok("this is not gzip data", "Content-Encoding: gzip\r\n"), token),
        "not found" => WriteAsync(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n<h1>404</", token),
        "refusal with status 400" => WriteAsync(stream, "HTTP/1.1 400 Bad Request\r\nContent-Length: 26\r\n\r\nd14:failure reason5:gone.e", token),
        "nested a million deep" => WriteAsync(stream, ScriptedTracker.Ok(new string('l', 1_000_000)), token),
        _ => throw new ArgumentException(name, nameof(name)),
    };

    private static async Task EndlessAsync(Stream stream, string first, string again, CancellationToken token)
    {
        await WriteAsync(stream, first, token);
        while (true)
            await WriteAsync(stream, again, token);
    }

    private static async Task DripAsync(Stream stream, CancellationToken token)
    {
        await WriteAsync(stream, "HTTP/1.1 200 OK\r\n\r\n", token);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync(token))
            await WriteAsync(stream, "d", token);
    }

    private static async Task WriteAsync(Stream stream, string text, CancellationToken token) => await stream.WriteAsync(TrackerSamples.Ascii(text), token);

    private static byte[] Compress(byte[] data)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
            gzip.Write(data);
        return output.ToArray();
    }

    private static async Task<AnnounceResult> AskAsync(Uri url, TrackerClientOptions? options = null)
    {
        using var client = new TrackerClient(options ?? World);
        return await client.AnnounceAsync(url, TrackerSamples.Request(), CancellationToken.None);
    }

    private static async Task<TrackerFailure> FailAsync(Uri url, TrackerClientOptions? options = null)
    {
        AnnounceResult result = await AskAsync(url, options);
        Assert.False(result.IsSuccess);
        return result.Failure;
    }
}
