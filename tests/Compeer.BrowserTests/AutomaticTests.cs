using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>What the node adds by itself, and what it says of itself.</summary>
public sealed class AutomaticTests(Home home) : IClassFixture<Home>
{
    [BrowserFact]
    public async Task Torrent_files_that_appear_in_a_watched_folder_are_added()
    {
        await using Stage stage = await home.OpenAsync();
        string watched = home.Folder("watched");
        string target = home.Folder("target");
        await OpenSettingsAsync(stage, "watch");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Watch a folder" }).ClickAsync();
        await stage.Page.GetByLabel("Folder to watch").First.FillAsync(Path.Combine(watched, "nowhere"));
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Watch it" }).ClickAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Alert)).Not.ToBeEmptyAsync();
        await stage.ShootAsync("watch-folder-refused");
        await stage.Page.GetByLabel("Folder to watch").First.FillAsync(watched);
        await stage.Page.GetByLabel("Where the files of its torrents go").First.FillAsync(target);
        await stage.Page.GetByLabel("Labels, separated by commas").FillAsync("from a folder");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Watch it" }).ClickAsync();
        await stage.ReadsAsync("0 torrents added");

        string source = Path.Combine(home.Folder("seed-watch"), "dropped.bin");
        TransferTests.MakeFile(source, 200_000);
        File.Copy(await Swarm.MakeTorrentAsync(source), Path.Combine(watched, "dropped.torrent"));
        await stage.ReadsAsync("1 torrent added");
        await stage.ShootAsync("watch-folder");
        await stage.GoAsync("Transfers");
        ILocator row = stage.Page.Locator("[data-id]").Filter(new() { HasText = "dropped.bin" });
        await Assertions.Expect(row.GetByText("from a folder")).ToBeVisibleAsync();
        await row.GetByRole(AriaRole.Link, new() { Name = "dropped.bin" }).ClickAsync();
        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "About" }).ClickAsync();
        await stage.ReadsAsync(target);

        await OpenSettingsAsync(stage, "watch");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = $"Watch {watched}" }).ClickAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Button, new() { Name = $"Watch {watched}" })).ToHaveCountAsync(0);
    }

    [WebFact]
    public async Task A_feed_adds_what_its_rules_take_and_tells_what_stands_in_it()
    {
        await using Stage stage = await home.OpenAsync();
        string folder = home.Folder("feed");
        string source = Path.Combine(home.Folder("seed-feed"), "episode.bin");
        TransferTests.MakeFile(source, 150_000);
        File.Copy(await Swarm.MakeTorrentAsync(source), Path.Combine(folder, "episode.torrent"));
        await using WebFolder web = await WebFolder.StartAsync(folder);
        string item = "<item><title>{0}</title><guid>{0}</guid><link>{1}</link></item>";
        await File.WriteAllTextAsync(Path.Combine(folder, "feed.xml"),
            $"<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>A show</title>{string.Format(null, item, "Show 7 in 720p", web.Url + "episode.torrent")}{string.Format(null, item, "Show 7 in 720p, a trailer", web.Url + "trailer.torrent")}{string.Format(null, item, "Something else", web.Url + "else.torrent")}</channel></rss>");

        await OpenSettingsAsync(stage, "feed");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Add a feed" }).ClickAsync();
        await stage.Page.GetByLabel("Address of the feed").FillAsync(web.Url + "feed.xml");
        await stage.Page.GetByLabel("Titles to add").FillAsync("/(unfinished/");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Alert)).Not.ToBeEmptyAsync();
        await stage.Page.GetByLabel("Titles to add").FillAsync("show*720p");
        await stage.Page.GetByLabel("But not with").FillAsync("trailer");
        await stage.Page.GetByLabel("Labels, separated by commas").FillAsync("shows");
        await stage.ShootAsync("feed-dialog");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await stage.ReadsAsync("A show");
        await stage.ReadsAsync("1 entry added");
        await stage.Page.GetByText("What stands in it").ClickAsync();
        await stage.ReadsAsync("Something else");
        await stage.ReadsAsync("matches no rule");
        await stage.ShootAsync("feed");

        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Change A show" }).ClickAsync();
        await Assertions.Expect(stage.Page.GetByLabel("Titles to add")).ToHaveValueAsync("show*720p");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Another rule" }).ClickAsync();
        await stage.Page.GetByLabel("Titles to add").Last.FillAsync("nothing of this kind");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Keep" }).ClickAsync();
        await stage.ReadsAsync("nothing of this kind");

        await stage.GoAsync("Transfers");
        await Assertions.Expect(stage.Page.Locator("[data-id]").Filter(new() { HasText = "episode.bin" }).GetByText("shows")).ToBeVisibleAsync();
        await OpenSettingsAsync(stage, "feed");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Remove A show" }).ClickAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Button, new() { Name = "Remove A show" })).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task The_log_is_searched_and_goes_on_by_itself()
    {
        await using Stage stage = await home.OpenAsync();
        await OpenSettingsAsync(stage, "log");
        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "Open the log" }).ClickAsync();
        await stage.SeesAsync("Log");
        ILocator lines = stage.Page.GetByRole(AriaRole.List, new() { Name = "Messages, newest last" }).GetByRole(AriaRole.Listitem);
        await Assertions.Expect(lines.Filter(new() { HasText = "API and page at" })).ToHaveCountAsync(1);
        await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('9', 40)}&dn=said%20in%20the%20log", paused = true });
        await Assertions.Expect(lines.Last).ToContainTextAsync("said in the log");
        await stage.ShootAsync("log");
        await stage.Page.GetByLabel("Search the log").FillAsync("said in the");
        await Assertions.Expect(lines).ToHaveCountAsync(1);
        await stage.Page.GetByLabel("Search the log").FillAsync("never said");
        await stage.ReadsAsync("Nothing matches");
        await stage.Page.GetByLabel("Search the log").FillAsync("");
        await stage.Page.GetByLabel("Which messages").SelectOptionAsync("error");
        await stage.ReadsAsync("Nothing matches");
    }

    private static async Task OpenSettingsAsync(Stage stage, string search)
    {
        await stage.GoAsync("Settings");
        await stage.Page.GetByLabel("Search the settings").FillAsync(search);
    }
}
