using System.Collections.Concurrent;

namespace Compeer.BrowserTests.Lab;

/// <summary>A window on a node's page. At its end the page must have raised no error and broken no rule of its own.</summary>
public sealed class Stage : IAsyncDisposable
{
    /// <summary>Milliseconds until something that has to come has not come: a bound, not a demand.</summary>
    private const int Patience = 30_000;

    private readonly ConcurrentQueue<string> _errors = new();
    private readonly IBrowserContext _window;

    private Stage(Daemon daemon, IBrowserContext window, IPage page)
    {
        Daemon = daemon;
        Page = page;
        _window = window;
        page.PageError += (_, error) => _errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            // The browser reports every refused request as an error; whether one was expected, the tests say themselves.
            if (message.Type == "error" && !message.Text.Contains("Failed to load resource", StringComparison.Ordinal) && !message.Text.Contains("net::ERR", StringComparison.Ordinal))
                _errors.Enqueue(message.Text);
        };
        page.Dialog += (_, dialog) => _errors.Enqueue("dialog: " + dialog.Message);
    }

    public Daemon Daemon { get; }

    public IPage Page { get; }

    /// <summary>A window on a node that goes on when it closes, signed in unless that is what the test is about.</summary>
    public static async Task<Stage> OpenAsync(Daemon daemon, int width, int height, bool isDark, bool signIn, bool isFirstRun = false)
    {
        IBrowserContext window = await Browser.NewWindowAsync(width, height, isDark);
        var stage = new Stage(daemon, window, await window.NewPageAsync());
        stage.Page.SetDefaultTimeout(Patience);
        await stage.Page.GotoAsync(signIn ? daemon.Link : daemon.Url);
        if (signIn && !isFirstRun)
            await stage.SeesAsync("Transfers");
        return stage;
    }

    /// <summary>Goes to a place by its path after "#/".</summary>
    public Task GoToAsync(string path) => Page.GotoAsync($"{Daemon.Url}/#/{path}");

    /// <summary>Goes to a page of the menu and waits for its heading.</summary>
    public async Task GoAsync(string name)
    {
        await Page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" }).GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).ClickAsync();
        await SeesAsync(name);
    }

    /// <summary>Waits for a heading.</summary>
    public Task SeesAsync(string heading) => Assertions.Expect(Page.GetByRole(AriaRole.Heading, new() { Name = heading, Exact = true }).First).ToBeVisibleAsync(new() { Timeout = Patience });

    /// <summary>Waits until a text stands somewhere.</summary>
    public Task ReadsAsync(string text) => Assertions.Expect(Page.GetByText(text).First).ToBeVisibleAsync(new() { Timeout = Patience });

    /// <summary>Pastes a link into the field and adds it.</summary>
    public async Task AddAsync(string link)
    {
        await Page.Locator("#add").FillAsync(link);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
    }

    public Task ShootAsync(string name) => Page.ScreenshotAsync(new() { Path = Repository.Screenshot(name) });

    /// <summary>How far the page can be scrolled sideways, which is nothing on a good one. Parts of it may scroll by themselves.</summary>
    public Task<int> SidewaysAsync() =>
        Page.EvaluateAsync<int>("() => Math.max(document.documentElement.scrollWidth - innerWidth, (document.getElementById('main')?.scrollWidth ?? 0) - (document.getElementById('main')?.clientWidth ?? 0))");

    public async ValueTask DisposeAsync()
    {
        await _window.DisposeAsync();
        Assert.Empty(_errors);
    }
}
