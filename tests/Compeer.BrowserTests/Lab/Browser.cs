namespace Compeer.BrowserTests.Lab;

/// <summary>One Chromium for all classes that run at the same time; each test opens a window of its own that shares nothing with others.</summary>
public static class Browser
{
    private static readonly SemaphoreSlim Door = new(1);
    private static int _guests;
    private static IPlaywright? _playwright;
    private static IBrowser? _browser;

    public static async Task EnterAsync()
    {
        await Door.WaitAsync();
        try
        {
            if (_guests++ > 0)
                return;
            Assertions.SetDefaultExpectTimeout(30_000);
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Programs.Chromium, Args = ["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"] });
        }
        finally
        {
            Door.Release();
        }
    }

    public static async Task LeaveAsync()
    {
        await Door.WaitAsync();
        try
        {
            if (--_guests > 0)
                return;
            if (_browser is not null)
                await _browser.DisposeAsync();
            _playwright?.Dispose();
            (_browser, _playwright) = (null, null);
        }
        finally
        {
            Door.Release();
        }
    }

    public static async Task<IBrowserContext> NewWindowAsync(int width, int height, bool isDark) => await _browser!.NewContextAsync(new()
    {
        ViewportSize = new() { Width = width, Height = height },
        ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
        Locale = "en-GB",
        ReducedMotion = ReducedMotion.Reduce,
    });
}
