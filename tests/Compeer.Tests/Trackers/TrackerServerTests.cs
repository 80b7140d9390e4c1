using System.Net;
using System.Net.Sockets;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Network.Trackers;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>Our client and our tracker over real sockets on loopback.</summary>
public class TrackerServerTests
{
    private static readonly Sha1Hash Swarm = TrackerSamples.Hash(5);

    [Theory]
    [InlineData("http", "127.0.0.1")]
    [InlineData("http", "[::1]")]
    [InlineData("udp", "127.0.0.1")]
    [InlineData("udp", "[::1]")]
    public async Task Peers_find_each_other_and_are_counted(string scheme, string host)
    {
        await using TrackerServer server = await StartAsync();
        using var client = new TrackerClient(new TrackerClientOptions());
        Uri url = UrlOf(server, scheme, host);
        IPAddress address = IPAddress.Parse(host);

        AnnounceResult seed = await client.AnnounceAsync(url, TrackerSamples.Request(Swarm, 1001, AnnounceEvent.Started, left: 0), CancellationToken.None);
        Assert.Empty(seed.Response!.Peers);
        AnnounceResult leecher = await client.AnnounceAsync(url, TrackerSamples.Request(Swarm, 1002, AnnounceEvent.Started), CancellationToken.None);
        Assert.Equal(new IPEndPoint(address, 1001), Assert.Single(leecher.Response!.Peers));
        Assert.Equal((1, 1, 1800.0), (leecher.Response.Seeders, leecher.Response.Leechers, leecher.Response.Interval!.Value.TotalSeconds));
        if (scheme == "http")
            Assert.Equal(address, leecher.Response.ExternalAddress);
        await client.AnnounceAsync(url, TrackerSamples.Request(Swarm, 1002, AnnounceEvent.Completed, left: 0), CancellationToken.None);

        ScrapeResult scrape = await client.ScrapeAsync(url, [Swarm, TrackerSamples.Hash(6)], CancellationToken.None);
        Assert.Equal(new SwarmCounts(2, 0, 1), scrape.Swarms![Swarm]);

        await client.AnnounceAsync(url, TrackerSamples.Request(Swarm, 1001, AnnounceEvent.Stopped, left: 0), CancellationToken.None);
        await client.AnnounceAsync(url, TrackerSamples.Request(Swarm, 1002, AnnounceEvent.Stopped, left: 0), CancellationToken.None);
        TrackerServerStatus status = server.Status;
        Assert.Equal((0, 0, 5L, 1L, 0L), (status.Swarms, status.Peers, status.HttpAnnounces + status.UdpAnnounces, status.Scrapes, status.Rejected));
    }

    [Fact]
    public async Task Http_and_udp_share_their_swarms()
    {
        await using TrackerServer server = await StartAsync();
        using var client = new TrackerClient(new TrackerClientOptions());
        await client.AnnounceAsync(UrlOf(server, "http", "127.0.0.1"), TrackerSamples.Request(Swarm, 1001), CancellationToken.None);
        AnnounceResult result = await client.AnnounceAsync(UrlOf(server, "udp", "127.0.0.1"), TrackerSamples.Request(Swarm, 1002), CancellationToken.None);
        Assert.Equal(1001, Assert.Single(result.Response!.Peers).Port);
    }

