using System.Collections.Concurrent;

namespace Compeer.BrowserTests.Lab;

/// <summary>A node, a window on its page, and a folder that goes with them. At its end the page must have raised no error and broken no rule of its own.</summary>
public sealed class Stage : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly IBrowserContext _window;
    private readonly DirectoryInfo _folder;

    private Stage(Daemon daemon, IBrowserContext window, IPage page, DirectoryInfo folder)
    {
        Daemon = daemon;
        Page = page;
        _window = window;
        _folder = folder;
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

    /// <summary>A new folder for what a test makes.</summary>
    public string Folder(string name) => _folder.CreateSubdirectory(name).FullName;

    /// <summary>A node with its page open and signed in.</summary>
    public static async Task<Stage> OpenAsync(Browser browser, bool isFirstRun = false, int width = 1360, int height = 860, bool isDark = false, bool signIn = true)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("compeer-page-");
        Daemon daemon = await Daemon.StartAsync(folder.FullName, isFirstRun);
        IBrowserContext window = await browser.NewWindowAsync(width, height, isDark);
        var stage = new Stage(daemon, window, await window.NewPageAsync(), folder);
        stage.Page.SetDefaultTimeout(15_000);
        await stage.Page.GotoAsync(signIn ? daemon.Link : daemon.Url);
        if (signIn && !isFirstRun)
            await stage.SeesAsync("Transfers");
        return stage;
    }

    /// <summary>Goes to a page of the menu and waits for its heading.</summary>
    public async Task GoAsync(string name)
    {
        await Page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" }).GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).ClickAsync();
        await SeesAsync(name);
    }

    /// <summary>Waits for a heading.</summary>
    public Task SeesAsync(string heading) => Assertions.Expect(Page.GetByRole(AriaRole.Heading, new() { Name = heading, Exact = true }).First).ToBeVisibleAsync(new() { Timeout = 15_000 });

    /// <summary>Waits until a text stands somewhere.</summary>
    public Task ReadsAsync(string text) => Assertions.Expect(Page.GetByText(text).First).ToBeVisibleAsync(new() { Timeout = 15_000 });

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
        await Daemon.DisposeAsync();
        _folder.Delete(recursive: true);
        Assert.Empty(_errors);
    }
}
