using System.Globalization;
using Compeer.BrowserTests.Lab;
using Xunit.Abstractions;

namespace Compeer.BrowserTests;

/// <summary>The list of transfers: what can be done with many of them, and that it stays quick.</summary>
public sealed class ListTests(Home home, ITestOutputHelper output) : IClassFixture<Home>
{
    [BrowserFact]
    public async Task What_is_removed_can_be_brought_back_until_it_is_gone()
    {
        await using Stage stage = await home.OpenAsync();
        await AddPausedAsync(stage, "leaf", 3);
        await RemoveAsync(stage, "leaf 1");
        await Assertions.Expect(Row(stage, "leaf 1")).ToHaveCountAsync(0);
        await stage.ShootAsync("undo");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(Row(stage, "leaf 1")).ToBeVisibleAsync();

        await RemoveAsync(stage, "leaf 1");
        await Assertions.Expect(Row(stage, "leaf 1")).ToHaveCountAsync(0);
        // The page is closed before the time for an undo is over: what was asked for happens.
        await stage.Page.ReloadAsync();
        await Assertions.Expect(Row(stage, "leaf 2")).ToBeVisibleAsync();
        await Assertions.Expect(Row(stage, "leaf 1")).ToHaveCountAsync(0);
        Assert.Equal(2, (await stage.Daemon.GetAsync("torrents?search=leaf")).GetProperty("total").GetInt32());
    }

    [BrowserFact]
    public async Task Many_are_searched_labelled_and_filtered_at_once()
    {
        await using Stage stage = await home.OpenAsync();
        await AddPausedAsync(stage, "tome", 12);
        await stage.Page.Locator("#search").FillAsync("tome 1");
        await Assertions.Expect(stage.Page.Locator("[data-id]")).ToHaveCountAsync(3);
        await stage.Page.Locator("[data-id]").First.FocusAsync();
        await stage.Page.Keyboard.PressAsync("Control+a");
        await stage.ReadsAsync("3 selected");
        await stage.ShootAsync("bulk");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Label", Exact = true }).ClickAsync();
        await stage.Page.GetByLabel("Labels, separated by commas").FillAsync("ones");
        await stage.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(Row(stage, "tome 1").GetByText("ones")).ToBeVisibleAsync();
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Select none" }).Last.ClickAsync();
        await stage.Page.Locator("#search").FillAsync("");
        await stage.Page.GetByLabel("Label", new() { Exact = true }).SelectOptionAsync("ones");
        await Assertions.Expect(stage.Page.Locator("[data-id]")).ToHaveCountAsync(3);

        await stage.Page.GetByLabel("Label", new() { Exact = true }).SelectOptionAsync("");
        await stage.Page.Locator("#search").FillAsync("tome");
        await Assertions.Expect(stage.Page.Locator("[data-id]")).ToHaveCountAsync(12);
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Name" }).ClickAsync();
        string[] names = [.. await stage.Page.Locator("[data-id] .name").AllInnerTextsAsync()];
        Assert.Equal([.. names.OrderBy(name => int.Parse(name["tome ".Length..], CultureInfo.InvariantCulture))], names);
        Assert.Equal("tome 0", names[0]);
    }

    [BrowserFact]
    public async Task Of_a_long_list_only_what_is_seen_exists_and_the_keyboard_reaches_all_of_it()
    {
        const int Count = 10_000;
        await using Stage stage = await home.OpenOwnAsync(paused: Count);
        await stage.ReadsAsync("10,000");
        await stage.Page.ReloadAsync();
        IJSHandle filled = await stage.Page.WaitForFunctionAsync("() => document.querySelector('[data-id]') && document.body.innerText.includes('10,000') && performance.now()");
        Figures.Print(output, FormattableString.Invariant($"Page with {Count} transfers, from reload to the whole list: {await filled.JsonValueAsync<double>():0} ms"));
        Assert.InRange(await stage.Page.Locator("[data-id]").CountAsync(), 5, 60);
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Name" }).ClickAsync();
        await stage.Page.Locator("[data-id]").First.FocusAsync();
        await stage.Page.Keyboard.PressAsync("End");
        await Assertions.Expect(Row(stage, "volume 9999")).ToBeFocusedAsync();
        await stage.ShootAsync("long-list");

        // What changes elsewhere moves nothing under the eyes.
        double before = await ScrolledAsync(stage);
        await stage.Daemon.PostAsync("torrents/actions", new { action = "label", ids = new[] { await IdOfAsync(stage, "volume 9999") }, labels = new[] { "seen" } });
        await Assertions.Expect(Row(stage, "volume 9999").GetByText("seen")).ToBeVisibleAsync();
        Assert.Equal(before, await ScrolledAsync(stage));
        await Assertions.Expect(Row(stage, "volume 9999")).ToBeFocusedAsync();

        await stage.Page.Keyboard.PressAsync("Home");
        await Assertions.Expect(Row(stage, "volume 0")).ToBeFocusedAsync();
        await stage.Page.Keyboard.PressAsync("Enter");
        await stage.SeesAsync("volume 0");
    }

    private static ILocator Row(Stage stage, string name) => stage.Page.Locator("[data-id]").Filter(new() { Has = stage.Page.GetByText(name, new() { Exact = true }) });

    private static async Task<string> IdOfAsync(Stage stage, string name) => (await Row(stage, name).GetAttributeAsync("data-id"))!;

    private static Task<double> ScrolledAsync(Stage stage) => stage.Page.EvaluateAsync<double>("() => document.querySelector('.frame').scrollTop");

    private static async Task RemoveAsync(Stage stage, string name)
    {
        await stage.Page.GetByRole(AriaRole.Checkbox, new() { Name = $"Select {name}", Exact = true }).CheckAsync();
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Remove", Exact = true }).ClickAsync();
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Remove, keep the files" }).ClickAsync();
    }

    private static async Task AddPausedAsync(Stage stage, string name, int count)
    {
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{name[0] * 1000 + i:x40}&dn={name}%20{i}", paused = true })));
        await Assertions.Expect(Row(stage, $"{name} {count - 1}")).ToBeVisibleAsync();
    }
}
