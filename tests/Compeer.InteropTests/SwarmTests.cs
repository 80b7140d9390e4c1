using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Many processes of ours, each with an address of its own, and some that do not play fair.</summary>
[Collection(RateTests.Name)]
public sealed class SwarmTests(TestContents contents)
{
    private const int MiB = 1 << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [NightlyForeignFact(Needs.OpenTracker | Needs.Libtorrent)]
    public async Task Eight_leechers_of_one_slow_seed_finish_near_the_ideal()
    {
        const int leechers = 8, seedRate = 2 * MiB, leecherRate = 2 * MiB;
        TestContent content = contents.Mebibytes(40);
        double ideal = Math.Max((double)content.LengthBytes / seedRate, (double)leechers * content.LengthBytes / (seedRate + (leechers * (double)leecherRate)));
        await using LabNetwork network = await LabNetwork.CreateAsync();
        Swarm swarm = await Swarm.StartAsync(network, content, "2MiB");

        DateTimeOffset start = DateTimeOffset.UtcNow;
        await swarm.AddLeechersAsync(leechers, "2MiB");
        double[] seconds = [.. (await swarm.CompleteAsync(Limit)).Select(at => (at - start).TotalSeconds)];

        swarm.AssertContent();
        Assert.True(seconds.Max() <= 1.5 * ideal, $"ideal {ideal:0.0} s, limit {1.5 * ideal:0.0} s, took {string.Join(" ", seconds.Select(s => s.ToString("0.0", null)))}");
    }

    [ForeignFact(Needs.OpenTracker | Needs.Libtorrent | Needs.Python)]
    public async Task The_seed_is_killed_when_one_copy_is_out_and_all_finish()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        Swarm swarm = await Swarm.StartAsync(network, content, "2MiB");
        await swarm.AddLeechersAsync(8, "1MiB");
        JsonProcess observer = SmallPeer.Observer(await network.AddHostAsync(), swarm.Torrent.Path, swarm.LeecherAddresses);

        await observer.WaitForAsync("copy-out", Limit);
        await swarm.Seed.KillAsync();
        Assert.Contains(swarm.Leechers, leecher => leecher.Last("complete") is null);

        await swarm.CompleteAsync(Limit);
        swarm.AssertContent();
    }

    [NightlyForeignFact(Needs.OpenTracker | Needs.Libtorrent | Needs.Python)]
    public async Task A_free_rider_finishes_last()
    {
        // More leechers than upload slots: only then does a leecher have to choose whom to serve.
        TestContent content = contents.Mebibytes(24);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        Swarm swarm = await Swarm.StartAsync(network, content, "2MiB");
        await swarm.AddLeechersAsync(11, "1MiB");
        // Everybody starts together: a rider that comes while the others' programs still start has the seed for itself.
        foreach (CompeerProcess leecher in swarm.Leechers)
            await leecher.WaitForAsync(e => e.Name == "progress" && e.Bytes("peers") > 0, "a first peer", Limit);
        string output = Path.Combine(network.Work, "ridden.bin");
        JsonProcess rider = SmallPeer.FreeRider(await network.AddHostAsync(), swarm.Torrent.Path, output, [swarm.SeedAddress, .. swarm.LeecherAddresses]);

        DateTimeOffset last = (await swarm.CompleteAsync(Limit)).Max();
        JsonEvent ridden = await rider.WaitForAsync("complete", Limit);
        await rider.WaitForSuccessAsync(TimeSpan.FromSeconds(10));

        swarm.AssertContent();
        Assert.Equal(content.Digests[""], FileDigest.Of(output));
        Assert.True(ridden.At > last, $"the free rider was done {(last - ridden.At).TotalSeconds:0.0} s before the last leecher");
    }

    [ForeignTheory(Needs.Libtorrent | Needs.Python)]
    [InlineData("v1", 1)]
    [InlineData("v1", 40)]
    [InlineData("v2", 40)]
    [InlineData("hybrid", 40)]
    public async Task A_poisoner_is_named_and_banned_and_the_bytes_are_right(string format, int everyNthBlock)
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost honestHost = await network.AddHostAsync(), otherHost = await network.AddHostAsync(), poisonHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(honestHost, content, format, pieceBytes: 256 << 10);
        await LibtorrentPeer.SeedAsync(honestHost, torrent.Path, content.Parent, new() { LimitUp = 2 * MiB });
        await LibtorrentPeer.SeedAsync(otherHost, torrent.Path, content.Parent, new() { LimitUp = 2 * MiB });
        JsonProcess poisoner = await SmallPeer.PoisonerAsync(poisonHost, torrent.Path, content.Path, 6881, everyNthBlock);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [poisonHost.At(6881), honestHost.At(6881), otherHost.At(6881)] });
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
        Assert.True(poisoner.Last("served")?.Number("blocks") > 0, "the poisoner was never asked");
        Assert.True(get.HasBanned(poisonHost.Address), "the poisoner was not banned:\n" + get.Said);
        Assert.False(get.HasBanned(honestHost.Address) || get.HasBanned(otherHost.Address), "an honest peer was banned");
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task A_source_that_dies_in_the_middle_is_replaced_by_another()
    {
        TestContent content = contents.Mebibytes(16);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost firstHost = await network.AddHostAsync("24mbit"), secondHost = await network.AddHostAsync("24mbit"), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await Torrents.CreateAsync(firstHost, content, "v1", pieceBytes: MiB);
        LibtorrentPeer first = await LibtorrentPeer.SeedAsync(firstHost, torrent.Path, content.Parent);
        await LibtorrentPeer.SeedAsync(secondHost, torrent.Path, content.Parent);
        string directory = network.NewDirectory("got");

        CompeerProcess get = CompeerProcess.Get(getHost, torrent.Path, directory, new() { Peers = [firstHost.At(6881), secondHost.At(6881)] });
        await get.WaitForAsync(e => e.Name == "progress" && e.Bytes("verifiedBytes") > 3 * MiB, "progress of 3 MiB", Limit);
        await first.KillAsync();
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(directory);
        Assert.True(firstHost.SentBytes > MiB && secondHost.SentBytes > MiB, $"{firstHost.SentBytes} and {secondHost.SentBytes} bytes sent");
    }
}
