using System.Text.Json;
using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>For eyes, keyboards, screen readers and thumbs alike.</summary>
[Collection(SharedBrowser.Name)]
public sealed class AccessibilityTests(Browser browser)
{
    private static readonly string[] Pages = ["", "share", "network", "settings"];
    private static readonly string[] Tabs = ["files", "pieces", "peers", "trackers", "about"];

    [PackagesFact]
    public async Task Axe_finds_nothing_serious_on_any_page_in_either_theme()
    {
        foreach (bool isDark in (bool[])[false, true])
        {
            await using Stage stage = await Stage.OpenAsync(browser, isDark: isDark);
            foreach ((string path, string name) in await PathsAsync(stage))
            {
                await stage.Page.GotoAsync($"{stage.Daemon.Url}/#/{path}");
                await ReadyAsync(stage);
                await ScanAsync(stage, name);
                await stage.ShootAsync($"{name}-{(isDark ? "dark" : "light")}");
            }
            await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
            await stage.SeesAsync("Compeer");
            await ScanAsync(stage, "login");
        }
    }

    [BrowserFact]
    public async Task Nothing_leaves_the_width_of_a_phone()
    {
        await using Stage stage = await Stage.OpenAsync(browser, width: 360, height: 740);
        foreach ((string path, string name) in await PathsAsync(stage))
        {
            await stage.Page.GotoAsync($"{stage.Daemon.Url}/#/{path}");
            await ReadyAsync(stage);
            await stage.ShootAsync("phone-" + name);
            Assert.True(await stage.SidewaysAsync() == 0, $"{name} is wider than a phone");
        }
    }

    [BrowserFact]
    public async Task The_keyboard_alone_adds_opens_pauses_and_removes()
    {
        await using Stage stage = await Stage.OpenAsync(browser);
        IKeyboard keys = stage.Page.Keyboard;
        await keys.PressAsync("a");
        await Assertions.Expect(stage.Page.Locator("#add")).ToBeFocusedAsync();
        await keys.TypeAsync($"magnet:?xt=urn:btih:{new string('c', 40)}&dn=typed");
        await keys.PressAsync("Enter");
        await stage.SeesAsync("Add a transfer");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Start" }).FocusAsync();
        await keys.PressAsync("Enter");
        await stage.SeesAsync("Transfers");
        ILocator row = stage.Page.Locator("[data-id]").First;
        await row.FocusAsync();
        await keys.PressAsync("p");
        await Assertions.Expect(row.GetByText("Paused")).ToBeVisibleAsync();
        await keys.PressAsync("Enter");
        await stage.SeesAsync("typed");
        await keys.PressAsync("1");
        await stage.SeesAsync("Transfers");
        await row.FocusAsync();
        await keys.PressAsync("Delete");
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Button, new() { Name = "Remove, keep the files" })).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await stage.ReadsAsync("Nothing here yet");
        await keys.PressAsync("?");
        await stage.SeesAsync("Keys");
        await keys.PressAsync("Escape");
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Heading, new() { Name = "Keys" })).ToHaveCountAsync(0);
    }

    /// <summary>Every page, with one transfer of each kind that needs no peers.</summary>
    private static async Task<IEnumerable<(string Path, string Name)>> PathsAsync(Stage stage)
    {
        string file = Path.Combine(stage.Folder("mine"), "notes.txt");
        await File.WriteAllTextAsync(file, string.Concat(Enumerable.Repeat("Some words of mine.\n", 20_000)));
        string torrent = await Swarm.MakeTorrentAsync(file, 16384);
        File.Copy(file, Path.Combine(stage.Daemon.Downloads, "notes.txt"));
        await stage.Page.GotoAsync(stage.Daemon.Url + "/#/");
        await stage.Page.GetByLabel("Torrent files").SetInputFilesAsync(torrent);
        await stage.SeesAsync("Add a transfer");
        await stage.ReadsAsync("391 KiB");
        string id = stage.Page.Url.Split('/')[^1];
        await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('d', 40)}&dn=waiting%20for%20a%20description", labels = new[] { "one", "two" } });
        await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('e', 40)}&dn=paused", paused = true });
        string preview = (await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('f', 40)}&dn=to%20be%20chosen", preview = true })).GetProperty("id").GetString()!;
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await stage.Daemon.CompletesAsync(id);
        return
        [
            .. Pages.Select(page => (page, page.Length == 0 ? "transfers" : page)),
            .. Tabs.Select(tab => ($"t/{id}/{tab}", "transfer-of-mine-" + tab)),
            ($"play/{id}/0", "show-text"),
            ($"add/{preview}", "add-waiting"),
        ];
    }

    private static async Task ReadyAsync(Stage stage)
    {
        await Assertions.Expect(stage.Page.Locator("h1, h2").First).ToBeVisibleAsync();
        await Assertions.Expect(stage.Page.Locator(".state .breathing")).ToHaveCountAsync(0, new() { Timeout = 20_000 });
    }

    private static async Task ScanAsync(Stage stage, string name)
    {
        await stage.Page.EvaluateAsync(await File.ReadAllTextAsync(Path.Combine(Repository.App, "node_modules", "axe-core", "axe.min.js")));
        JsonElement found = await stage.Page.EvaluateAsync<JsonElement>("async () => (await axe.run()).violations.filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 3).map(n => n.html).join(' | '))");
        string[] serious = [.. found.EnumerateArray().Select(violation => violation.GetString()!)];
        Assert.True(serious.Length == 0, $"axe on {name}: {string.Join("\n", serious)}");
    }
}
