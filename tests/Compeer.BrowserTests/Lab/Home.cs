namespace Compeer.BrowserTests.Lab;

/// <summary>What the tests of a class share: the browser, a folder, and one node that is started when the first of them needs it.</summary>
public sealed class Home : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("compeer-page-");
    private readonly Lazy<Task<Daemon>> _daemon;
    private readonly List<Daemon> _others = [];
    private bool _isInside;

    public Home() => _daemon = new(() => Daemon.StartAsync(_folder.CreateSubdirectory("node").FullName));

    public async Task InitializeAsync()
    {
        // Skipped tests still ask for their fixture.
        if (Programs.SkipReason is not null)
            return;
        await Browser.EnterAsync();
        _isInside = true;
    }

    /// <summary>A window on the node that the class shares.</summary>
    public async Task<Stage> OpenAsync(int width = 1360, int height = 860, bool isDark = false, bool signIn = true) =>
        await Stage.OpenAsync(await _daemon.Value, width, height, isDark, signIn);

    /// <summary>A window on a node that nobody else uses.</summary>
    /// <param name="isFirstRun">Nothing has been chosen yet.</param>
    /// <param name="paused">So many paused magnet links are in its state already, "volume 0" and up.</param>
    /// <param name="dhtEntry">A node of the DHT in which it takes part.</param>
    public async Task<Stage> OpenOwnAsync(bool isFirstRun = false, int paused = 0, string? dhtEntry = null)
    {
        string folder = _folder.CreateSubdirectory(Guid.NewGuid().ToString("n")).FullName;
        if (paused > 0)
            await StateFile.WriteAsync(Path.Combine(folder, "data"), Path.Combine(folder, "downloads"), paused);
        Daemon daemon = await Daemon.StartAsync(folder, isFirstRun, dhtEntry);
        _others.Add(daemon);
        return await Stage.OpenAsync(daemon, 1360, 860, isDark: false, signIn: true, isFirstRun);
    }

    /// <summary>A new folder that lives as long as the class.</summary>
    public string Folder(string name) => _folder.CreateSubdirectory(Path.Combine("made", name)).FullName;

    public async Task DisposeAsync()
    {
        foreach (Daemon daemon in _others)
            await daemon.DisposeAsync();
        if (_daemon is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _daemon.Value).DisposeAsync();
        if (_isInside)
            await Browser.LeaveAsync();
        _folder.Delete(recursive: true);
    }
}
