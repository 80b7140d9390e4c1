using System.Diagnostics;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Power cuts: what was finished stays finished, and is not read again.</summary>
public sealed class CrashTests(TestContents contents) : IClassFixture<TestContents>
{
    private const double MostHashedAgain = 0.05;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData(25, "v1", ContentKind.SingleFile, "2MiB")]
    [InlineData(8, "hybrid", ContentKind.Folder500, "1MiB")]
    public async Task A_download_survives_kill_9_at_any_moment(int rounds, string format, ContentKind kind, string rate)
    {
        TestContent content = contents.Of(kind);
        var random = new Random(rounds);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, format);
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent);
        string directory = network.NewDirectory("got"), data = network.NewDirectory("state");
        var options = new CompeerOptions { Peers = [seedHost.At(ForeignPeers.Port)], DataDirectory = data };

        // A good part first, so that 5 % of it is more than one piece.
        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, options with { LimitDown = "8MiB" });
        await get.WaitForAsync(e => e.Name == "progress" && e.Number("percent") >= 25, "a quarter", Limit);
        await get.KillAsync();
        long finished = get.VerifiedBytes;

        for (int round = 1; round <= rounds; round++)
        {
            bool last = round == rounds;
            get = CompeerProcess.Get(getHost, torrent.Path, directory, last ? options : options with { LimitDown = rate });
            if (last)
            {
                await get.WaitForSuccessAsync(Limit);
            }
            else
            {
                // Every fifth is killed while it starts, the others while they download.
                if (round % 5 != 0)
                    await get.WaitForAsync(e => e.Name == "progress" && e.Bytes("verifiedBytes") > 0, "progress", Limit);
                await Task.Delay(random.Next(0, 800));
                await get.KillAsync();
            }
            Assert.True(get.RehashedBytes < MostHashedAgain * Math.Max(finished, get.VerifiedBytes), $"round {round}: {get.RehashedBytes} bytes hashed again of {finished} finished");
            if (get.VerifiedBytes > 0)
                Assert.True(get.VerifiedBytes >= (1 - MostHashedAgain) * finished, $"round {round}: {get.VerifiedBytes} bytes left of {finished}");
            finished = Math.Max(finished, get.VerifiedBytes);
        }
        content.AssertIsIn(directory);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task A_killed_share_goes_on_without_reading_everything_again()
    {
        TestContent content = contents.Single;
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        var options = new CompeerOptions { DataDirectory = network.NewDirectory("state"), LimitUp = "12MiB" };
        string directory = network.NewDirectory("got");
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(seedHost, content.Path, options);
        LibtorrentPeer leecher = await LibtorrentPeer.LeechAsync(leechHost, sharing.Text("torrent"), directory, new() { Connect = [seedHost.At(options.Port)] });
        await leecher.WaitForAsync(e => e.Name == "progress" && e.Number("percent") is > 20 and < 90, "a part of the content", Limit);

        await share.KillAsync();
        (CompeerProcess again, JsonEvent sharingAgain) = await CompeerProcess.ShareAsync(seedHost, content.Path, options);
        await leecher.CompleteAsync(Limit);

        content.AssertIsIn(directory);
        Assert.Equal(sharing.Text("link"), sharingAgain.Text("link"));
        Assert.Equal(0, again.RehashedBytes);
        Assert.NotNull(again.Last("progress"));
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task A_killed_seed_of_a_finished_download_goes_on_without_reading_everything_again()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync(), leechHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, contents.Folder, "hybrid");
        LibtorrentPeer seed = await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent);
        var options = new CompeerOptions { DataDirectory = network.NewDirectory("state"), Peers = [seedHost.At(ForeignPeers.Port)], KeepSeeding = true };
        string directory = network.NewDirectory("got");
        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, options);
        await get.WaitForAsync("complete", Limit);
        await get.KillAsync();
        await seed.KillAsync();

        CompeerProcess again = CompeerProcess.Get(getHost, torrent.Path, directory, options);
        await again.WaitForAsync("complete", Limit);
        await ForeignClient.Libtorrent.LeechAsync(leechHost, torrent, contents.Folder, getHost.At(options.Port), Limit);

        Assert.True(again.RehashedBytes < MostHashedAgain * contents.Folder.LengthBytes, $"{again.RehashedBytes} bytes hashed again");
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Ctrl_C_saves_and_leaves_within_two_seconds()
    {
        TestContent content = contents.Single;
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(seedHost, content, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, torrent.Path, content.Parent);
        var options = new CompeerOptions { DataDirectory = network.NewDirectory("state"), Peers = [seedHost.At(ForeignPeers.Port)] };
        string directory = network.NewDirectory("got");
        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, options with { LimitDown = "8MiB" });
        await get.WaitForAsync(e => e.Name == "progress" && e.Number("percent") >= 20, "a fifth", Limit);

        var watch = Stopwatch.StartNew();
        get.Send(Signal.Interrupt);
        Assert.Equal(130, await get.WaitForExitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"took {watch.Elapsed}");

        CompeerProcess again = CompeerProcess.Get(getHost, torrent.Path, directory, options);
        await again.WaitForSuccessAsync(Limit);
        Assert.Equal(0, again.RehashedBytes);
        content.AssertIsIn(directory);
    }
}
