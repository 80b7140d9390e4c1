using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Compeer.Content.Creation;
using Compeer.Formats.Torrents;
using Compeer.Node;
using Compeer.Node.Configuration;
using Compeer.Node.State;
using Compeer.Node.Torrents;

namespace Compeer.Tests.Api;

/// <summary>Torrents that come by themselves, and go elsewhere.</summary>
public sealed class IntakeApiTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly LiveNode _node = new();

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task What_is_put_into_a_watched_folder_is_added_once_and_the_rest_is_reported()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_node.Root, "watch")).FullName;
        byte[] torrent = await TorrentOfAsync("shared.bin");
        using HttpResponseMessage added = await _node.Owner.PostAsJsonAsync("/api/v1/watch-folders", new { path = folder, labels = new[] { "watched" }, paused = true, directory = Path.Combine(_node.Root, "to") });
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await _node.Owner.PostAsJsonAsync("/api/v1/watch-folders", new { path = folder + "/" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _node.Owner.PostAsJsonAsync("/api/v1/watch-folders", new { path = folder + "/nowhere" })).StatusCode);
        await _node.StopAsync();
        await _node.StartAsync();
        using HttpClient owner = _node.Client(_node.Host.Token);

        // Half of it first: nobody takes that.
        string file = Path.Combine(folder, "a.torrent");
        await using (var half = new FileStream(file, FileMode.CreateNew))
        {
            await half.WriteAsync(torrent.AsMemory(0, torrent.Length / 2));
            await half.FlushAsync();
            await UntilAsync(owner, w => w.GetProperty("lastChecked").ValueKind != JsonValueKind.Null);
            await half.WriteAsync(torrent.AsMemory(torrent.Length / 2));
        }
        await File.WriteAllTextAsync(Path.Combine(folder, "b.magnet"), $"magnet:?xt=urn:btih:{new string('c', 40)}&dn=linked\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "bad.torrent"), "this is none");
        JsonElement watched = await UntilAsync(owner, w => w.GetProperty("added").GetInt32() == 2 && w.GetProperty("problems").GetArrayLength() == 1);
        Assert.Equal("bad.torrent", watched.GetProperty("problems")[0].GetProperty("file").GetString());
        Assert.Equal(["a.torrent.added", "b.magnet.added", "bad.torrent.failed"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        JsonElement[] torrents = [.. (await owner.GetFromJsonAsync<JsonElement>("/api/v1/torrents?label=watched")).GetProperty("items").EnumerateArray()];
        Assert.Equal(["linked", "shared.bin"], torrents.Select(t => t.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));
        Assert.All(torrents, t => Assert.Equal(("paused", Path.Combine(_node.Root, "to")), (t.GetProperty("state").GetString(), t.GetProperty("directory").GetString())));
        Assert.Equal(HttpStatusCode.NoContent, (await owner.DeleteAsync($"/api/v1/watch-folders/{watched.GetProperty("id").GetString()}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.DeleteAsync($"/api/v1/watch-folders/{watched.GetProperty("id").GetString()}")).StatusCode);
    }

    [Fact]
    public async Task A_feed_is_kept_changed_and_asked_and_never_leads_to_this_machine()
    {
        var rules = new[] { new { match = "film*", exclude = "/trailer|clip/", labels = new[] { "films" } } };
        using HttpResponseMessage added = await _node.Owner.PostAsJsonAsync("/api/v1/feeds", new { url = $"{_node.Url}openapi/v1.json", rules });
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        string id = (await added.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        JsonElement feed = await FeedUntilAsync(f => f.GetProperty("error").ValueKind == JsonValueKind.String);
        Assert.Contains("nothing is fetched from 127.0.0.1", feed.GetProperty("error").GetString(), StringComparison.Ordinal);
        foreach (string wrong in (string[])["""{"rules":[{"match":"/(/"}]}""", """{"everyMinutes":1}""", """{"url":"file:///etc/passwd"}""", """{"rules":[{"match":"a","directory":"here"}]}"""])
            Assert.Equal(HttpStatusCode.BadRequest, (await PatchAsync($"/api/v1/feeds/{id}", wrong)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync($"/api/v1/feeds/{id}", """{"everyMinutes":60}""")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _node.Owner.PostAsync($"/api/v1/feeds/{id}/check", null)).StatusCode);
        Assert.Empty((await _node.Owner.GetFromJsonAsync<JsonElement>($"/api/v1/feeds/{id}/items")).GetProperty("items").EnumerateArray());
        feed = await FeedUntilAsync(_ => true);
        Assert.Equal((60, "film*"), (feed.GetProperty("everyMinutes").GetInt32(), feed.GetProperty("rules")[0].GetProperty("match").GetString()));
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Owner.DeleteAsync($"/api/v1/feeds/{id}")).StatusCode);
    }

    [Fact]
    public async Task A_patched_directory_moves_the_files_and_is_remembered()
    {
        byte[] torrent = await TorrentOfAsync("shared.bin");
        string source = Path.Combine(_node.Root, "source"), target = Path.Combine(_node.Root, "target");
        using var body = new ByteArrayContent(torrent) { Headers = { ContentType = new("application/x-bittorrent") } };
        using HttpResponseMessage added = await _node.Owner.PostAsync($"/api/v1/torrents?directory={Uri.EscapeDataString(source)}", body);
        string id = (await added.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        await TorrentUntilAsync(_node.Owner, id, t => t.GetProperty("state").GetString() == "seeding");
        Assert.Equal(1, (await _node.Owner.GetFromJsonAsync<JsonElement>($"/api/v1/torrents/{id}")).GetProperty("files").GetInt32());
        Assert.Equal(HttpStatusCode.BadRequest, (await PatchAsync($"/api/v1/torrents/{id}", """{"directory":"here"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync($"/api/v1/torrents/{id}", JsonSerializer.Serialize(new { directory = target, downLimit = 5000, upLimit = 6000 }))).StatusCode);
        Assert.True(File.Exists(Path.Combine(target, "shared.bin")));
        Assert.False(File.Exists(Path.Combine(source, "shared.bin")));
        File.WriteAllText(Path.Combine(_node.Root, "file"), "");
        using HttpResponseMessage refused = await PatchAsync($"/api/v1/torrents/{id}", JsonSerializer.Serialize(new { directory = Path.Combine(_node.Root, "file", "below") }));
        Assert.Equal(HttpStatusCode.InsufficientStorage, refused.StatusCode);
        Assert.Contains("stay in", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        await _node.StopAsync();
        await _node.StartAsync();
        using HttpClient owner = _node.Client(_node.Host.Token);
        JsonElement after = await TorrentUntilAsync(owner, id, t => t.GetProperty("state").GetString() == "seeding");
        Assert.Equal((target, 5000, 6000), (after.GetProperty("directory").GetString(), after.GetProperty("downLimit").GetInt64(), after.GetProperty("upLimit").GetInt64()));
    }

    [Fact]
    public async Task A_move_that_is_refused_when_nobody_waits_any_more_stands_in_the_problem_until_it_is_resumed()
    {
        await _node.StopAsync();
        _node.Time = new ImpatientClock(TimeSpan.FromSeconds(20));
        await _node.StartAsync();
        using HttpClient owner = _node.Client(_node.Host.Token);
        using var body = new ByteArrayContent(await TorrentOfAsync("shared.bin")) { Headers = { ContentType = new("application/x-bittorrent") } };
        using HttpResponseMessage added = await owner.PostAsync($"/api/v1/torrents?directory={Uri.EscapeDataString(Path.Combine(_node.Root, "source"))}", body);
        string path = $"/api/v1/torrents/{(await added.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()}";
        await UntilAsync(() => owner.GetFromJsonAsync<JsonElement>(path), t => t.GetProperty("state").GetString() == "seeding");
        File.WriteAllText(Path.Combine(_node.Root, "file"), "");
        HttpStatusCode answer;
        do // now and then the refusal is quicker even than this clock
        {
            using HttpResponseMessage moving = await owner.PatchAsJsonAsync(path, new { directory = Path.Combine(_node.Root, "file", "below") });
            answer = moving.StatusCode;
        }
        while (answer == HttpStatusCode.InsufficientStorage);
        Assert.Equal(HttpStatusCode.OK, answer);
        JsonElement refused = await UntilAsync(() => owner.GetFromJsonAsync<JsonElement>(path), t => t.GetProperty("problem").ValueKind == JsonValueKind.String);
        Assert.StartsWith("The files stay in ", refused.GetProperty("problem").GetString(), StringComparison.Ordinal);
        foreach (string json in (string[])["""{"paused":true}""", """{"paused":false}"""])
            await owner.PatchAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));
        await UntilAsync(() => owner.GetFromJsonAsync<JsonElement>(path), t => t.GetProperty("problem").ValueKind == JsonValueKind.Null);
    }

    /// <summary>A clock on which waits of one length are over at once.</summary>
    private sealed class ImpatientClock(TimeSpan over) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == over ? TimeSpan.Zero : dueTime, period);
    }

    [Fact]
    public async Task Who_plays_what_rests_and_is_not_here_is_told_what_to_do()
    {
        byte[] torrent = await TorrentOfAsync("film.mp4");
        using var body = new ByteArrayContent(torrent) { Headers = { ContentType = new("application/x-bittorrent") } };
        using HttpResponseMessage added = await _node.Owner.PostAsync("/api/v1/torrents?paused=true", body);
        string id = (await added.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        using HttpResponseMessage refused = await _node.Owner.GetAsync($"/api/v1/torrents/{id}/files/0/content");
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("Resume it first", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_for_the_log_hears_its_lines()
    {
        using var limit = new CancellationTokenSource(Limit);
        using HttpResponseMessage stream = await _node.Owner.GetAsync("/api/v1/events?log=1", HttpCompletionOption.ResponseHeadersRead, limit.Token);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(limit.Token));
        Assert.Equal("id: 0", await reader.ReadLineAsync(limit.Token));
        string id = await _node.AddAsync();
        string? line;
        while ((line = await reader.ReadLineAsync(limit.Token)) != "event: log")
            Assert.NotNull(line);
        Assert.Contains($"Added {id}", await reader.ReadLineAsync(limit.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_removed_while_it_is_changed_does_not_come_back()
    {
        string data = Directory.CreateDirectory(Path.Combine(_node.Root, "apart")).FullName;
        using var state = StateStore.Open(Path.Combine(data, "node.state"));
        state.Put($"torrent/{new string('a', 40)}", new TorrentRecord { V1 = new string('a', 40), Directory = data });
        await using var catalogue = new TorrentCatalogue(state, NodeConfiguration.Load(data, _ => null, new Dictionary<string, string>()), data, TimeProvider.System);
        catalogue.Load();
        NodeTorrent torrent = Assert.Single(catalogue.All);
        catalogue.Update(torrent, record =>
        {
            Task.Run(() => catalogue.RemoveAsync(torrent, deleteFiles: false, CancellationToken.None)).Wait(Limit);
            return record with { Name = "late" };
        });
        catalogue.KeepTotals(torrent, torrent.Summary with { Downloaded = 5 });
        Assert.Empty(state.All("torrent/"));
        Assert.Empty(catalogue.TakeChanged());
    }

    private async Task<byte[]> TorrentOfAsync(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_node.Root, "source")).FullName;
        byte[] content = new byte[100_000];
        new Random(name.Length).NextBytes(content);
        await File.WriteAllBytesAsync(Path.Combine(folder, name), content);
        ShareFiles files = ShareFiles.Scan(Path.Combine(folder, name));
        return (await TorrentCreator.HashAsync(files, new MetainfoBuilder(files.Name, files.Files, files.IsSingleFile, TorrentFormat.V1, 16 * 1024), null, CancellationToken.None)).ToTorrentFile();
    }

    private Task<HttpResponseMessage> PatchAsync(string path, string json) => _node.Owner.PatchAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    private static Task<JsonElement> UntilAsync(HttpClient owner, Func<JsonElement, bool> fits) =>
        UntilAsync(async () => (await owner.GetFromJsonAsync<JsonElement>("/api/v1/watch-folders")).GetProperty("items")[0], fits);

    private Task<JsonElement> FeedUntilAsync(Func<JsonElement, bool> fits) =>
        UntilAsync(async () => (await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/feeds")).GetProperty("items")[0], fits);

    private static Task<JsonElement> TorrentUntilAsync(HttpClient owner, string id, Func<JsonElement, bool> fits) =>
        UntilAsync(() => owner.GetFromJsonAsync<JsonElement>($"/api/v1/torrents/{id}"), fits);

    private static async Task<JsonElement> UntilAsync(Func<Task<JsonElement>> look, Func<JsonElement, bool> fits)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            JsonElement seen = await look();
            if (fits(seen))
                return seen;
            Assert.False(limit.IsCancellationRequested, seen.ToString());
            await Task.Delay(100);
        }
    }
}
