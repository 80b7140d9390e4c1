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
