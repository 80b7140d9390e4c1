using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Tests.Sessions;

namespace Compeer.Tests.Api;

/// <summary>The API as programs use it, against a real server.</summary>
public sealed class TorrentApiTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly LiveNode _node = new();

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task An_addition_is_made_once_and_survives_a_restart()
    {
        var addition = new { link = $"magnet:?xt=urn:btih:{new string('b', 40)}&dn=a%20name", labels = new[] { "one", " one ", "two" }, paused = true, directory = Path.Combine(_node.Root, "elsewhere") };
        Assert.Equal(HttpStatusCode.Created, (await _node.Owner.PostAsJsonAsync("/api/v1/torrents", addition)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _node.Owner.PostAsJsonAsync("/api/v1/torrents", addition)).StatusCode);
        JsonElement before = await OneAsync();
        Assert.Equal(["one", "two"], before.GetProperty("labels").EnumerateArray().Select(l => l.GetString()!));

        await _node.StopAsync();
        await _node.StartAsync();
        JsonElement after = await OneAsync();
        foreach (string field in (string[])["id", "name", "labels", "addedAt", "directory"])
            Assert.Equal(before.GetProperty(field).ToString(), after.GetProperty(field).ToString());
    }

    [Fact]
    public async Task What_is_shared_is_made_checked_listed_and_served_in_ranges()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_node.Root, "share", "film")).FullName;
        byte[] bytes = new byte[300_000];
        new Random(1).NextBytes(bytes);
        await File.WriteAllBytesAsync(Path.Combine(folder, "a.mp4"), bytes);
        await File.WriteAllTextAsync(Path.Combine(folder, "page.html"), "<script>alert(1)</script>");
        string id = await ShareAsync(folder);
        await UntilAsync(id, t => t.GetProperty("state").GetString() == "seeding");

        JsonElement files = await _node.Owner.GetFromJsonAsync<JsonElement>($"/api/v1/torrents/{id}/files");
        JsonElement film = files.GetProperty("items").EnumerateArray().Single(f => f.GetProperty("path").GetString() == "film/a.mp4");
        Assert.Equal("video/mp4", film.GetProperty("mediaType").GetString());
        Assert.Equal(bytes.Length, film.GetProperty("verified").GetInt64());
        JsonElement pieces = await _node.Owner.GetFromJsonAsync<JsonElement>($"/api/v1/torrents/{id}/pieces");
        Assert.Equal(pieces.GetProperty("count").GetInt32(), pieces.GetProperty("states").GetBytesFromBase64().Count(s => s == 4));

        string content = $"/api/v1/torrents/{id}/files/{film.GetProperty("index").GetInt32()}/content";
        using var range = new HttpRequestMessage(HttpMethod.Get, content) { Headers = { Range = new RangeHeaderValue(100_000, 200_000) } };
        using HttpResponseMessage part = await _node.Owner.SendAsync(range);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(bytes[100_000..200_001], await part.Content.ReadAsByteArrayAsync());
        Assert.Equal(bytes, await _node.Owner.GetByteArrayAsync(content));

        JsonElement page = files.GetProperty("items").EnumerateArray().Single(f => f.GetProperty("path").GetString() == "film/page.html");
        using HttpResponseMessage hostile = await _node.Owner.GetAsync($"/api/v1/torrents/{id}/files/{page.GetProperty("index").GetInt32()}/content");
        Assert.Equal("application/octet-stream", hostile.Content.Headers.ContentType?.MediaType);
        Assert.Contains("sandbox", hostile.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", hostile.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task Who_took_how_much_is_known_after_a_restart()
    {
        string path = Path.Combine(_node.Root, "gift.bin");
        await File.WriteAllBytesAsync(path, new byte[300_000]);
        string id = await ShareAsync(path);
        await UntilAsync(id, t => t.GetProperty("state").GetString() == "seeding");
        int port = (await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/network")).GetProperty("port").GetInt32();
        await using (var swarm = new TestSwarm())
        {
            TorrentClient guest = swarm.Start("guest");
            Torrent fetching = guest.Add(new TorrentSettings
            {
                Directory = swarm.Folder["guest"], InfoHashes = new(Sha1Hash.TryParseHex(id, out Sha1Hash v1) ? v1 : null, null), Peers = [new IPEndPoint(IPAddress.Loopback, port)],
            });
            await TestSwarm.UntilCompleteAsync(fetching);
        }
        JsonElement taker = await TakerAsync(t => t.GetProperty("secondsSinceLeft").ValueKind == JsonValueKind.Number);
        Assert.Equal(("127.0.0.1", 300_000L), (taker.GetProperty("address").GetString(), taker.GetProperty("uploaded").GetInt64()));
        await UntilAsync(id, t => t.GetProperty("uploaded").GetInt64() == 300_000);

        await _node.StopAsync();
        await _node.StartAsync();
        JsonElement after = await TakerAsync(_ => true);
        foreach (string field in (string[])["address", "client", "uploaded"])
            Assert.Equal(taker.GetProperty(field).ToString(), after.GetProperty(field).ToString());

        Task<JsonElement> TakerAsync(Func<JsonElement, bool> fits) => UntilAsync(async () =>
        {
            using HttpClient owner = _node.Client(_node.Host.Token);
            return (await owner.GetFromJsonAsync<JsonElement>($"/api/v1/torrents/{id}/takers")).GetProperty("items").EnumerateArray().SingleOrDefault();
        }, t => t.ValueKind == JsonValueKind.Object && fits(t));
    }

    [Fact]
    public async Task A_link_to_a_file_opens_that_file_and_nothing_else()
    {
        string path = Path.Combine(_node.Root, "note.txt");
        await File.WriteAllTextAsync(path, "hello");
        string id = await ShareAsync(path);
        await UntilAsync(id, t => t.GetProperty("state").GetString() == "seeding");
        using HttpResponseMessage made = await _node.Owner.PostAsJsonAsync($"/api/v1/torrents/{id}/files/0/link", new { });
        var url = new Uri((await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("url").GetString()!);

        Assert.Equal("hello", await _node.Stranger.GetStringAsync(url));
        Assert.Equal(HttpStatusCode.Unauthorized, (await _node.Stranger.GetAsync($"/api/v1/torrents/{id}/files/1/content{url.Query}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _node.Stranger.GetAsync($"/api/v1/torrents{url.Query}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _node.Stranger.GetAsync(url.AbsolutePath + "?key=99999999999-" + new string('0', 64))).StatusCode);
    }

    [Fact]
    public async Task A_list_is_filtered_sorted_paged_and_sent_once()
    {
        foreach (char digit in "123")
            await _node.AddAsync(digit);
        JsonElement page = await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/torrents?sort=addedAt&order=desc&offset=1&limit=1");
        Assert.Equal(3, page.GetProperty("total").GetInt32());
        Assert.Equal(new string('2', 40), page.GetProperty("items")[0].GetProperty("id").GetString());
        Assert.Equal(0, (await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/torrents?state=seeding")).GetProperty("total").GetInt32());
        Assert.Equal(HttpStatusCode.BadRequest, (await _node.Owner.GetAsync("/api/v1/torrents?sort=luck")).StatusCode);

        await _node.Owner.PostAsJsonAsync("/api/v1/torrents/actions", new { action = "pause", ids = (string[])[new string('1', 40), new string('2', 40), new string('3', 40)] });
        await UntilAsync(new string('3', 40), t => t.GetProperty("state").GetString() == "paused");
        using HttpResponseMessage first = await _node.Owner.GetAsync("/api/v1/torrents?search=some");
        using var again = new HttpRequestMessage(HttpMethod.Get, "/api/v1/torrents?search=some") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await _node.Owner.SendAsync(again)).StatusCode);
    }

    [Fact]
    public async Task Who_listens_hears_of_additions_and_removals()
    {
        using var limit = new CancellationTokenSource(Limit);
        using HttpResponseMessage stream = await _node.Owner.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead, limit.Token);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(limit.Token));
        string id = await _node.AddAsync();
        await ReadUntilAsync(reader, line => line.StartsWith("data: {\"changed\"", StringComparison.Ordinal) && line.Contains(id, StringComparison.Ordinal), limit.Token);
        await _node.Owner.DeleteAsync($"/api/v1/torrents/{id}");
        await ReadUntilAsync(reader, line => line.Contains($"\"removed\":[\"{id}\"]", StringComparison.Ordinal), limit.Token);
    }

    [Fact]
    public async Task Limits_and_settings_are_kept_and_a_flag_beats_them()
    {
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync("/api/v1/limits", """{"up":1000,"alternate":{"up":5,"down":6,"enabled":true}}""")).StatusCode);
        JsonElement limits = await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/limits");
        Assert.Equal(1000, limits.GetProperty("up").GetInt64());
        Assert.Equal(5, limits.GetProperty("active").GetProperty("up").GetInt64());
        Assert.Equal(HttpStatusCode.Conflict, (await PatchAsync("/api/v1/settings", """{"dht":true}""")).StatusCode);
        using HttpResponseMessage wrong = await PatchAsync("/api/v1/settings", """{"limit-up":"fast","limit-down":7}""");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.True((await wrong.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("limit-up", out _));
        Assert.Equal(0, (await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/limits")).GetProperty("down").GetInt64());
    }

    [Fact]
    public async Task The_api_describes_itself_its_health_and_its_figures()
    {
        JsonElement document = await _node.Stranger.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        Assert.True(document.GetProperty("paths").TryGetProperty("/api/v1/torrents/{id}/files", out JsonElement files));
        Assert.True(files.TryGetProperty("patch", out _));
        Assert.Contains("ok", await _node.Stranger.GetStringAsync("/health"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _node.Stranger.GetAsync("/metrics")).StatusCode);
        Assert.Contains("compeer_torrents{state=\"paused\"} 0", await _node.Owner.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Contains("runs; API and page at", await _node.Owner.GetStringAsync("/api/v1/log"), StringComparison.Ordinal);
        Assert.Equal("off", (await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/network")).GetProperty("portMapping").GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("GET", "torrents?search=a&limit=x", "limit=x")]
    [InlineData("GET", "torrents?offset=99999999999", "offset=99999999999")]
    [InlineData("GET", "log?tail=x", "tail=x")]
    [InlineData("DELETE", "torrents/a?data=maybe", "data=maybe")]
    public async Task A_value_of_the_query_that_cannot_be_read_is_named(string method, string path, string named)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path);
        using HttpResponseMessage refused = await _node.Owner.SendAsync(request);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (refused.StatusCode, refused.Content.Headers.ContentType?.MediaType));
        JsonElement problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Contains($": {named} is not", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Kinds are words, and names in camel case, also in the document: what is not described to the generator would be numbers.</summary>
    [Fact]
    public async Task Kinds_are_words_and_names_in_camel_case()
    {
        Assert.Equal("""{"scopes":["read","add","admin"],"passwordSet":false}""", await _node.Owner.GetStringAsync("/api/v1/session"));
        string settings = await _node.Owner.GetStringAsync("/api/v1/settings");
        Assert.Contains("\"type\":\"path\"", settings, StringComparison.Ordinal);
        Assert.Contains("\"source\":\"flag\"", settings, StringComparison.Ordinal);
        Assert.Contains("\"level\":\"info\"", await _node.Owner.GetStringAsync("/api/v1/log"), StringComparison.Ordinal);
        JsonElement document = await _node.Stranger.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        string[] names = [.. document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).Where(o => o.Value.TryGetProperty("parameters", out _))
            .SelectMany(o => o.Value.GetProperty("parameters").EnumerateArray()).Select(p => p.GetProperty("name").GetString()!)];
        Assert.Contains("limit", names);
        Assert.All(names, name => Assert.True(char.IsAsciiLetterLower(name[0]), name));
        foreach (string kind in (string[])["Scope", "LogLevel", "OptionKind", "OptionSource", "FilePriority", "DhtContactState"])
            Assert.True(document.GetProperty("components").GetProperty("schemas").GetProperty(kind).TryGetProperty("enum", out _), kind);
    }

    [Fact]
    public async Task What_is_uploaded_gets_a_name_that_stays_in_its_folder()
    {
        using var content = new ByteArrayContent([1, 2, 3]) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        foreach (string name in (string[])["../x.bin", "..%2f..%2fx.bin", "%2e%2e", "a%00b", "x.bin", "x.bin"])
        {
            using HttpResponseMessage answer = await _node.Owner.PostAsync("/api/v1/uploads/" + name, content);
            if (answer.IsSuccessStatusCode)
            {
                string path = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("path").GetString()!;
                Assert.Equal(Path.Combine(_node.Root, "downloads"), Path.GetDirectoryName(Path.GetFullPath(path)));
                Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(path));
            }
        }
        Assert.True(File.Exists(Path.Combine(_node.Root, "downloads", "x 2.bin")));
        Assert.False(File.Exists(Path.Combine(_node.Root, "x.bin")));
    }

    private Task<HttpResponseMessage> PatchAsync(string path, string json) => _node.Owner.PatchAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    private async Task<JsonElement> OneAsync()
    {
        using HttpClient owner = _node.Client(_node.Host.Token);
        return (await owner.GetFromJsonAsync<JsonElement>("/api/v1/torrents")).GetProperty("items").EnumerateArray().Single();
    }

    private async Task<string> ShareAsync(string path)
    {
        using HttpResponseMessage begun = await _node.Owner.PostAsJsonAsync("/api/v1/create", new { path, format = "hybrid" });
        Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
        string job = (await begun.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("job").GetString()!;
        JsonElement state = await UntilAsync(() => _node.Owner.GetFromJsonAsync<JsonElement>($"/api/v1/jobs/{job}"), j => j.GetProperty("state").GetString() != "running");
        Assert.Equal("done", state.GetProperty("state").GetString());
        return state.GetProperty("torrent").GetString()!;
    }

    private Task<JsonElement> UntilAsync(string id, Func<JsonElement, bool> fits) => UntilAsync(async () =>
        (await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/torrents")).GetProperty("items").EnumerateArray().Single(t => t.GetProperty("id").GetString() == id), fits);

    private static async Task<JsonElement> UntilAsync(Func<Task<JsonElement>> look, Func<JsonElement, bool> fits)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            JsonElement seen = await look();
            if (fits(seen))
                return seen;
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, seen.ToString());
            await Task.Delay(50);
        }
    }

    private static async Task ReadUntilAsync(StreamReader reader, Func<string, bool> fits, CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (fits(line))
                return;
        }
        Assert.Fail("The stream ended.");
    }
}
