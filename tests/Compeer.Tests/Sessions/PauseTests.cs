using System.Collections.Immutable;
using System.Net;
using Compeer.Content.Storage;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Network.Trackers;

namespace Compeer.Tests.Sessions;

/// <summary>A paused torrent does nothing, keeps what it has, and goes on where it was.</summary>
public sealed class PauseTests
{
    private const int Length = 3_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Paused_while_fetching_it_lets_everybody_go_and_resumed_it_goes_on_where_it_was()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed, _) = await SeedAsync(swarm, options => options with { UploadLimit = 200_000 });
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilAsync(fetching, s => s.VerifiedPieces > 3);
        fetching.Pause();
        await UntilClosedAsync(swarm, "leech", metainfo, fetching);
        TorrentStatus paused = fetching.Status;
        Assert.Equal((0, false, metainfo.Name, metainfo.PieceCount), (paused.Peers, paused.IsAsleep, paused.Name, paused.PieceCount));
        Assert.InRange(paused.VerifiedPieces, 4, metainfo.PieceCount - 1);
        Assert.Equal(metainfo.InfoHashes, (await fetching.MetainfoKnown.WaitAsync(Patience)).InfoHashes);
        Assert.Equal(paused.VerifiedPieces, fetching.Status.VerifiedPieces);
        fetching.Resume();
        await TestSwarm.UntilAsync(fetching, s => s.VerifiedPieces > paused.VerifiedPieces);
        Assert.Equal(0, fetching.Status.RehashedBytes);
    }

    [Fact]
    public async Task A_paused_seed_serves_nobody_and_tells_its_tracker()
    {
        await using var swarm = new TestSwarm();
        await using TrackerServer tracker = await TrackerServer.StartAsync(
            new TrackerServerOptions { Http = [new IPEndPoint(IPAddress.Loopback, 0)] }, CancellationToken.None);
        ImmutableArray<ImmutableArray<string>> tiers = [[$"http://{tracker.HttpEndPoints[0]}/announce"]];
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length), TorrentFormat.V1);
        TorrentClient client = swarm.Start("seed");
        Torrent seeding = client.Add(new TorrentSettings { Directory = swarm.Folder["seed"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, TrackerTiers = tiers });
        await UntilAsync(() => tracker.Status.Peers == 1);
        seeding.Pause();
        await UntilAsync(() => tracker.Status.Peers == 0);
        await UntilClosedAsync(swarm, "seed", metainfo, seeding);

        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], client);
        await foreach (TorrentEvent happened in fetching.Events.ReadAllAsync().WithCancellation(new CancellationTokenSource(Patience).Token))
        {
            Assert.IsNotType<PeerConnected>(happened);
            if (happened is PeerUnreachable)
                break;
        }
        seeding.Resume();
        await UntilAsync(() => tracker.Status.Peers == 1);
        await TestSwarm.UntilCompleteAsync(fetching);
        Assert.Equal(TransferTests.Hash(swarm.Folder["seed/file.bin"]), TransferTests.Hash(swarm.Folder["leech/file.bin"]));
    }

    [Fact]
    public async Task Known_torrents_may_start_paused_and_say_what_they_have()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed, Torrent seeding) = await SeedAsync(swarm);
        await swarm.StopAsync(seed);
        TorrentClient client = swarm.Start("seed");
        Torrent known = Assert.Single(client.AddKnown([new TorrentSettings { Directory = swarm.Folder["seed"], InfoHashes = metainfo.InfoHashes, Paused = true }]));
        TorrentStatus paused = known.Status;
        Assert.Equal((TorrentPhase.Paused, 1.0, metainfo.Name, metainfo.PieceCount), (paused.Phase, paused.Fraction, paused.Name, paused.VerifiedPieces));
        await UntilClosedAsync(swarm, "seed", metainfo, known);
        known.Resume();
        await TestSwarm.UntilAsync(known, s => s.Phase == TorrentPhase.Seeding);
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], client));
    }

    [Fact]
    public async Task A_sleeping_torrent_is_paused_without_waking_it()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed, Torrent seeding) = await SeedAsync(swarm, options => options with { SleepAfter = TimeSpan.Zero });
        await TestSwarm.UntilAsync(seeding, s => s.IsAsleep);
        seeding.Pause();
        await TestSwarm.UntilAsync(seeding, s => s.IsPaused);
        Assert.Equal(1, seeding.Status.Fraction);
        seeding.Resume();
        await TestSwarm.UntilAsync(seeding, s => s is { IsAsleep: true, Phase: TorrentPhase.Seeding });
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed));
    }

    [Fact]
    public async Task A_link_that_is_paused_before_anybody_answered_goes_on_asking()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed, _) = await SeedAsync(swarm);
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = leech.Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Paused = true });
        await TestSwarm.UntilAsync(fetching, s => s.IsPaused);
        fetching.AddPeers([seed.LocalEndPoint]);
        Assert.False(fetching.MetainfoKnown.IsCompleted);
        fetching.Resume();
        fetching.Pause();
        fetching.Resume();
        await TestSwarm.UntilCompleteAsync(fetching);
        Assert.Equal(metainfo.Name, (await fetching.MetainfoKnown.WaitAsync(Patience)).Name);
    }

    [Fact]
    public async Task What_a_pause_or_a_stop_left_unchecked_is_checked_afterwards()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length), TorrentFormat.V1, 16 * 1024);
        for (int run = 0; run < 3; run++)
        {
            TorrentClient client = swarm.Start("seed", options => options with { HashThreads = 1 });
            Torrent seeding = TestSwarm.Add(client, metainfo, swarm.Folder["seed"]);
            seeding.Pause();
            await UntilClosedAsync(swarm, "seed", metainfo, seeding);
            await swarm.StopAsync(client);
        }
        Torrent again = TestSwarm.Add(swarm.Start("seed"), metainfo, swarm.Folder["seed"]);
        again.Pause();
        again.Resume();
        await TestSwarm.UntilCompleteAsync(again);
    }

    [Fact]
    public async Task One_that_failed_tries_again_when_resumed()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed, _) = await SeedAsync(swarm);
        await swarm.StopAsync(seed);
        TorrentClient client = swarm.Start("seed");
        Torrent known;
        using (TorrentFolder.Open(swarm.Folder["seed-state"], metainfo.InfoHashes.Truncated, swarm.Folder["seed"]))
        {
            known = Assert.Single(client.AddKnown([new TorrentSettings { Directory = swarm.Folder["seed"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo }]));
            await TestSwarm.UntilAsync(known, s => s is { Phase: TorrentPhase.Failed, Problem: not null });
        }
        known.Resume();
        await TestSwarm.UntilCompleteAsync(known);
        Assert.Null(known.Status.Problem);
    }

    private static async Task<(Metainfo Metainfo, TorrentClient Client, Torrent Seeding)> SeedAsync(TestSwarm swarm, Func<TorrentClientOptions, TorrentClientOptions>? configure = null)
    {
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length));
        TorrentClient client = swarm.Start("seed", configure);
        Torrent seeding = TestSwarm.Add(client, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(seeding);
        return (metainfo, client, seeding);
    }

    /// <summary>The torrent is paused, and its folder free for others.</summary>
    private static async Task UntilClosedAsync(TestSwarm swarm, string name, Metainfo metainfo, Torrent torrent)
    {
        await TestSwarm.UntilAsync(torrent, s => s.IsPaused);
        await UntilAsync(() =>
        {
            try
            {
                TorrentFolder.Open(swarm.Folder[name + "-state"], metainfo.InfoHashes.Truncated, swarm.Folder[name]).Dispose();
                return true;
            }
            catch (StorageException)
            {
                return false;
            }
        });
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!condition())
            await Task.Delay(20, deadline.Token);
    }
}
