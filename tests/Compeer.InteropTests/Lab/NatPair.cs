namespace Compeer.InteropTests.Lab;

/// <summary>
/// A sharer behind one router, a getter behind another, a tracker, and a slow public leecher that both can dial, so that it
/// can introduce them but is of little use as a source.
/// </summary>
public sealed class NatPair
{
    private const int Port = 7001;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

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

    /// <summary>The relay; null when there is none.</summary>
    public LabRelay? Relay { get; private set; }

    public LabRouter ShareRouter { get; }

    public LabHost ShareHost { get; }

    public LabRouter GetRouter { get; }

    public LabHost GetHost { get; }

    /// <summary>Where the getter puts the content.</summary>
    public string Directory { get; }

    public JsonProcess Share { get; private set; } = null!;

    public JsonProcess Get { get; private set; } = null!;

    public DateTimeOffset GetStarted { get; private set; }

    /// <summary>Starts everything, the getter last.</summary>
    public static async Task<NatPair> StartAsync(LabNetwork network, TestContent content, NatKind shareKind, NatKind getKind, NatPairOptions options)
    {
        LabHost trackerHost = await network.AddHostAsync(), meetHost = await network.AddHostAsync();
        LabRouter shareRouter = await network.AddRouterAsync(shareKind), getRouter = await network.AddRouterAsync(getKind);
        var pair = new NatPair(content, shareRouter, await shareRouter.AddHostAsync(), getRouter, await getRouter.AddHostAsync(), network.NewDirectory("got"));
        pair.Relay = options.Relay == RelayKind.None ? null : await LabRelay.StartAsync(network, options.Relay);
        await CompeerProcess.TrackerAsync(trackerHost, OpenTracker.Port, OpenTracker.Port);
        string url = OpenTracker.HttpUrlOn(trackerHost);
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(meetHost, content, "v1", url);
        // Whoever comes later learns of those before it, so the public peer is there first.
        JsonProcess meet = await MeetAsync(meetHost, torrent, options);
        await TrackerProbe.WaitForPeersAsync(url, torrent.V1, 1, Limit);
        pair.Share = await ShareAsync(pair.ShareHost, torrent, content, options, options.SharerRelays ? pair.Relay?.Address : null);
        await (options.LibtorrentIntroduces ? pair.Share : meet).WaitForAsync(
            e => IsConnection(e, options.LibtorrentIntroduces ? meetHost : pair.ShareHost), "a connection of the sharer and the public peer", Limit);
        pair.GetStarted = DateTimeOffset.UtcNow;
        pair.Get = options.LibtorrentGets
            ? await LibtorrentPeer.LeechAsync(pair.GetHost, torrent.Path, pair.Directory, new() { Port = Port, UtpOnly = options.UtpOnly })
            : CompeerProcess.Get(pair.GetHost, torrent.Path, pair.Directory, new() { Port = Port, UtpOnly = options.UtpOnly, TcpOnly = options.TcpOnly, Encryption = options.Encryption, Relay = options.GetterRelays ? pair.Relay?.Address : null, LimitDown = options.GetterLimit });
        return pair;
    }

    private static async Task<JsonProcess> MeetAsync(LabHost host, TorrentFacts torrent, NatPairOptions options)
    {
        // Not slower: what a peer is told waits behind the pieces that its limit holds back.
        string directory = host.Network.NewDirectory("met");
        return options.LibtorrentIntroduces
            ? await LibtorrentPeer.LeechAsync(host, torrent.Path, directory, new() { Port = Port, LimitDown = 512 << 10, UtpOnly = options.UtpOnly })
            : CompeerProcess.Get(host, torrent.Path, directory, new() { Port = Port, Encryption = options.Encryption, LimitDown = "512KiB", LimitUp = "16KiB" });
    }

    private static async Task<JsonProcess> ShareAsync(LabHost host, TorrentFacts torrent, TestContent content, NatPairOptions options, string? relay) => options.LibtorrentShares
        ? await LibtorrentPeer.SeedAsync(host, torrent.Path, content.Parent, new() { Port = Port, UtpOnly = options.UtpOnly })
        : await CompeerProcess.SeedAsync(host, torrent.Path, content.Parent, new() { Port = Port, UtpOnly = options.UtpOnly, TcpOnly = options.TcpOnly, Encryption = options.Encryption, Relay = relay });

    private static bool IsConnection(JsonEvent e, LabHost with) =>
        e.Name == "peer" && e.Text("state") == "connected" && e.Text("address").StartsWith(with.PublicAddress + ":", StringComparison.Ordinal);

    /// <summary>Whether an event tells that the sharer is connected.</summary>
    public bool IsSharer(JsonEvent e) => IsConnection(e, ShareHost);

    /// <summary>Whether an event tells that the getter is connected.</summary>
    public bool IsGetter(JsonEvent e) => IsConnection(e, GetHost);

    public void AssertContent() => Content.AssertIsIn(Directory);
}
