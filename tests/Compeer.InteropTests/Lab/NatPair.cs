namespace Compeer.InteropTests.Lab;

/// <summary>
/// A sharer behind one router, a getter behind another, a tracker, and a slow public leecher that both can dial, so that it
/// can introduce them but is of little use as a source.
/// </summary>
public sealed class NatPair
{
    private const int Port = 7001;

    private NatPair(TestContent content, LabRouter shareRouter, LabHost shareHost, LabRouter getRouter, LabHost getHost, string directory)
    {
        Content = content;
        ShareRouter = shareRouter;
        ShareHost = shareHost;
        GetRouter = getRouter;
        GetHost = getHost;
        Directory = directory;
    }

    public TestContent Content { get; }

    public LabRouter ShareRouter { get; }

    public LabHost ShareHost { get; }

    public LabRouter GetRouter { get; }

    public LabHost GetHost { get; }

    /// <summary>Where the getter puts the content.</summary>
    public string Directory { get; }

    public CompeerProcess Get { get; private set; } = null!;

    public DateTimeOffset GetStarted { get; private set; }

    /// <summary>Starts everything, the getter last.</summary>
    public static async Task<NatPair> StartAsync(LabNetwork network, TestContent content, NatKind shareKind, NatKind getKind)
    {
        LabHost trackerHost = await network.AddHostAsync(), meetHost = await network.AddHostAsync();
        LabRouter shareRouter = await network.AddRouterAsync(shareKind), getRouter = await network.AddRouterAsync(getKind);
        var pair = new NatPair(content, shareRouter, await shareRouter.AddHostAsync(), getRouter, await getRouter.AddHostAsync(), network.NewDirectory("got"));
        await CompeerProcess.TrackerAsync(trackerHost, OpenTracker.Port, OpenTracker.Port);
        string url = OpenTracker.HttpUrlOn(trackerHost);
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(meetHost, content, "v1", url);
        // It may not be slower than that: what it is told waits behind the pieces that its limit holds back.
        // Whoever comes later learns of those before it; the public peer is there first.
        CompeerProcess.Get(meetHost, torrent.Path, network.NewDirectory("met"), new() { Port = Port, LimitDown = "512KiB", LimitUp = "16KiB" });
        await TrackerProbe.WaitForPeersAsync(url, torrent.V1, 1, TimeSpan.FromSeconds(20));
        CompeerProcess share = await CompeerProcess.SeedAsync(pair.ShareHost, torrent.Path, content.Parent, new() { Port = Port });
        await share.WaitForAsync(e => e.Name == "peer" && e.Text("state") == "connected" && e.Text("address").StartsWith(meetHost.Address + ":", StringComparison.Ordinal), "a connection to the public peer", TimeSpan.FromSeconds(20));
        pair.GetStarted = DateTimeOffset.UtcNow;
        pair.Get = CompeerProcess.Get(pair.GetHost, torrent.Path, pair.Directory, new() { Port = Port });
        return pair;
    }

    /// <summary>Whether an event tells that the sharer is connected.</summary>
    public bool IsSharer(JsonEvent e) =>
        e.Name == "peer" && e.Text("state") == "connected" && e.Text("address").StartsWith(ShareHost.PublicAddress + ":", StringComparison.Ordinal);

    public void AssertContent() => Content.AssertIsIn(Directory);
}
