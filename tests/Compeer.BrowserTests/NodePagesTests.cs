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
    public async Task The_network_page_draws_the_table_of_the_DHT_by_distance_and_lists_it()
    {
        await using var cloud = new ChildProcess(Programs.Python, [Path.Combine(Repository.Root, "lab", "peers", "libtorrent_dht.py"), "cloud", "--first", "127.0.77.1", "--count", "24", "--port", "6881"]);
        await cloud.WaitForAsync("ready");
        await using Stage stage = await home.OpenOwnAsync(dhtEntry: "127.0.77.1:6881");
        await stage.GoAsync("Network");
        ILocator rows = stage.Page.GetByRole(AriaRole.List, new() { Name = "Distances over IPv4" }).GetByRole(AriaRole.Listitem);
        await Assertions.Expect(rows.First).ToContainTextAsync("farthest half", new() { Timeout = 60_000 });
        await Assertions.Expect(stage.Page.Locator(".dots > span").Nth(9)).ToBeAttachedAsync(new() { Timeout = 60_000 });
        await stage.Page.GetByText("Nodes as a table").ClickAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "127.0.77." }).First).ToBeVisibleAsync();
        await stage.ShootAsync("network-dht-table");
        await stage.Page.GetByText("Nodes as a table").ClickAsync();
        foreach (ColorScheme colours in (ColorScheme[])[ColorScheme.Dark, ColorScheme.Light])
        {
            await stage.Page.EmulateMediaAsync(new() { ColorScheme = colours });
            await stage.Page.Locator(".distances").ScrollIntoViewIfNeededAsync();
            await stage.ShootAsync($"network-dht-{colours.ToString().ToLowerInvariant()}");
        }
        if (Programs.PackagesSkipReason is null)
            await AccessibilityTests.ScanAsync(stage, "the table of the DHT");
        await stage.Page.SetViewportSizeAsync(360, 740);
        Assert.Equal(0, await stage.SidewaysAsync());
        await stage.Page.Locator(".distances").ScrollIntoViewIfNeededAsync();
        await stage.ShootAsync("phone-network-dht");
    }

    [BrowserFact]
    public async Task A_tracker_is_switched_on_and_off_on_the_network_page()
    {
        await using Stage stage = await home.OpenOwnAsync();
        await stage.Daemon.PatchAsync("settings", new Dictionary<string, string> { ["tracker-http"] = "127.0.0.1:0", ["tracker-udp"] = "" });
        await stage.GoAsync("Network");
        await stage.ReadsAsync("No tracker runs here.");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Run a tracker here" }).ClickAsync();
        await stage.ReadsAsync("http://127.0.0.1:");
        await stage.ReadsAsync("0 peers of 0 torrents");
        await stage.ShootAsync("network-tracker");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Stop the tracker" }).ClickAsync();
        await stage.ReadsAsync("No tracker runs here.");
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
