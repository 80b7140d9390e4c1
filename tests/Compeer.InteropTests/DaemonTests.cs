using System.Text.Json.Nodes;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>The daemon: driven by Transmission's own program, killed again and again, stopped.</summary>
public sealed class DaemonTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [ForeignFact(Needs.Libtorrent | Needs.TransmissionRemote)]
    public async Task Transmission_remote_adds_lists_stops_starts_limits_and_removes()
    {
        TestContent content = contents.Mebibytes(4);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), nodeHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent);
        string directory = network.NewDirectory("got");
        CompeerDaemon daemon = await CompeerDaemon.StartAsync(nodeHost, network.NewDirectory("node"));

        Assert.Contains("Compeer", await daemon.RemoteAsync("-si"), StringComparison.Ordinal);
        Assert.Contains("success", await daemon.RemoteAsync("-w", directory, "-a", $"{torrent.Magnet}&x.pe={seedHost.At(ForeignPeers.Port)}"), StringComparison.Ordinal);
        string list = await daemon.RemoteUntilAsync(l => l.Contains("100%", StringComparison.Ordinal), Limit, "-l");
        Assert.Contains(content.Name, list, StringComparison.Ordinal);
        content.AssertIsIn(directory);

        string details = await daemon.RemoteAsync("-t", "1", "-i");
        Assert.Contains(torrent.V1, details, StringComparison.Ordinal);
        Assert.Contains(directory, details, StringComparison.Ordinal);
        Assert.Contains(content.Name, await daemon.RemoteAsync("-t", torrent.V1, "-f"), StringComparison.Ordinal);
        Assert.Contains("success", await daemon.RemoteAsync("-t", "1", "-G", "0"), StringComparison.Ordinal);
        Assert.Contains("No", await daemon.RemoteUntilAsync(f => f.Contains(" No ", StringComparison.Ordinal), Limit, "-t", "1", "-f"), StringComparison.Ordinal);
        Assert.Contains("success", await daemon.RemoteAsync("-t", "1", "-g", "0"), StringComparison.Ordinal);

        Assert.Contains("success", await daemon.RemoteAsync("-t", "1", "-S"), StringComparison.Ordinal);
        await daemon.RemoteUntilAsync(l => l.Contains("Stopped", StringComparison.Ordinal), Limit, "-l");
        Assert.Contains("success", await daemon.RemoteAsync("-t", "1", "-s"), StringComparison.Ordinal);
        await daemon.RemoteUntilAsync(l => !l.Contains("Stopped", StringComparison.Ordinal), Limit, "-l");

        Assert.Contains("success", await daemon.RemoteAsync("-d", "100", "-u", "50"), StringComparison.Ordinal);
        JsonNode limits = await daemon.RunAsync("limits");
        Assert.Equal(100_000, limits["active"]!["down"]!.GetValue<long>());
        Assert.Equal(50_000, limits["active"]!["up"]!.GetValue<long>());
        Assert.Contains("success", await daemon.RemoteAsync("-D", "-U"), StringComparison.Ordinal);
        Assert.Contains("Uploaded", await daemon.RemoteAsync("-st"), StringComparison.Ordinal);

        Assert.Contains("success", await daemon.RemoteAsync("-w", directory, "-a", torrent.Path), StringComparison.Ordinal);
        Assert.Single(await daemon.ListAsync());
        Assert.Contains("success", await daemon.RemoteAsync("-t", "1", "-r"), StringComparison.Ordinal);
        Assert.Empty(await daemon.ListAsync());
        content.AssertIsIn(directory);

        Assert.Contains("success", await daemon.RemoteAsync("-w", directory, "-a", torrent.Path), StringComparison.Ordinal);
        await daemon.RemoteUntilAsync(l => l.Contains("100%", StringComparison.Ordinal), Limit, "-l");
        Assert.Contains("success", await daemon.RemoteAsync("-t", torrent.V1, "-rad"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(directory, content.Name)));
    }

    [ForeignFact(Needs.TransmissionRemote)]
    public async Task A_wrong_password_opens_nothing_and_a_second_daemon_does_not_start()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync();
        string data = network.NewDirectory("node");
        await CompeerDaemon.StartAsync(host, data);
        LabException refused = await Assert.ThrowsAsync<LabException>(() => LabTool.RunInAsync(host.Namespace, "transmission-remote", ["127.0.0.1:7373", "-n", "anybody:wrong", "-l"]));
        Assert.DoesNotContain("Sum:", refused.Message, StringComparison.Ordinal);
        LabException second = await Assert.ThrowsAsync<LabException>(() => CompeerDaemon.StartAsync(host, data));
        Assert.Contains("already uses the data directory", second.Message, StringComparison.Ordinal);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Get_share_and_doctor_leave_the_work_to_it()
    {
        TestContent content = contents.Mebibytes(4);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), nodeHost = await network.AddHostAsync(), friendHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent);
        string directory = network.NewDirectory("got"), friends = network.NewDirectory("friend");
        CompeerDaemon daemon = await CompeerDaemon.StartAsync(nodeHost, network.NewDirectory("node"));

        string got = await daemon.PrintAsync("get", torrent.Magnet, "--peer", seedHost.At(ForeignPeers.Port), "--dir", directory, "--json");
        Assert.Contains("\"event\":\"complete\"", got, StringComparison.Ordinal);
        content.AssertIsIn(directory);
        Assert.Equal("seeding", Assert.Single(await daemon.ListAsync()).Value["state"]!.GetValue<string>());

        JsonEvent sharing = (await daemon.PrintAsync("share", contents.Single.Path, "--json")).Split('\n').Select(JsonEvent.TryParse).Single(e => e?.Name == "sharing")!;
        LibtorrentPeer friend = await LibtorrentPeer.LeechMagnetAsync(friendHost, sharing.Text("link"), friends, new());
        await friend.CompleteAsync(Limit);
        contents.Single.AssertIsIn(friends);

        Assert.Equal(7001, (await daemon.DoctorAsync()).Bytes("port"));
        Assert.Equal(2, (await daemon.ListAsync()).Count);
    }

    [ForeignFact(Needs.None)]
    public async Task Commands_reach_it_over_TLS_where_it_is_bound_elsewhere_and_refuse_another_certificate()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync(), other = await network.AddHostAsync();
        string data = network.NewDirectory("node"), others = network.NewDirectory("other");
        CompeerDaemon daemon = await CompeerDaemon.StartAsync(host, data, "--api", host.At(7373));
        Assert.StartsWith($"https://{host.Address}:", File.ReadAllText(Path.Combine(data, "api")), StringComparison.Ordinal);
        string id = (await daemon.RunAsync("add", Link(1), "--paused", "--label", "kept"))["id"]!.GetValue<string>();
        await daemon.RunAsync("resume", id);
        await daemon.RunAsync("limits", "--up", "500K");
        Assert.Equal(500 * 1024, (await daemon.RunAsync("limits"))["active"]!["up"]!.GetValue<long>());
        Assert.Equal(id, Assert.Single(await daemon.ListAsync()).Key);
        Assert.Contains(id, await daemon.PrintAsync("pause", id), StringComparison.OrdinalIgnoreCase);

        // As for one between the command and the node: what answers has another key than the data directory says.
        CompeerDaemon everywhere = await CompeerDaemon.StartAsync(other, others, "--api", "0.0.0.0:7373");
        Assert.Empty(await everywhere.ListAsync());
        File.Copy(Path.Combine(others, "tls.pem"), Path.Combine(data, "tls.pem"), overwrite: true);
        LabException refused = await Assert.ThrowsAsync<LabException>(() => daemon.PrintAsync("list"));
        Assert.Contains("certificate", refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Its_tracker_tells_foreign_peers_of_each_other()
    {
        TestContent content = contents.Mebibytes(4);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), nodeHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        CompeerDaemon daemon = await CompeerDaemon.StartAsync(nodeHost, network.NewDirectory("node"), "--set", $"tracker-udp={nodeHost.At(6969)}");
        await daemon.PrintAsync("config", $"tracker-http={nodeHost.At(6969)}", "tracker=true");
        JsonNode tracker = await TrackerUntilAsync(daemon, t => t["http"] is not null && t["udp"] is not null);
        foreach (string scheme in (string[])["http", "udp"])
        {
            TorrentFacts torrent = await Torrents.CreateAsync(seedHost, scheme == "http" ? content : contents.Single, "v1", trackers: tracker[scheme]!.GetValue<string>());
            TestContent expected = scheme == "http" ? content : contents.Single;
            string got = network.NewDirectory("got-" + scheme);
            var options = new LibtorrentOptions { Port = scheme == "http" ? 6881 : 6882 };
            await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, expected.Parent, options);
            LibtorrentPeer leech = await LibtorrentPeer.LeechAsync(leechHost, torrent.Path, got, options);
            await leech.CompleteAsync(Limit);
            expected.AssertIsIn(got);
        }
        tracker = await TrackerUntilAsync(daemon, t => t["swarms"]!.GetValue<int>() == 2);
        Assert.InRange(tracker["peers"]!.GetValue<int>(), 2, 4);
    }

    private static async Task<JsonNode> TrackerUntilAsync(CompeerDaemon daemon, Predicate<JsonNode> fits)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            JsonNode tracker = (await daemon.GetAsync("network"))["tracker"]!;
            if (fits(tracker))
                return tracker;
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, tracker.ToJsonString());
            await Task.Delay(100);
        }
    }

    [ForeignFact(Needs.Libtorrent)]
    public Task Nothing_is_lost_when_the_daemon_is_killed() => KilledAsync(4);

    [NightlyForeignFact(Needs.Libtorrent)]
    public Task Nothing_is_lost_when_the_daemon_is_killed_25_times() => KilledAsync(25);

    [ForeignFact(Needs.None)]
    public async Task It_stops_when_asked_and_remembers()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync();
        string data = network.NewDirectory("node");
        CompeerDaemon daemon = await CompeerDaemon.StartAsync(host, data);
        await daemon.RunAsync("add", Link(1), "--label", "kept", "--paused");
        daemon.Send(Signal.Terminate);
        Assert.Equal(0, await daemon.WaitForExitAsync(Limit));
        Assert.False(File.Exists(Path.Combine(data, "api")));

        daemon = await CompeerDaemon.StartAsync(host, data);
        JsonNode torrent = Assert.Single(await daemon.ListAsync()).Value;
        Assert.Equal("kept", torrent["labels"]![0]!.GetValue<string>());
        Assert.Equal("paused", torrent["state"]!.GetValue<string>());
    }

    private static string Link(int number) => $"magnet:?xt=urn:btih:{number:x40}&dn=torrent%20{number}";

    /// <summary>Kills the daemon in the midst of additions and of a download; what it had confirmed is there afterwards, and the download ends right.</summary>
    private async Task KilledAsync(int rounds)
    {
        TestContent content = contents.Mebibytes(24);
        var random = new Random(rounds);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), nodeHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent);
        string directory = network.NewDirectory("got"), data = network.NewDirectory("node");
        var confirmed = new HashSet<string> { torrent.V1 };

        CompeerDaemon daemon = await CompeerDaemon.StartAsync(nodeHost, data, "--limit-down", "1MiB");
        await daemon.RunAsync("add", $"{torrent.Magnet}&x.pe={seedHost.At(ForeignPeers.Port)}", "--dir", directory, "--label", "film");
        for (int round = 1; round <= rounds; round++)
        {
            Task adding = AddUntilKilledAsync(daemon, round, confirmed);
            await Task.Delay(random.Next(300, 2500));
            await daemon.KillAsync();
            await adding;
            daemon = await CompeerDaemon.StartAsync(nodeHost, data, round < rounds ? ["--limit-down", "1MiB"] : []);
            Dictionary<string, JsonNode> left = await daemon.ListAsync();
            Assert.Empty(confirmed.Except(left.Keys));
            Assert.Equal("film", left[torrent.V1]["labels"]![0]!.GetValue<string>());
        }
        long start = TimeProvider.System.GetTimestamp();
        while ((await daemon.ListAsync())[torrent.V1]["progress"]!.GetValue<double>() < 1)
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, daemon.Said);
        content.AssertIsIn(directory);
    }

    private static async Task AddUntilKilledAsync(CompeerDaemon daemon, int round, HashSet<string> confirmed)
    {
        for (int i = 0; i < 1000 && !daemon.HasExited; i++)
        {
            try
            {
                confirmed.Add((await daemon.RunAsync("add", Link((round * 1000) + i)))["id"]!.GetValue<string>());
            }
            catch (LabException)
            {
                // The daemon was killed before it could confirm; the torrent may be there or not.
            }
        }
    }
}
