namespace Compeer.InteropTests.Lab;

/// <summary>One seed and any number of leechers, all of them compeer, that meet through opentracker.</summary>
public sealed class Swarm
{
    private const int Port = 7001;

    private readonly LabNetwork _network;
    private readonly TestContent _content;
    private readonly List<string> _directories = [];
    private readonly List<CompeerProcess> _leechers = [];

    private Swarm(LabNetwork network, TestContent content, TorrentFacts torrent, CompeerProcess seed)
    {
        _network = network;
        _content = content;
        Torrent = torrent;
        Seed = seed;
    }

    public TorrentFacts Torrent { get; }

    public CompeerProcess Seed { get; }

    public string SeedAddress => Seed.Host.At(Port);

    public IReadOnlyList<CompeerProcess> Leechers => _leechers;

    public IEnumerable<string> LeecherAddresses => _leechers.Select(leecher => leecher.Host.At(Port));

    /// <summary>Starts the tracker and the seed; returns when the tracker lists it.</summary>
    public static async Task<Swarm> StartAsync(LabNetwork network, TestContent content, string seedRate)
    {
        LabHost trackerHost = await network.AddHostAsync(), seedHost = await network.AddHostAsync();
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(seedHost, content, "v1", OpenTracker.HttpUrlOn(trackerHost));
        OpenTracker tracker = await OpenTracker.StartAsync(trackerHost, torrent.V1);
        CompeerProcess seed = await CompeerProcess.SeedAsync(seedHost, torrent.Path, content.Parent, new() { Port = Port, LimitUp = seedRate });
        await TrackerProbe.WaitForPeersAsync(tracker.HttpUrl, torrent.V1, 1, TimeSpan.FromSeconds(30));
        return new Swarm(network, content, torrent, seed);
    }

    /// <summary>Starts leechers at the same time; they go on seeding when they are complete.</summary>
    public async Task AddLeechersAsync(int count, string rate)
    {
        LabHost[] hosts = new LabHost[count];
        for (int i = 0; i < count; i++)
            hosts[i] = await _network.AddHostAsync();
        foreach (LabHost host in hosts)
        {
            string directory = _network.NewDirectory($"got{_directories.Count}");
            _directories.Add(directory);
            _leechers.Add(CompeerProcess.Get(host, Torrent.Path, directory, new() { Port = Port, LimitUp = rate, KeepSeeding = true }));
        }
    }

    /// <summary>Waits for all leechers; when each was complete.</summary>
    public async Task<DateTimeOffset[]> CompleteAsync(TimeSpan timeout) =>
        [.. (await Task.WhenAll(_leechers.Select(leecher => leecher.WaitForAsync("complete", timeout)))).Select(complete => complete.At)];

    /// <summary>Asserts that every leecher has every byte.</summary>
    public void AssertContent()
    {
        foreach (string directory in _directories)
            _content.AssertIsIn(directory);
    }
}
