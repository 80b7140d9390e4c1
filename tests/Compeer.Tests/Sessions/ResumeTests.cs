using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>What survives a stop, and what is noticed when files change between and during runs.</summary>
public sealed class ResumeTests
{
    private const int Length = 1_000_000;

    [Fact]
    public async Task A_second_run_hashes_nothing()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm);
        TorrentClient leech = swarm.Start("leech");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed));
        await swarm.StopAsync(leech);
        Torrent again = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"]);
        await TestSwarm.UntilCompleteAsync(again);
        await TestSwarm.UntilAsync(again, s => s.Phase == TorrentPhase.Seeding);
        Assert.Equal(0, again.Status.RehashedBytes);
    }

    [Fact]
    public async Task Without_a_journal_what_is_there_is_hashed_and_kept()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm);
        Directory.CreateDirectory(swarm.Folder["leech"]);
        File.Copy(swarm.Folder["seed/file.bin"], swarm.Folder["leech/file.bin"]);
        Torrent found = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilCompleteAsync(found);
        await TestSwarm.UntilAsync(found, s => s.Phase == TorrentPhase.Seeding);
        Assert.Equal(Length, found.Status.RehashedBytes);
        Assert.Equal(0, found.Status.DownloadedBytes);
    }

    [Fact]
    public async Task A_file_changed_between_runs_is_repaired()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm);
        TorrentClient leech = swarm.Start("leech");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed));
        await swarm.StopAsync(leech);
        Overwrite(swarm.Folder["leech/file.bin"], 500_000);
        Torrent again = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilCompleteAsync(again);
        Assert.Equal(TransferTests.Hash(swarm.Folder["seed/file.bin"]), TransferTests.Hash(swarm.Folder["leech/file.bin"]));
        Assert.True(again.Status.DownloadedBytes < Length, "only what was damaged is fetched again");
    }

    [Fact]
    public async Task A_file_deleted_between_runs_is_fetched_again()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm);
        TorrentClient leech = swarm.Start("leech");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed));
        await swarm.StopAsync(leech);
        File.Delete(swarm.Folder["leech/file.bin"]);
        Torrent again = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilCompleteAsync(again);
        Assert.Equal(TransferTests.Hash(swarm.Folder["seed/file.bin"]), TransferTests.Hash(swarm.Folder["leech/file.bin"]));
    }

    [Fact]
    public async Task Nothing_of_a_file_changed_under_a_seed_is_served_wrong()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm, out Func<Torrent> seeding);
        Overwrite(swarm.Folder["seed/file.bin"], 500_000);
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilAsync(seeding(), s => s.RehashedBytes >= Length);
        int pieces = metainfo.PieceCount;
        await TestSwarm.UntilAsync(fetching, s => s.VerifiedPieces == pieces - 1);
        Assert.Equal(0, fetching.Status.CorruptBytes);
        // Two reads may each have noticed the change, and had everything hashed again.
        await TestSwarm.UntilAsync(seeding(), s => s.VerifiedPieces == pieces - 1);
    }

    [Fact]
    public async Task A_symbolic_link_in_the_way_is_refused()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, TorrentClient seed) = await SeedAsync(swarm);
        string outside = swarm.Folder.Write("outside.txt", 10);
        Directory.CreateDirectory(swarm.Folder["leech"]);
        File.CreateSymbolicLink(swarm.Folder["leech/file.bin"], outside);
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilAsync(fetching, s => s.Phase == TorrentPhase.Failed);
        Assert.Contains("symbolic link", fetching.Status.Problem, StringComparison.Ordinal);
        Assert.Equal(10, new FileInfo(outside).Length);
    }

    [Fact]
    public async Task Two_clients_do_not_share_one_state()
    {
        await using var swarm = new TestSwarm();
        (Metainfo metainfo, _) = await SeedAsync(swarm);
        TorrentClient other = swarm.Start("seed");
        var refused = Assert.Throws<Content.Storage.StorageException>(() => TestSwarm.Add(other, metainfo, swarm.Folder["seed"]));
        Assert.Contains("Another compeer", refused.Message, StringComparison.Ordinal);
    }

    private static Task<(Metainfo Metainfo, TorrentClient Seed)> SeedAsync(TestSwarm swarm) => SeedAsync(swarm, out _);

    private static Task<(Metainfo Metainfo, TorrentClient Seed)> SeedAsync(TestSwarm swarm, out Func<Torrent> seeding)
    {
        Torrent? torrent = null;
        seeding = () => torrent!;
        return BeginAsync();

        async Task<(Metainfo, TorrentClient)> BeginAsync()
        {
            Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length));
            TorrentClient seed = swarm.Start("seed");
            torrent = TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]);
            await TestSwarm.UntilCompleteAsync(torrent);
            return (metainfo, seed);
        }
    }

    private static void Overwrite(string path, long offset)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Position = offset;
        file.Write("changed by somebody else"u8);
    }
}
