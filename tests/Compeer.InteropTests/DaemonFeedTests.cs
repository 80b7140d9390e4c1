using System.Text.Json.Nodes;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>A feed that nginx serves: what its rules take is fetched once, and what has not changed is not sent again.</summary>
public sealed class DaemonFeedTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [ForeignFact(Needs.Nginx)]
    public async Task What_the_rules_take_is_added_once()
    {
        TestContent content = contents.Mebibytes(4);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), host = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(server, content, "v1");
        string site = network.NewDirectory("site"), data = network.NewDirectory("node"), films = network.NewDirectory("films");
        File.Copy(torrent.Path, Path.Combine(site, "film.torrent"));
        string feed = Path.Combine(site, "feed.xml");
        await WriteAsync(feed, Item("Film one", "film.torrent"), Item("Film one trailer", "film.torrent"), Item("Song", "song.torrent"));
        NginxServer nginx = await NginxServer.StartAsync(server, site);
        CompeerDaemon daemon = await CompeerDaemon.StartAsync(host, data);

        string id = (await CallAsync(daemon, "POST", "feeds", new JsonObject
        {
            ["url"] = nginx.Url + "feed.xml",
            ["rules"] = new JsonArray(new JsonObject { ["match"] = "film", ["exclude"] = "trailer", ["directory"] = films, ["labels"] = new JsonArray("films") }),
        }))["id"]!.GetValue<string>();
        JsonNode seen = await UntilAsync(daemon, f => f["added"]!.GetValue<int>() == 1 && f["lastChecked"] is not null);
        Assert.Equal("The feed", seen["title"]!.GetValue<string>());
        JsonNode added = (await daemon.ListAsync())[torrent.V1];
        Assert.Equal((films, "films"), (added["directory"]!.GetValue<string>(), added["labels"]![0]!.GetValue<string>()));
        JsonArray items = (await CallAsync(daemon, "GET", $"feeds/{id}/items", null))["items"]!.AsArray();
        Assert.Equal([true, false, false], items.Select(i => i!["taken"]!.GetValue<bool>()));

        // Looked at again it has not changed; a new item is taken, an old one that was removed here is not taken again.
        await CallAsync(daemon, "POST", $"feeds/{id}/check", null);
        await UntilAsync(() => nginx.Statuses.Contains("304"));
        await daemon.RunAsync("remove", torrent.V1);
        await WriteAsync(feed, Item("Film two", $"magnet:?xt=urn:btih:{new string('b', 40)}"), Item("Film one", "film.torrent"), Item("Film three", "missing.torrent"));
        File.SetLastWriteTimeUtc(feed, DateTime.UnixEpoch.AddYears(40));
        await CallAsync(daemon, "POST", $"feeds/{id}/check", null);
        seen = await UntilAsync(daemon, f => f["added"]!.GetValue<int>() == 2 && f["problems"]!.AsArray().Count > 0);
        Assert.Contains("404", seen["problems"]![0]!["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal([new string('b', 40)], (await daemon.ListAsync()).Keys);

        await daemon.KillAsync();
        daemon = await CompeerDaemon.StartAsync(host, data);
        seen = await UntilAsync(daemon, _ => true);
        Assert.Equal((2, id), (seen["added"]!.GetValue<int>(), seen["id"]!.GetValue<string>()));
    }

    private static string Item(string title, string link) =>
        $"<item><title>{title}</title><guid>{title}</guid><enclosure url=\"{System.Security.SecurityElement.Escape(link)}\" type=\"application/x-bittorrent\"/></item>";

    private static Task WriteAsync(string path, params string[] items) =>
        File.WriteAllTextAsync(path, $"<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>The feed</title>{string.Concat(items)}</channel></rss>");

    /// <summary>The API is on the loopback of the daemon's own network, so that curl asks there.</summary>
    private static async Task<JsonNode> CallAsync(CompeerDaemon daemon, string method, string path, JsonNode? body)
    {
        string[] content = body is null ? [] : ["-H", "Content-Type: application/json", "-d", body.ToJsonString()];
        return JsonNode.Parse(await LabTool.RunInAsync(daemon.Host.Namespace, "curl", ["-sS", "--fail-with-body", "-X", method, "-H", $"Authorization: Bearer {daemon.Token}", .. content, $"http://127.0.0.1:7373/api/v1/{path}"]))!;
    }

    private static async Task<JsonNode> UntilAsync(CompeerDaemon daemon, Func<JsonNode, bool> fits)
    {
        JsonNode? feed = null;
        long start = TimeProvider.System.GetTimestamp();
        while (feed is null || !fits(feed))
        {
            feed = (await CallAsync(daemon, "GET", "feeds", null))["items"]![0]!;
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, $"{feed}\n{daemon.Said}");
            await Task.Delay(100);
        }
        return feed;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit);
            await Task.Delay(100);
        }
    }
}
