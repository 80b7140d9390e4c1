using Compeer.BrowserTests.Lab;
using Xunit.Abstractions;

namespace Compeer.BrowserTests;

/// <summary>Who may open the page, and what it does while its node is away.</summary>
public sealed class SessionTests(Home home, ITestOutputHelper output) : IClassFixture<Home>
{
    [BrowserFact]
    public async Task The_daemons_link_signs_in_and_its_token_stays_in_no_address()
    {
        await using Stage stage = await home.OpenAsync();
        Assert.DoesNotContain("token", stage.Page.Url, StringComparison.Ordinal);

        await stage.Page.ReloadAsync();
        await stage.SeesAsync("Transfers");

        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await stage.SeesAsync("Compeer");
        await stage.Page.ReloadAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task An_empty_node_says_on_every_page_what_to_do_first()
    {
        await using Stage stage = await home.OpenAsync();
        await stage.ReadsAsync("Nothing here yet");
        await stage.ShootAsync("transfers-empty");
        await stage.GoAsync("Share");
        await stage.ReadsAsync("You share nothing yet");
        await stage.ShootAsync("share-empty");
        await stage.GoAsync("Network");
        await stage.ReadsAsync("Nobody is connected.");
        await stage.ReadsAsync("A tracker tells peers of each other");
        await stage.ShootAsync("network-empty");

        await stage.Page.ReloadAsync();
        IJSHandle filled = await stage.Page.WaitForFunctionAsync("() => document.querySelector('main .card') && performance.now()");
        double paint = await stage.Page.EvaluateAsync<double>("() => performance.getEntriesByName('first-contentful-paint')[0].startTime");
        Figures.Print(output, FormattableString.Invariant($"First paint of the page: {paint:0} ms; with its content: {await filled.JsonValueAsync<double>():0} ms"));
    }

    [BrowserFact]
    public async Task A_wrong_token_is_refused_in_words_and_the_right_one_lets_in()
    {
        await using Stage stage = await home.OpenAsync(signIn: false);
        await stage.Page.GetByText("Token", new() { Exact = true }).First.ClickAsync();
        ILocator field = stage.Page.Locator("input[type=password]");
        await field.FillAsync("not-the-token");
        await field.PressAsync("Enter");
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Alert)).Not.ToBeEmptyAsync();
        await stage.ShootAsync("login");
        await field.FillAsync(stage.Daemon.Token);
        await field.PressAsync("Enter");
        await stage.SeesAsync("Transfers");
    }

    [BrowserFact]
    public async Task The_first_start_asks_for_a_folder_and_nothing_else()
    {
        await using Stage stage = await home.OpenOwnAsync(isFirstRun: true);
        await stage.SeesAsync("Where should your files go?");
        await stage.ShootAsync("first-run");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Choose another" }).ClickAsync();
        ILocator place = stage.Page.GetByLabel("Folder on the node's computer");
        await place.FillAsync(stage.Daemon.Downloads);
        await place.PressAsync("Enter");
        await stage.ReadsAsync("Nothing in here.");
        await stage.ShootAsync("first-run-folder");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Use this folder" }).ClickAsync();
        await stage.SeesAsync("Transfers");
        Assert.Equal(stage.Daemon.Downloads, (await stage.Daemon.GetAsync("node")).GetProperty("downloadDirectory").GetString());
    }

    [BrowserFact]
    public async Task An_open_page_outlives_the_death_of_its_node()
    {
        await using Stage stage = await home.OpenOwnAsync();
        await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('a', 40)}&dn=before", paused = true });
        await stage.ReadsAsync("before");

        await stage.Daemon.KillAsync();
        await stage.ReadsAsync("The node does not answer");
        await stage.ReadsAsync("before");
        await stage.ShootAsync("offline");

        await stage.Daemon.StartAgainAsync();
        await Assertions.Expect(stage.Page.GetByText("The node does not answer")).ToHaveCountAsync(0, new() { Timeout = 30_000 });
        await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{new string('b', 40)}&dn=after", paused = true });
        await stage.ReadsAsync("after");
    }
}
