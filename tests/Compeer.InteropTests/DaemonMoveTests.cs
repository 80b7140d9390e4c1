using System.Text.Json.Nodes;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Files of the daemon's torrents go to other folders and other file systems, driven by others, killed in the midst, without room.</summary>
public sealed class DaemonMoveTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [ForeignFact(Needs.TransmissionRemote)]
    public async Task Transmission_remote_moves_and_finds()
    {
        TestContent content = contents.Folder;
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(host, content, "v1");
        string first = network.NewDirectory("first"), second = Path.Combine(network.NewDirectory("second"), "below");
        content.CopyTo(first);
        string data = network.NewDirectory("node");
        CompeerDaemon daemon = await CompeerDaemon.StartAsync(host, data);
        await daemon.RunAsync("add", torrent.Path, "--dir", first);
        await daemon.RemoteUntilAsync(l => l.Contains("100%", StringComparison.Ordinal), Limit, "-l");

        Assert.Contains("success", await daemon.RemoteAsync("-t", "1", "--move", second), StringComparison.Ordinal);
        content.AssertIsIn(second);
        Assert.Empty(Directory.GetFileSystemEntries(first));
        Assert.Contains(second, await daemon.RemoteAsync("-t", "1", "-i"), StringComparison.Ordinal);
        await daemon.RemoteUntilAsync(l => l.Contains("100%", StringComparison.Ordinal), Limit, "-l");

        string[] journals = Directory.GetDirectories(Path.Combine(data, "torrents"));
        Assert.Single(journals);
        Directory.Move(second, first + "/by-hand");
        Assert.Contains("success", await daemon.RemoteAsync("-t", "1", "--find", first + "/by-hand"), StringComparison.Ordinal);
        await daemon.RemoteUntilAsync(l => l.Contains("100%", StringComparison.Ordinal), Limit, "-l");
        string after = Assert.Single(Directory.GetDirectories(Path.Combine(data, "torrents")));
        Assert.NotEqual(journals[0], after);
    }

    [ForeignFact(Needs.None)]
    public async Task Killed_while_it_copies_to_another_file_system_it_loses_nothing_and_ends_there()
    {
        TestContent content = contents.Mebibytes(96);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(host, content, "v1");
        string data = network.NewDirectory("node"), first = network.NewDirectory("first");
        // The lab's folders are in memory; this one is on the disk.
        string other = Directory.CreateTempSubdirectory("compeer-move-").FullName;
        try
        {
            content.CopyTo(first);
            CompeerDaemon daemon = await CompeerDaemon.StartAsync(host, data);
            string id = (await daemon.RunAsync("add", torrent.Path, "--dir", first))["id"]!.GetValue<string>();
            await UntilAsync(daemon, id, t => t["state"]!.GetValue<string>() == "seeding");
            Task<JsonNode> moving = daemon.RunAsync("move", id, other);
            long start = TimeProvider.System.GetTimestamp();
            while (Directory.GetFiles(other).Length == 0)
                Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, daemon.Said);
            await daemon.KillAsync();
            await Task.WhenAny(moving);
            Assert.Contains(true, new[] { first, other }.Select(d => File.Exists(Path.Combine(d, content.Name))));

            daemon = await CompeerDaemon.StartAsync(host, data);
            JsonNode after = await UntilAsync(daemon, id, t => t["state"]!.GetValue<string>() == "seeding" && t["directory"]!.GetValue<string>() == other);
            Assert.Equal(1, after["progress"]!.GetValue<double>());
            content.AssertIsIn(other);
            Assert.Empty(Directory.GetFileSystemEntries(first));
        }
        finally
        {
            Directory.Delete(other, recursive: true);
        }
    }

    [ForeignFact(Needs.None)]
    public async Task A_target_without_room_is_refused_and_it_goes_on_where_it_was()
    {
        TestContent content = contents.Mebibytes(4);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(host, content, "v1");
        string first = network.NewDirectory("first"), small = network.NewDirectory("small");
        content.CopyTo(first);
        // Before the daemon starts: a program in a network of its own does not see what is mounted later.
        await LabTool.RunAsync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
        try
        {
            CompeerDaemon daemon = await CompeerDaemon.StartAsync(host, network.NewDirectory("node"));
            string id = (await daemon.RunAsync("add", torrent.Path, "--dir", first))["id"]!.GetValue<string>();
            await UntilAsync(daemon, id, t => t["state"]!.GetValue<string>() == "seeding");
            LabException refused = await Assert.ThrowsAsync<LabException>(() => daemon.PrintAsync("move", id, small));
            Assert.Contains("No room", refused.Message, StringComparison.Ordinal);
            JsonNode after = await UntilAsync(daemon, id, t => t["state"]!.GetValue<string>() == "seeding");
            Assert.Equal((first, 1d), (after["directory"]!.GetValue<string>(), after["progress"]!.GetValue<double>()));
            content.AssertIsIn(first);
            Assert.Empty(Directory.GetFileSystemEntries(small));
        }
        finally
        {
            await LabTool.RunAsync("umount", [small]);
        }
    }

    private static async Task<JsonNode> UntilAsync(CompeerDaemon daemon, string id, Func<JsonNode, bool> fits)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            JsonNode torrent = (await daemon.ListAsync())[id];
            if (fits(torrent))
                return torrent;
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, $"{torrent}\n{daemon.Said}");
            await Task.Delay(100);
        }
    }
}
