using System.Collections.Immutable;
using System.Net;
using Compeer.Content.Storage;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Network.Trackers;

namespace Compeer.Tests.Sessions;

/// <summary>Torrents that nobody wants put away what only connections need, and take it out again.</summary>
public sealed class SleepTests
{
    private const int Length = 100_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_known_torrent_sleeps_at_once_and_wakes_for_a_handshake_and_sleeps_again()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await SeedOnceAsync(swarm);
        byte[] journal = File.ReadAllBytes(JournalOf(swarm, metainfo));
        (TorrentClient client, Torrent known) = StartKnown(swarm, metainfo);
        await TestSwarm.UntilAsync(known, s => s.IsAsleep);
        TorrentStatus asleep = known.Status;
        Assert.Equal((TorrentPhase.Seeding, 1.0, metainfo.Name, metainfo.PieceCount), (asleep.Phase, asleep.Fraction, asleep.Name, asleep.VerifiedPieces));
        Assert.Null(asleep.Metainfo);
        Assert.Same(known, Assert.Single(client.Torrents));

        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], client);
        await TestSwarm.UntilCompleteAsync(fetching);
        Assert.Equal(TransferTests.Hash(swarm.Folder["seed/file.bin"]), TransferTests.Hash(swarm.Folder["leech/file.bin"]));
        await swarm.StopAsync(leech);
        await TestSwarm.UntilAsync(known, s => s.IsAsleep);
        Assert.Equal((Length, 0), (known.Status.UploadedBytes, known.Status.RehashedBytes));
        await swarm.StopAsync(client);
        Assert.Equal(journal, File.ReadAllBytes(JournalOf(swarm, metainfo)));
    }

    [Fact]
    public async Task Asking_for_the_description_wakes_it()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await SeedOnceAsync(swarm);
        (_, Torrent known) = StartKnown(swarm, metainfo);
        for (int i = 0; i < 3; i++)
        {
            await TestSwarm.UntilAsync(known, s => s.IsAsleep);
            Metainfo kept = await known.MetainfoKnown.WaitAsync(Patience);
            Assert.Equal(metainfo.InfoHashes, kept.InfoHashes);
        }
    }

    [Fact]
    public async Task A_new_torrent_sleeps_when_it_is_complete_and_everybody_left()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length));
        TorrentClient seed = swarm.Start("seed", Sleepy);
        Torrent seeding = TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
        TorrentClient leech = swarm.Start("leech", Sleepy);
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilCompleteAsync(fetching);
        await TestSwarm.UntilAsync(seeding, s => s.IsAsleep);
        await TestSwarm.UntilAsync(fetching, s => s.IsAsleep);
        Assert.Equal((Length, Length), (seeding.Status.RehashedBytes, fetching.Status.DownloadedBytes));
    }

    [Fact]
    public async Task Asleep_it_announces_itself_and_a_peer_that_the_tracker_names_wakes_it()
    {
        await using var swarm = new TestSwarm();
        await using TrackerServer tracker = await TrackerServer.StartAsync(
            new TrackerServerOptions { Http = [new IPEndPoint(IPAddress.Loopback, 0)] }, CancellationToken.None);
        ImmutableArray<ImmutableArray<string>> tiers = [[$"http://{tracker.HttpEndPoints[0]}/announce"]];
        Metainfo metainfo = await SeedOnceAsync(swarm);
        // Nobody tells the leech of the seed: its only announce comes before the seed's first.
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = leech.Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, TrackerTiers = tiers });
        using (var deadline = new CancellationTokenSource(Patience))
        {
            while (tracker.Status.HttpAnnounces < 2) // a hybrid has two swarms
                await Task.Delay(20, deadline.Token);
        }
        (_, Torrent known) = StartKnown(swarm, metainfo, tiers);
        await TestSwarm.UntilCompleteAsync(fetching);
        Assert.True(tracker.Status.HttpAnnounces >= 3);
        await swarm.StopAsync(leech);
        await TestSwarm.UntilAsync(known, s => s.IsAsleep);
        Assert.Equal(Length, known.Status.UploadedBytes);
    }

    [Fact]
    public async Task What_changed_while_it_slept_is_not_served()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await SeedOnceAsync(swarm);
        (TorrentClient client, Torrent known) = StartKnown(swarm, metainfo);
        await TestSwarm.UntilAsync(known, s => s.IsAsleep);
        Spoil(swarm);
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], client);
        await TestSwarm.UntilAsync(known, s => s.Phase == TorrentPhase.Downloading && s.VerifiedPieces == metainfo.PieceCount - 1);
        Assert.False(known.Status.IsAsleep);
        Assert.Equal(0, fetching.Status.CorruptBytes);
    }

    [Fact]
    public async Task A_journal_that_goes_on_keeps_what_happens_next()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await SeedOnceAsync(swarm);
        TorrentClient client = swarm.Start("seed");
        Torrent seeding = TestSwarm.Add(client, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(seeding);
        Spoil(swarm);
        TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], client);
        // All pieces are lost one after the other, and then hashed again.
        await TestSwarm.UntilAsync(seeding, s => s.RehashedBytes == metainfo.ContentLength && s.VerifiedPieces == metainfo.PieceCount - 1);
        await swarm.StopAsync(client);
        (_, Torrent again) = StartKnown(swarm, metainfo);
        await TestSwarm.UntilAsync(again, s => s.Phase == TorrentPhase.Downloading);
        Assert.Equal((metainfo.PieceCount - 1, 0), (again.Status.VerifiedPieces, again.Status.RehashedBytes));
    }

    [Fact]
    public async Task Another_process_may_have_it_meanwhile()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await SeedOnceAsync(swarm);
        (TorrentClient client, Torrent known) = StartKnown(swarm, metainfo);
        await TestSwarm.UntilAsync(known, s => s.IsAsleep);
        using (TorrentFolder.Open(swarm.Folder["seed-state"], metainfo.InfoHashes.Truncated, swarm.Folder["seed"]))
        {
            await Assert.ThrowsAsync<StorageException>(() => known.MetainfoKnown.WaitAsync(Patience));
            await TestSwarm.UntilAsync(known, s => s is { IsAsleep: true, Problem: not null });
        }
        await known.MetainfoKnown.WaitAsync(Patience);
        await TestSwarm.UntilAsync(known, s => s.Problem is null);
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], client));
    }

    [Fact]
    public async Task Known_torrents_that_cannot_be_opened_say_why_and_the_others_run()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await SeedOnceAsync(swarm);
        Metainfo other = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/other.bin", Length, 2));
        using TorrentFolder held = TorrentFolder.Open(swarm.Folder["seed-state"], other.InfoHashes.Truncated, swarm.Folder["seed"]);
        IReadOnlyList<Torrent> both = swarm.Start("seed", Sleepy).AddKnown([Settings(swarm, other), Settings(swarm, metainfo)]);
        await TestSwarm.UntilAsync(both[0], s => s is { Phase: TorrentPhase.Failed, Problem: not null });
        await TestSwarm.UntilAsync(both[1], s => s.IsAsleep);
    }

    [Fact]
    public async Task A_private_torrent_stays_private_through_its_sleep()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await SeedOnceAsync(swarm, isPrivate: true);
        (TorrentClient client, Torrent known) = StartKnown(swarm, metainfo);
        await TestSwarm.UntilAsync(known, s => s.IsAsleep);
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], client);
        await TestSwarm.UntilCompleteAsync(fetching);
        // The leech told where it listens; that is no way to know a private torrent's peers.
        await TestSwarm.UntilAsync(known, s => s.IsAsleep);
        Assert.Equal(0, known.Status.KnownPeers);
    }

    private static TorrentClientOptions Sleepy(TorrentClientOptions options) => options with { SleepAfter = TimeSpan.FromMilliseconds(200) };

    private static async Task<Metainfo> SeedOnceAsync(TestSwarm swarm, bool isPrivate = false)
    {
        string path = swarm.Folder.Write("seed/file.bin", Length);
        Metainfo metainfo = isPrivate ? await TestSwarm.CreatePrivateAsync(path) : await TestSwarm.CreateAsync(path);
        for (int run = 0; run < 2; run++) // the second finds nothing to do, and leaves the journal in its shortest form
        {
            TorrentClient client = swarm.Start("seed");
            await TestSwarm.UntilCompleteAsync(TestSwarm.Add(client, metainfo, swarm.Folder["seed"]));
            await swarm.StopAsync(client);
        }
        return metainfo;
    }

    private static (TorrentClient Client, Torrent Known) StartKnown(TestSwarm swarm, Metainfo metainfo, ImmutableArray<ImmutableArray<string>>? tiers = null)
    {
        TorrentClient client = swarm.Start("seed", Sleepy);
        TorrentSettings settings = Settings(swarm, metainfo);
        return (client, Assert.Single(client.AddKnown([tiers is null ? settings : settings with { TrackerTiers = tiers.Value }])));
    }

    private static TorrentSettings Settings(TestSwarm swarm, Metainfo metainfo) =>
        new() { Directory = swarm.Folder["seed"], InfoHashes = metainfo.InfoHashes };

    private static void Spoil(TestSwarm swarm)
    {
        byte[] content = File.ReadAllBytes(swarm.Folder["seed/file.bin"]);
        content[Length / 2] ^= 1;
        File.WriteAllBytes(swarm.Folder["seed/file.bin"], content);
    }

    private static string JournalOf(TestSwarm swarm, Metainfo metainfo)
    {
        using TorrentFolder folder = TorrentFolder.Open(swarm.Folder["seed-state"], metainfo.InfoHashes.Truncated, swarm.Folder["seed"]);
        return folder.JournalPath;
    }
}
