using System.Text.Json;
using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>For eyes, keyboards, screen readers and thumbs alike.</summary>
public sealed class AccessibilityTests(Home home) : IClassFixture<Home>
{
    private static readonly string[] Pages = ["", "share", "network", "settings", "log", "nowhere"];
    private static readonly string[] Tabs = ["files", "pieces", "peers", "trackers", "about"];

    /// <summary>What the keyboard has to reach. Rows of the list, and radio buttons, are one stop each in a group of which arrows reach the rest.</summary>
    private const string Stops = """
        [...document.querySelectorAll('a[href], button, input:not([type=radio]), select, textarea, summary, [tabindex="0"]')]
            .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true }))
        """;

    [PackagesFact]
    public async Task Axe_finds_nothing_serious_on_any_page_in_either_theme_and_the_keyboard_reaches_all_of_it()
    {
        await using Stage stage = await home.OpenAsync();
        foreach ((string path, string name) in await PathsAsync(stage))
        {
            await OpenAsync(stage, path);
            await AssertReachableAsync(stage, name);
            foreach (ColorScheme colours in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
            {
                await stage.Page.EmulateMediaAsync(new() { ColorScheme = colours });
                await ScanAsync(stage, $"{name} ({colours})");
                await stage.ShootAsync($"{name}-{colours.ToString().ToLowerInvariant()}");
            }
        }
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await stage.SeesAsync("Compeer");
        await ScanAsync(stage, "login");
    }

    [PackagesFact]
    public async Task On_a_phone_nothing_leaves_the_screen_and_axe_finds_nothing_serious()
    {
        await using Stage stage = await home.OpenAsync(width: 360, height: 740);
        foreach ((string path, string name) in await PathsAsync(stage))
        {
            await OpenAsync(stage, path);
            Assert.True(await stage.SidewaysAsync() == 0, $"{name} is wider than a phone");
            await ScanAsync(stage, name + " on a phone");
            await stage.ShootAsync("phone-" + name);
        }
    }

    [BrowserFact]
    public async Task The_keyboard_alone_adds_opens_pauses_and_removes()
    {
        await using Stage stage = await home.OpenOwnAsync();
        IKeyboard keys = stage.Page.Keyboard;
        await keys.PressAsync("a");
        await Assertions.Expect(stage.Page.Locator("#add")).ToBeFocusedAsync();
        await keys.TypeAsync($"magnet:?xt=urn:btih:{new string('c', 40)}&dn=typed");
        await keys.PressAsync("Enter");
        await stage.SeesAsync("Add a transfer");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Change", Exact = true }).FocusAsync();
        await keys.PressAsync("Enter");
        // Enter in the field of the folder opens the folder; it does not start the transfer.
        ILocator folder = stage.Page.GetByLabel("Folder on the node's computer");
        await folder.FillAsync(stage.Daemon.Folder);
        await keys.PressAsync("Enter");
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Button, new() { Name = "downloads" })).ToBeVisibleAsync();
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
    private async Task<IReadOnlyList<(string Path, string Name)>> PathsAsync(Stage stage)
    {
        string file = Path.Combine(home.Folder("mine"), "notes.txt");
        await File.WriteAllTextAsync(file, string.Concat(Enumerable.Repeat("Some words of mine.\n", 20_000)));
        string torrent = await Swarm.MakeTorrentAsync(file, 16384);
        // The other test of this class may have added it already.
        if (!File.Exists(Path.Combine(stage.Daemon.Downloads, "notes.txt")))
            File.Copy(file, Path.Combine(stage.Daemon.Downloads, "notes.txt"));
        string id = (await stage.Daemon.AddFileAsync(torrent)).GetProperty("id").GetString()!;
        await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('d', 40)}&dn=waiting%20for%20a%20description", labels = new[] { "one", "two" } });
        await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('e', 40)}&dn=paused", paused = true });
        string preview = (await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('f', 40)}&dn=to%20be%20chosen", preview = true })).GetProperty("id").GetString()!;
        await stage.Daemon.CompletesAsync(id);
        return
        [
            .. Pages.Select(page => (page, page.Length == 0 ? "transfers" : page)),
            .. Tabs.Select(tab => ($"t/{id}/{tab}", "transfer-of-mine-" + tab)),
            ($"play/{id}/0", "show-text"),
            ($"add/{preview}", "add-waiting"),
        ];
    }

    /// <summary>Opens a page and waits until it has all that it asked for.</summary>
    private static async Task OpenAsync(Stage stage, string path)
    {
        await stage.GoToAsync(path);
        await Assertions.Expect(stage.Page.Locator("h1, h2").First).ToBeVisibleAsync();
        await Assertions.Expect(stage.Page.Locator(".state .breathing")).ToHaveCountAsync(0, new() { Timeout = 20_000 });
    }

    /// <summary>Tab alone comes by everything that can be used.</summary>
    private static async Task AssertReachableAsync(Stage stage, string name)
    {
        await stage.Page.EvaluateAsync("() => { document.activeElement?.blur(); window.reached = new Set(); window.addEventListener('focusin', e => window.reached.add(e.target)) }");
        int stops = await stage.Page.EvaluateAsync<int>($"() => {Stops}.length");
        Assert.InRange(stops, 6, 200);
        string[] missed = [];
        // What is polled may come and go while one walks; a second round reaches what came late.
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < stops + 4; i++)
                await stage.Page.Keyboard.PressAsync("Tab");
            missed = await stage.Page.EvaluateAsync<string[]>($"() => {Stops}.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 160))");
            if (missed.Length == 0)
                return;
        }
        Assert.Fail($"Tab does not reach on {name}: {string.Join("\n", missed)}");
    }

    /// <summary>Asks axe, which is loaded when it is not yet.</summary>
    public static async Task ScanAsync(Stage stage, string name)
    {
        if (!await stage.Page.EvaluateAsync<bool>("() => 'axe' in window"))
            await stage.Page.EvaluateAsync(await File.ReadAllTextAsync(Path.Combine(Repository.App, "node_modules", "axe-core", "axe.min.js")));
        JsonElement found = await stage.Page.EvaluateAsync<JsonElement>("async () => (await axe.run({ resultTypes: ['violations'] })).violations.filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 3).map(n => n.html).join(' | '))");
        string[] serious = [.. found.EnumerateArray().Select(violation => violation.GetString()!)];
        Assert.True(serious.Length == 0, $"axe on {name}: {string.Join("\n", serious)}");
    }
}
