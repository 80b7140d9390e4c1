using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>The pages about the node itself.</summary>
public sealed class NodePagesTests(Home home) : IClassFixture<Home>
{
    [BrowserFact]
    public async Task The_network_page_draws_live_peers_and_examines_the_connection()
    {
        await using Stage stage = await home.OpenAsync();
        await stage.GoAsync("Network");
        string file = Path.Combine(home.Folder("seed"), "slow.bin");
        TransferTests.MakeFile(file, 8 << 20);
        await using Seed seed = await Swarm.SeedAsync(await Swarm.MakeTorrentAsync(file), 100_000);
        await stage.Daemon.PostAsync("torrents", new { link = seed.Magnet });
        await stage.ReadsAsync("1 peer of 1 transfer");
        await stage.Page.Locator("svg.map circle.gives").ClickAsync();
        await stage.ReadsAsync(seed.EndPoint);
        await stage.ShootAsync("network");
        await stage.Page.GetByText("As a table").ClickAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = seed.EndPoint })).ToBeVisibleAsync();

        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Examine the connection" }).ClickAsync();
        await Assertions.Expect(stage.Page.Locator(".findings li").First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await stage.ShootAsync("network-doctor");
    }

    [BrowserFact]
    public async Task What_the_node_refuses_stands_on_the_page_in_its_words_until_it_answers_again()
    {
        await using Stage stage = await home.OpenAsync();
        foreach ((string page, string path) in ((string, string)[])[("network", "network"), ("settings", "settings"), ("log", "log?*"), ("settings", "keys"), ("settings", "watch-folders"), ("settings", "feeds")])
        {
            string address = "**/api/v1/" + path;
            await stage.Page.RouteAsync(address, route => route.FulfillAsync(new() { Status = 503, ContentType = "application/problem+json", Body = "{\"title\":\"The disk is asleep\",\"detail\":\"Wake it, and ask again.\"}" }));
            await stage.GoToAsync("share");
            await stage.SeesAsync("Share");
            await stage.GoToAsync(page);
            await stage.ReadsAsync("The disk is asleep");
            await stage.ReadsAsync("Wake it, and ask again.");
            await stage.ShootAsync("refused-" + path.TrimEnd('?', '*'));
            await stage.Page.UnrouteAsync(address);
            // Some read again by themselves before a hand could press it.
            await stage.Page.EvaluateAsync("() => document.querySelector('.state[role=alert] button')?.click()");
            await Assertions.Expect(stage.Page.GetByText("The disk is asleep")).ToHaveCountAsync(0);
        }
    }

    [BrowserFact]
    public async Task A_setting_is_found_by_search_explained_and_kept()
    {
        await using Stage stage = await home.OpenAsync();
        await stage.GoAsync("Settings");
        await Assertions.Expect(stage.Page.GetByLabel("Upload limit", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(stage.Page.Locator(".state .breathing")).ToHaveCountAsync(0);
        await stage.ShootAsync("settings");
        await stage.Page.GetByLabel("Search the settings").FillAsync("upload limit");
        ILocator limit = stage.Page.GetByLabel("Upload limit", new() { Exact = true });
        await limit.FillAsync("very fast");
        await limit.PressAsync("Enter");
        await stage.ReadsAsync("Write a size, such as 500 KiB or 2 MiB.");
        await limit.FillAsync("2 MiB");
        await limit.PressAsync("Enter");
        await stage.ReadsAsync("Upload limit is kept.");
        await stage.Page.ReloadAsync();
        await Assertions.Expect(stage.Page.GetByLabel("Upload limit", new() { Exact = true })).ToHaveValueAsync("2 MiB");
        Assert.Equal(2 << 20, (await stage.Daemon.GetAsync("node")).GetProperty("limits").GetProperty("up").GetInt64());

        await stage.Page.GetByLabel("Search the settings").FillAsync("download folder");
        await Assertions.Expect(stage.Page.GetByLabel("Download folder", new() { Exact = true })).ToBeDisabledAsync();
        await stage.ReadsAsync("Set by the environment");
    }

    [BrowserFact]
    public async Task A_password_is_set_and_opens_the_page()
    {
        await using Stage stage = await home.OpenAsync();
        await stage.GoAsync("Settings");
        await stage.Page.GetByLabel("New password").FillAsync("correct horse battery");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Set a password" }).ClickAsync();
        await stage.ReadsAsync("A password is set.");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await stage.SeesAsync("Compeer");
        await stage.Page.Locator("input[type=password]").FillAsync("correct horse battery");
        await stage.Page.Keyboard.PressAsync("Enter");
        await stage.SeesAsync("Settings");
    }

    [BrowserFact]
    public async Task The_colours_follow_the_system_until_one_chooses()
    {
        await using Stage stage = await home.OpenAsync(isDark: true);
        string dark = await GroundAsync(stage);
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Colours:" }).ClickAsync();
        string light = await GroundAsync(stage);
        Assert.NotEqual(dark, light);
        await stage.Page.ReloadAsync();
        await stage.SeesAsync("Transfers");
        Assert.Equal(light, await GroundAsync(stage));
    }

    private static Task<string> GroundAsync(Stage stage) => stage.Page.EvaluateAsync<string>("() => getComputedStyle(document.documentElement).backgroundColor");
}