    [Fact]
    public async Task A_host_with_both_families_is_told_over_both()
    {
        await using TrackerServer server = await TrackerServer.StartAsync(
            new TrackerServerOptions { Http = [new IPEndPoint(IPAddress.IPv6Any, 0)] }, CancellationToken.None);
        using var client = new TrackerClient(new TrackerClientOptions { Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.IPv6Loopback]) });
        var url = new Uri($"http://both.example:{server.HttpEndPoints[0].Port}/announce");
        await client.AnnounceAsync(url, TrackerSamples.Request(Swarm, 1001), CancellationToken.None);
        AnnounceResult second = await client.AnnounceAsync(url, TrackerSamples.Request(Swarm, 1002), CancellationToken.None);
        Assert.Equal(["127.0.0.1:1001", "[::1]:1001"], second.Response!.Peers.Select(p => p.ToString()).Order());
        Assert.Equal(4, server.Status.Peers);
    }

    [Fact]
    public async Task Peers_as_dictionaries_on_request()
    {
        await using TrackerServer server = await StartAsync();
        using var client = new TrackerClient(new TrackerClientOptions());
        await client.AnnounceAsync(UrlOf(server, "http", "127.0.0.1"), TrackerSamples.Request(Swarm, 1001), CancellationToken.None);
        string target = HttpAnnounceCodec.BuildUri(new Uri("http://x/announce"), TrackerSamples.Request(Swarm, 1002)).PathAndQuery.Replace("compact=1", "compact=0", StringComparison.Ordinal);
        string answer = await RawAsync(server, $"GET {target} HTTP/1.0\r\n\r\n");
        Assert.Contains("5:peersld2:ip9:127.0.0.14:porti1001eee", answer, StringComparison.Ordinal);
        Assert.Equal("127.0.0.1:1001", HttpAnnounceCodec.ReadResponse(TrackerSamples.Ascii(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])).Response!.Peers.Single().ToString());
    }

    [Theory]
    [InlineData("other path", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404")]
    [InlineData("path tricks", "GET /announce/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404")]
    [InlineData("post", "POST /announce HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "405")]
    [InlineData("no parameters", "GET /announce HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "info_hash is missing.")]
    [InlineData("empty scrape", "GET /scrape HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "Name at least one info_hash.")]
    [InlineData("no HTTP", "hello\r\n\r\n", "400")]
    public async Task Bad_requests_get_an_answer(string name, string request, string expected)
    {
        await using TrackerServer server = await StartAsync();
        string answer = await RawAsync(server, request);
        Assert.True(answer.Contains(expected, StringComparison.Ordinal), $"{name}: {answer}");
    }

    [Theory]
    [InlineData("long line", 0)]
    [InlineData("long header", 1)]
    [InlineData("many headers", 2)]
    [InlineData("a body", 3)]
    public async Task Oversized_requests_are_cut_off(string name, int kind)
    {
        await using TrackerServer server = await StartAsync();
        string request = kind switch
        {
            0 => $"GET /announce?{new string('x', 100_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            1 => $"GET /announce HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {new string('x', 100_000)}\r\n\r\n",
            2 => $"GET /announce HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{string.Concat(Enumerable.Range(0, 100).Select(i => $"X{i}: y\r\n"))}\r\n",
            _ => $"POST /announce HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n{new string('x', 1_000_000)}",
        };
        string answer = await RawAsync(server, request);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), $"{name}: {answer}");
        using var client = new TrackerClient(new TrackerClientOptions());
        Assert.True((await client.AnnounceAsync(UrlOf(server, "http", "127.0.0.1"), TrackerSamples.Request(), CancellationToken.None)).IsSuccess);
    }

    [Fact]
    public async Task One_address_cannot_take_all_connections_and_a_slow_one_is_dropped()
    {
        await using TrackerServer server = await TrackerServer.StartAsync(
            new TrackerServerOptions { Http = [new IPEndPoint(IPAddress.Loopback, 0)], MaxConnectionsPerAddress = 3, RequestTimeout = TimeSpan.FromSeconds(4) }, CancellationToken.None);
        var slow = new List<TcpClient>();
        for (int i = 0; i < 3; i++)
        {
            slow.Add(new TcpClient());
            await slow[i].ConnectAsync(server.HttpEndPoints[0]);
            await slow[i].GetStream().WriteAsync("GET /ann"u8.ToArray());
        }
        Assert.Equal("", await RawAsync(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        foreach (TcpClient client in slow)
        {
            using (client)
                Assert.StartsWith("HTTP/1.1 408", await ReadAllAsync(client.GetStream()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Udp_noise_is_ignored_and_answers_come_from_the_asked_socket_only()
    {
        await using TrackerServer server = await StartAsync();
        using var socket = new UdpClient(AddressFamily.InterNetwork);
        socket.Connect(server.UdpEndPoints[0]);
        for (int length = 0; length < 120; length++)
            await socket.SendAsync(new byte[length]);
        using var client = new TrackerClient(new TrackerClientOptions());
        Assert.True((await client.AnnounceAsync(UrlOf(server, "udp", "127.0.0.1"), TrackerSamples.Request(), CancellationToken.None)).IsSuccess);
        Assert.Equal(120, server.Status.Rejected);
    }

    [Fact]
    public async Task A_forged_udp_answer_from_another_address_is_not_taken()
    {
        using var tracker = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        using var forger = new UdpClient(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        using var client = new TrackerClient(new TrackerClientOptions());
        Task<AnnounceResult> asking = client.AnnounceAsync(new Uri($"udp://{tracker.Client.LocalEndPoint}"), TrackerSamples.Request(), CancellationToken.None);
        for (int step = 0; step < 2; step++)
        {
            UdpReceiveResult question = await tracker.ReceiveAsync();
            byte[] answer = new byte[26];
            bool isConnect = question.Buffer.Length == 16;
            UdpTrackerCodec.WriteResponseHeader(answer, isConnect ? UdpTrackerAction.Connect : UdpTrackerAction.Announce, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(question.Buffer.AsSpan(12)));
            new byte[] { 6, 6, 6, 6, 0, 80 }.CopyTo(answer, 20);
            await forger.SendAsync(answer, question.RemoteEndPoint);
            new byte[] { 10, 0, 0, 1, 0, 80 }.CopyTo(answer, 20);
            await tracker.SendAsync(answer, question.RemoteEndPoint);
        }
        Assert.Equal("10.0.0.1:80", Assert.Single((await asking).Response!.Peers).ToString());
    }

    [Fact]
    public async Task A_udp_tracker_that_is_not_there_or_silent_ends_in_a_failure()
    {
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var options = new TrackerClientOptions { Udp = new UdpTrackerSessionOptions { FirstTimeout = TimeSpan.FromMilliseconds(100), MaxRepetitions = 1 } };
        using var client = new TrackerClient(options);
        AnnounceResult result = await client.AnnounceAsync(new Uri($"udp://{silent.Client.LocalEndPoint}"), TrackerSamples.Request(), CancellationToken.None);
        Assert.Equal(TrackerFailureKind.Timeout, result.Failure!.Kind);
        var gone = new Uri($"udp://{silent.Client.LocalEndPoint}");
        silent.Dispose();
        Assert.Equal(TrackerFailureKind.Unreachable, (await client.AnnounceAsync(gone, TrackerSamples.Request(), CancellationToken.None)).Failure!.Kind);
    }

    [Fact]
    public async Task A_taken_address_is_named()
    {
        await using TrackerServer first = await StartAsync();
        IOException udp = await Assert.ThrowsAsync<IOException>(() => TrackerServer.StartAsync(new TrackerServerOptions { Udp = [first.UdpEndPoints[0]] }, CancellationToken.None));
        Assert.Contains(first.UdpEndPoints[0].ToString(), udp.Message, StringComparison.Ordinal);
        IOException http = await Assert.ThrowsAsync<IOException>(() => TrackerServer.StartAsync(new TrackerServerOptions { Http = [first.HttpEndPoints[0]] }, CancellationToken.None));
        Assert.Contains("another program uses that address and port", http.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_idle_clients()
    {
        TrackerServer server = await StartAsync();
        using var idle = new TcpClient();
        await idle.ConnectAsync(server.HttpEndPoints[0]);
        await idle.GetStream().WriteAsync("GET /"u8.ToArray());
        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(5));
    }

    private static Task<TrackerServer> StartAsync() => TrackerServer.StartAsync(
        new TrackerServerOptions
        {
            Http = [new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.IPv6Loopback, 0)],
            Udp = [new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.IPv6Loopback, 0)],
        },
        CancellationToken.None);

    private static Uri UrlOf(TrackerServer server, string scheme, string host)
    {
        IReadOnlyList<IPEndPoint> all = scheme == "http" ? server.HttpEndPoints : server.UdpEndPoints;
        return new Uri($"{scheme}://{all.Single(e => e.Address.Equals(IPAddress.Parse(host)))}/announce");
    }

    private static async Task<string> RawAsync(TrackerServer server, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.HttpEndPoints[0]);
        NetworkStream stream = client.GetStream();
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Cut off while still sending: what the server said before is what counts.
        }
        return await ReadAllAsync(stream);
    }

    private static async Task<string> ReadAllAsync(Stream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, limit.Token) is > 0 and int read)
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // Reset after the answer.
        }
        return text.ToString();
    }
}
