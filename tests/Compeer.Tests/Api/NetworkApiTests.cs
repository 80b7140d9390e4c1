using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Compeer.Tests.Api;

/// <summary>What the API says of the node's place in the network, and the tracker that the node runs for others.</summary>
public sealed class NetworkApiTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly LiveNode _node = new();

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task The_tracker_is_off_until_it_is_switched_on_answers_then_and_is_remembered()
    {
        JsonElement tracker = await UntilAsync(_node.Owner, t => !t.GetProperty("enabled").GetBoolean());
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (tracker.GetProperty("http").ValueKind, tracker.GetProperty("udp").ValueKind));
        await ChangeAsync("""{"tracker-http":"127.0.0.1:0","tracker-udp":"127.0.0.1:0","tracker":true}""");
        tracker = await UntilAsync(_node.Owner, t => t.GetProperty("http").ValueKind == JsonValueKind.String);
        Assert.Matches(@"^udp://127\.0\.0\.1:[0-9]+/announce$", tracker.GetProperty("udp").GetString());
        using var peer = new HttpClient();
        byte[] answer = await peer.GetByteArrayAsync(tracker.GetProperty("http").GetString() + $"?info_hash={string.Concat(Enumerable.Repeat("%61", 20))}&peer_id=-XX0001-abcdefghijkl&port=7000&uploaded=0&downloaded=0&left=5");
        Assert.Equal((byte)'d', answer[0]);
        tracker = await UntilAsync(_node.Owner, t => t.GetProperty("peers").GetInt32() == 1);
        Assert.Equal(1, tracker.GetProperty("swarms").GetInt32());

        await _node.StopAsync();
        await _node.StartAsync();
        using HttpClient owner = _node.Client(_node.Host.Token);
        await UntilAsync(owner, t => t.GetProperty("http").ValueKind == JsonValueKind.String);
        using HttpResponseMessage off = await owner.PatchAsJsonAsync("/api/v1/settings", new Dictionary<string, object> { ["tracker"] = false });
        Assert.Equal(HttpStatusCode.OK, off.StatusCode);
        await UntilAsync(owner, t => t.GetProperty("http").ValueKind == JsonValueKind.Null && !t.GetProperty("enabled").GetBoolean());
    }

    [Fact]
    public async Task A_tracker_that_cannot_listen_says_why_and_what_to_do()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await ChangeAsync($$"""{"tracker-http":"{{taken.LocalEndpoint}}","tracker-udp":"","tracker":true}""");
        JsonElement tracker = await UntilAsync(_node.Owner, t => t.GetProperty("words").GetString()!.Contains("cannot listen", StringComparison.Ordinal));
        Assert.Contains("another address", tracker.GetProperty("words").GetString(), StringComparison.Ordinal);
        await ChangeAsync("""{"tracker-http":"127.0.0.1:0"}""");
        await UntilAsync(_node.Owner, t => t.GetProperty("http").ValueKind == JsonValueKind.String);
        await ChangeAsync("""{"tracker-http":""}""");
        await UntilAsync(_node.Owner, t => t.GetProperty("words").GetString()!.Contains("no address", StringComparison.Ordinal));
        using HttpResponseMessage refused = await PatchAsync("""{"tracker-http":"somewhere"}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Behind_a_proxy_no_tracker_answers_past_it()
    {
        await _node.StopAsync();
        _node.Proxy = "socks5://127.0.0.1:9";
        await _node.StartAsync();
        using HttpClient owner = _node.Client(_node.Host.Token);
        using HttpResponseMessage on = await owner.PatchAsJsonAsync("/api/v1/settings", new Dictionary<string, object> { ["tracker"] = true, ["tracker-http"] = "127.0.0.1:0" });
        Assert.Equal(HttpStatusCode.OK, on.StatusCode);
        JsonElement tracker = await UntilAsync(owner, t => t.GetProperty("words").GetString()!.Contains("proxy", StringComparison.Ordinal));
        Assert.Equal((true, JsonValueKind.Null), (tracker.GetProperty("enabled").GetBoolean(), tracker.GetProperty("http").ValueKind));
    }

    [Fact]
    public async Task Without_the_DHT_its_table_is_empty() =>
        Assert.Empty((await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/network/dht")).GetProperty("families").EnumerateArray());

    private async Task ChangeAsync(string json)
    {
        using HttpResponseMessage changed = await PatchAsync(json);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync());
    }

    private Task<HttpResponseMessage> PatchAsync(string json) => _node.Owner.PatchAsync("/api/v1/settings", new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    private static async Task<JsonElement> UntilAsync(HttpClient owner, Predicate<JsonElement> fits)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            JsonElement tracker = (await owner.GetFromJsonAsync<JsonElement>("/api/v1/network")).GetProperty("tracker");
            if (fits(tracker))
                return tracker;
            Assert.False(limit.IsCancellationRequested, tracker.ToString());
            await Task.Delay(50);
        }
    }
}
