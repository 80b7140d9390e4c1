using Compeer.Content.Storage;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>Hundreds of torrents that sleep: what they hold, and what happens when all are wanted, or gone, at once. Nothing else may run meanwhile.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class ManySleepersTests
{
    private const int Count = 600;

    /// <summary>By the sizes of its objects 1,050. The room is for what the client itself takes when it first does something.</summary>
    private const int MaxBytesEach = 2_500;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task They_take_little_memory_and_give_back_what_waking_took()
    {
        await using var swarm = new TestSwarm();
        TorrentSettings[] settings = await SeedOnceAsync(swarm);
        TorrentClient client = swarm.Start("seed", Sleepy);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        IReadOnlyList<Torrent> torrents = client.AddKnown(settings);
        await UntilAllAsleepAsync(torrents);
        AssertLittle(GC.GetTotalMemory(forceFullCollection: true) - before);

        // All of them at once, and from many sides.
        Metainfo[] described = await Task.WhenAll(torrents.Concat(torrents).Select(t => t.MetainfoKnown)).WaitAsync(Patience);
        Assert.Equal(Count, described.Select(m => m.InfoHashes).Distinct().Count());
        described = [];
        await UntilAllAsleepAsync(torrents);
        Assert.All(torrents, t => Assert.Equal((TorrentPhase.Seeding, 1.0, 0L), (t.Status.Phase, t.Status.Fraction, t.Status.RehashedBytes)));
        AssertLittle(GC.GetTotalMemory(forceFullCollection: true) - before);
        GC.KeepAlive(settings);
    }

    [Fact]
    public async Task Whoever_asks_while_they_are_removed_is_answered()
    {
        await using var swarm = new TestSwarm();
        TorrentSettings[] settings = await SeedOnceAsync(swarm);
        TorrentClient client = swarm.Start("seed", Sleepy);
        IReadOnlyList<Torrent> torrents = client.AddKnown(settings);
        await Parallel.ForEachAsync(torrents, async (torrent, cancellationToken) =>
        {
            Task removal = Task.Run(() => client.RemoveAsync(torrent, deleteFiles: false, cancellationToken).AsTask(), cancellationToken);
            for (int i = 0; i < 20; i++)
                await AskAsync(torrent, cancellationToken);
            await removal.WaitAsync(Patience, cancellationToken);
            await AskAsync(torrent, cancellationToken);
        });
        Assert.Empty(client.Torrents);

        static async Task AskAsync(Torrent torrent, CancellationToken cancellationToken)
        {
            try
            {
                Assert.Equal(torrent.InfoHashes, (await torrent.MetainfoKnown.WaitAsync(Patience, cancellationToken)).InfoHashes);
            }
            catch (Exception e) when (e is OperationCanceledException or StorageException)
            {
                // It went before, or just now.
            }
        }
    }

    [Fact]
    public async Task One_that_falls_asleep_in_every_pass_serves_whoever_comes()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", 100_000));
        TorrentClient client = swarm.Start("seed", options => options with { SleepAfter = TimeSpan.Zero });
        Torrent seeding = TestSwarm.Add(client, metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilCompleteAsync(seeding);
        using var stop = new CancellationTokenSource();
        Task[] asking = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 1_000_000 && !stop.IsCancellationRequested; i++)
            {
                Assert.Equal(metainfo.InfoHashes, (await seeding.MetainfoKnown.WaitAsync(Patience)).InfoHashes);
                Assert.Equal(metainfo.Files.Count(f => !f.IsPad), (await seeding.GetDetailsAsync(CancellationToken.None)).Files.Count);
                Assert.Equal(1.0, seeding.Status.Fraction);
            }
        }))];
        for (int round = 0; round < 5; round++)
        {
            TorrentClient leech = swarm.Start($"leech{round}");
            await TestSwarm.UntilCompleteAsync(TestSwarm.Add(leech, metainfo, swarm.Folder[$"leech{round}"], client));
            await swarm.StopAsync(leech);
        }
        await stop.CancelAsync();
        await Task.WhenAll(asking).WaitAsync(Patience);
        await TestSwarm.UntilAsync(seeding, s => s.IsAsleep);
        Assert.Equal(5 * 100_000, seeding.Status.UploadedBytes);
    }

    private static void AssertLittle(long bytes) => Assert.True(bytes < Count * MaxBytesEach, $"{bytes / Count} bytes for each torrent");

    private static TorrentClientOptions Sleepy(TorrentClientOptions options) => options with { SleepAfter = TimeSpan.FromMilliseconds(100) };

    private static async Task UntilAllAsleepAsync(IReadOnlyList<Torrent> torrents)
    {
        foreach (Torrent torrent in torrents)
            await TestSwarm.UntilAsync(torrent, s => s.IsAsleep);
    }

    private static async Task<TorrentSettings[]> SeedOnceAsync(TestSwarm swarm)
    {
        var known = new TorrentSettings[Count];
        TorrentClient client = swarm.Start("seed", Sleepy);
        for (int i = 0; i < Count; i++)
        {
            Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write($"seed/{i}.bin", 100, i + 1));
            await TestSwarm.UntilCompleteAsync(TestSwarm.Add(client, metainfo, swarm.Folder["seed"]));
            known[i] = new TorrentSettings
            {
                Directory = swarm.Folder["seed"],
                InfoHashes = metainfo.InfoHashes,
                Name = metainfo.Name,
            };
        }
        await swarm.StopAsync(client);
        return known;
    }
}
