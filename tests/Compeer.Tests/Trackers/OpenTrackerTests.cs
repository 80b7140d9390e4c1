using System.Globalization;
using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.Trackers;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>Our client asks opentracker, a tracker that nobody here wrote.</summary>
public sealed class OpenTrackerTests
{
    private const string Program = "/usr/bin/opentracker";
    private static readonly Sha1Hash Swarm = Sha1Hash.Of("a swarm"u8);
    private static readonly Sha1Hash Unknown = Sha1Hash.Of("not on its list"u8);

    [Theory]
    [InlineData("http")]
    [InlineData("udp")]
    public async Task Our_client_joins_learns_of_peers_counts_and_leaves(string scheme)
    {
        if (!LoopbackProcess.IsPresent(Program, File.Exists(Program)))
            return;
        DirectoryInfo directory = Directory.CreateTempSubdirectory("compeer-opentracker");
        try
        {
            // It reads its list as nobody once it has given up being root.
            if (!OperatingSystem.IsWindows())
                directory.UnixFileMode |= UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
            int port = LoopbackProcess.FreePort();
            string list = Path.Combine(directory.FullName, "list");
            string configuration = Path.Combine(directory.FullName, "conf");
            await File.WriteAllTextAsync(list, $"{Swarm}\n");
            await File.WriteAllTextAsync(configuration, string.Create(CultureInfo.InvariantCulture, $"listen.tcp_udp 127.0.0.1:{port}\naccess.whitelist {list}\n"));
            await using var tracker = new LoopbackProcess(Program, "-f", configuration);
            await ServesAsync(tracker, new Uri($"http://127.0.0.1:{port}/announce"));
            await ConverseAsync(new Uri($"{scheme}://127.0.0.1:{port}/announce"), scheme);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Waits until it listens and has read which swarms it serves, by announcing the peer that comes first anyway.</summary>
    private static async Task ServesAsync(LoopbackProcess tracker, Uri url)
    {
        using var client = new TrackerClient(new TrackerClientOptions());
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        AnnounceResult result;
        int attempts = 0;
        do
        {
            Assert.True(attempts++ < 400, tracker.Output);
            await timer.WaitForNextTickAsync();
            result = await client.AnnounceAsync(url, Request(1001, AnnounceEvent.Started, left: 0), CancellationToken.None);
        }
        while (!result.IsSuccess);
    }

    private static async Task ConverseAsync(Uri url, string scheme)
    {
        using var client = new TrackerClient(new TrackerClientOptions());
        AnnounceResult first = await client.AnnounceAsync(url, Request(1001, AnnounceEvent.None, left: 0), default);
        Assert.True(first.IsSuccess, first.ToString());
        AnnounceResponse second = (await client.AnnounceAsync(url, Request(1002, AnnounceEvent.Started, left: 5), default)).Response!;
        Assert.Contains(new IPEndPoint(IPAddress.Loopback, 1001), second.Peers);
        Assert.True(second.Interval > TimeSpan.FromMinutes(1));
        Assert.Equal((1, 1), (second.Seeders, second.Leechers));

        await client.AnnounceAsync(url, Request(1002, AnnounceEvent.Completed, left: 0), default);
        ScrapeResult scrape = await client.ScrapeAsync(url, [Swarm], default);
        Assert.Equal(new SwarmCounts(2, 0, 1), scrape.Swarms![Swarm]);

        await client.AnnounceAsync(url, Request(1002, AnnounceEvent.Stopped, left: 0), default);
        Assert.Equal(1, (await client.ScrapeAsync(url, [Swarm], default)).Swarms![Swarm].Seeders);

        // Over UDP it says nothing about swarms that it does not serve; the time-out has tests of its own.
        if (scheme == "http")
        {
            AnnounceResult refused = await client.AnnounceAsync(url, Request(1003, AnnounceEvent.Started, left: 5) with { InfoHash = Unknown }, default);
            Assert.Equal(TrackerFailureKind.Refused, refused.Failure!.Kind);
        }
    }

    private static AnnounceRequest Request(int port, AnnounceEvent happened, long left) => new()
    {
        InfoHash = Swarm,
        PeerId = PeerId.Create([.. BitConverter.GetBytes(port), .. new byte[8]]),
        Port = port,
        Left = left,
        Event = happened,
        Key = (uint)port,
    };
}
