using System.Collections.Immutable;
using System.Net;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Network.Trackers;
using Compeer.Protocols.Connecting;

namespace Compeer.Tests.Sessions;

/// <summary>What a person who looks closely at a torrent sees.</summary>
public sealed class DetailsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Peers_files_and_pieces_are_told_while_it_is_fetched()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        TorrentClient seed = swarm.Start("seed", options => options with { UploadLimit = 150_000 });
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        Torrent fetching = swarm.Start("leech").Add(new TorrentSettings
        {
            Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, Peers = [seed.LocalEndPoint],
            Priorities = [FilePriority.High, FilePriority.Skip, FilePriority.Normal],
        });
        await TestSwarm.UntilAsync(fetching, s => s.VerifiedPieces > 0);
        TorrentDetails seen = await DetailsOfAsync(fetching);

        PeerDetails peer = Assert.Single(seen.Peers);
        Assert.Equal((seed.LocalEndPoint.ToString(), false, PeerSource.User, 1.0), (peer.EndPoint, peer.Incoming, peer.Sources, peer.Fraction));
        Assert.Contains("Compeer", peer.Client, StringComparison.Ordinal);
        Assert.Contains(peer.Way, new[] { "tcp", "utp" });
        Assert.Equal((true, false, true), (peer.AmInterested, peer.PeerChoking, peer.DownloadedBytes > 0));

        Assert.Equal(["box/a.bin", "box/b.bin", "box/c.bin"], seen.Files.Select(f => f.Path));
        Assert.Equal([FilePriority.High, FilePriority.Skip, FilePriority.Normal], seen.Files.Select(f => f.Priority));
        Assert.Equal([400_000L, 200_000L, 400_000L], seen.Files.Select(f => f.LengthBytes));
        Assert.True(seen.Files.Sum(f => f.VerifiedBytes) > 0);

        Assert.Equal((metainfo.PieceCount, 32 * 1024), (seen.Pieces.Count, seen.Pieces.LengthBytes));
        Assert.All(seen.Pieces.Availability, copies => Assert.Equal(1, copies));
        Assert.Contains((byte)PieceState.Verified, seen.Pieces.States);
        Assert.Equal((byte)PieceState.Unwanted, seen.Pieces.States[15]);
        Assert.Equal(["dht", "lan", "pex"], seen.Trackers.Select(t => t.Url));
    }

    [Fact]
    public async Task Who_took_how_much_is_told_after_he_went_too()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        TorrentClient seed = swarm.Start("seed"), leech = swarm.Start("leech");
        Torrent seeding = TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(seeding);
        Assert.Empty(await seeding.GetTakersAsync(CancellationToken.None));
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilCompleteAsync(fetching);
        await swarm.StopAsync(leech);
        TakerDetails taker = await TakerUntilAsync(t => t.SinceLeft is not null);
        Assert.Equal((IPAddress.Loopback, 1_000_000L), (taker.Address, taker.Bytes));
        Assert.Contains("Compeer", taker.Client, StringComparison.Ordinal);

        // The same program at the same address is the same taker.
        Directory.Delete(swarm.Folder["leech"], recursive: true);
        Torrent again = TestSwarm.Add(swarm.Start("again"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilCompleteAsync(again);
        Assert.Equal(2_000_000, (await TakerUntilAsync(t => t.Bytes >= 2_000_000)).Bytes);

        async Task<TakerDetails> TakerUntilAsync(Predicate<TakerDetails> fits)
        {
            using var deadline = new CancellationTokenSource(Patience);
            while (true)
            {
                if (Assert.Single(await seeding.GetTakersAsync(deadline.Token)) is var seen && fits(seen))
                    return seen;
                await Task.Delay(20, deadline.Token);
            }
        }
    }

    [Fact]
    public async Task A_closed_torrent_tells_the_same_without_being_opened()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        TorrentClient client = swarm.Start("seed", options => options with { SleepAfter = TimeSpan.Zero });
        Torrent seeding = TestSwarm.Add(client, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilAsync(seeding, s => s.IsAsleep);
        AssertWhole(await DetailsOfAsync(seeding), metainfo);
        Assert.True(seeding.Status.IsAsleep);
        seeding.Pause();
        AssertWhole(await DetailsOfAsync(seeding), metainfo);
        Assert.True(seeding.Status.IsPaused);
        await client.RemoveAsync(seeding, deleteFiles: false, CancellationToken.None);
        await Assert.ThrowsAsync<InvalidOperationException>(() => DetailsOfAsync(seeding));
    }

    [Fact]
    public async Task A_link_without_peers_has_details_too()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await WriteBoxAsync(swarm);
        Torrent fetching = swarm.Start("leech").Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes });
        TorrentDetails seen = await DetailsOfAsync(fetching);
        Assert.Empty(seen.Peers);
        Assert.Empty(seen.Files);
        Assert.Equal(0, seen.Pieces.Count);
    }

    [Fact]
    public async Task Trackers_say_what_they_know_and_why_they_fail()
    {
        await using var swarm = new TestSwarm();
        await using TrackerServer tracker = await TrackerServer.StartAsync(
            new TrackerServerOptions { Http = [new IPEndPoint(IPAddress.Loopback, 0)] }, CancellationToken.None);
        string good = $"http://{tracker.HttpEndPoints[0]}/announce", bad = $"http://{tracker.HttpEndPoints[0]}/nothing/announce";
        ImmutableArray<ImmutableArray<string>> tiers = [[good], [bad]];
        Metainfo metainfo = await WriteBoxAsync(swarm);
        Torrent seeding = swarm.Start("seed").Add(new TorrentSettings { Directory = swarm.Folder["seed"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, TrackerTiers = tiers });
        using var deadline = new CancellationTokenSource(Patience);
        TrackerDetails[] seen;
        do
        {
            await Task.Delay(20, deadline.Token);
            seen = [.. (await DetailsOfAsync(seeding)).Trackers.Where(t => t.Tier >= 0)];
        }
        while (seen[0].State != "working" || seen[1].LastError is null);
        Assert.Equal([(good, 0), (bad, 1)], seen.Select(t => (t.Url, t.Tier)));
        Assert.Equal((1, 0), (seen[0].Seeds, seen[0].Leechers));
        Assert.True(seen[0].NextAnnounce > TimeSpan.FromSeconds(1));
        Assert.Null(seen[0].LastError);
    }

    private static Task<TorrentDetails> DetailsOfAsync(Torrent torrent) => torrent.GetDetailsAsync(CancellationToken.None).AsTask().WaitAsync(Patience);

    private static void AssertWhole(TorrentDetails seen, Metainfo metainfo)
    {
        Assert.Equal(metainfo.PieceCount, seen.Pieces.Count);
        Assert.All(seen.Pieces.States, state => Assert.Equal((byte)PieceState.Verified, state));
        Assert.All(seen.Files, file => Assert.Equal((file.LengthBytes, FilePriority.Normal), (file.VerifiedBytes, file.Priority)));
    }

    private static Task<Metainfo> WriteBoxAsync(TestSwarm swarm)
    {
        swarm.Folder.Write("seed/box/a.bin", 400_000);
        swarm.Folder.Write("seed/box/b.bin", 200_000, 2);
        swarm.Folder.Write("seed/box/c.bin", 400_000, 3);
        return TestSwarm.CreateAsync(swarm.Folder["seed/box"], TorrentFormat.V1);
    }
}
