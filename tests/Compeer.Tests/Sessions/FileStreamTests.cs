using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.Sessions;

/// <summary>Files that are read while they are still fetched.</summary>
public sealed class FileStreamTests
{
    private const int Length = 4_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_file_is_read_from_anywhere_long_before_it_is_here_and_by_the_work_of_several_peers()
    {
        await using var swarm = new TestSwarm();
        string path = swarm.Folder.Write("seed/film.bin", Length);
        Metainfo metainfo = await TestSwarm.CreateAsync(path, TorrentFormat.Hybrid, 64 * 1024);
        var seeds = new List<TorrentClient>();
        for (int i = 0; i < 3; i++)
        {
            seeds.Add(swarm.Start($"seed{i}", options => options with { UploadLimit = 60_000 }));
            await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seeds[i], metainfo, swarm.Folder["seed"]));
        }
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], [.. seeds]);
        await TestSwarm.UntilAsync(fetching, s => s is { Phase: TorrentPhase.Downloading, Peers: 3 });
        byte[] expected = File.ReadAllBytes(path);
        using TorrentFileStream stream = await fetching.OpenFileAsync(0, CancellationToken.None);
        Assert.Equal((Length, true, false), (stream.Length, stream.CanSeek, stream.CanWrite));
        foreach (int position in new[] { 0, Length - 70_000, Length / 2 })
        {
            stream.Seek(position, SeekOrigin.Begin);
            Assert.Equal(expected[position..(position + 70_000)], await ReadAsync(stream, 70_000));
        }
        // Three places of two pieces each, out of 62 pieces.
        Assert.True(fetching.Status.Fraction < 0.9, $"all but everything came first: {fetching.Status.Fraction}");
        Assert.True((await fetching.GetDetailsAsync(CancellationToken.None)).Peers.Count(p => p.DownloadedBytes > 0) > 1);
        Assert.Equal(0, fetching.Status.CorruptBytes);
    }

    [Fact]
    public async Task A_jump_takes_back_what_may_wait_and_asks_for_what_is_seen_first()
    {
        await using var swarm = new TestSwarm();
        string path = swarm.Folder.Write("seed/film.bin", Length);
        Metainfo metainfo = await TestSwarm.CreateAsync(path, TorrentFormat.V1);
        await using var seed = new ScriptedSeed(metainfo);
        TorrentClient leech = swarm.Start("leech", options => options with { Encryption = EncryptionPolicy.Forbid, Transports = PeerTransports.Tcp });
        Torrent fetching = leech.Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, Peers = [seed.EndPoint] });
        await seed.UntilAsync(heard => heard.Count > 0);
        using TorrentFileStream stream = await fetching.OpenFileAsync(0, CancellationToken.None);
        stream.Position = Length / 2;
        int wanted = (int)(stream.Position / metainfo.PieceLength);
        int due = 512 * 1024 / (int)metainfo.PieceLength;
        byte[] read = new byte[1000];
        Task reading = stream.ReadExactlyAsync(read).AsTask();
        await seed.UntilAsync(heard => heard.Any(h => h.Block.Index == wanted));

        (PeerMessageId Id, BlockRequest Block)[] heard = [.. seed.Heard];
        int jump = Array.FindIndex(heard, h => h.Block.Index == wanted);
        HashSet<BlockRequest> open = [];
        foreach ((PeerMessageId id, BlockRequest block) in heard[..jump])
            Assert.True(id == PeerMessageId.Request ? open.Add(block) : open.Remove(block));
        Assert.All(open, block => Assert.InRange(block.Index, wanted, wanted + due - 1));
        Assert.Contains(heard[..jump], h => h.Id == PeerMessageId.Cancel);
        Assert.Equal(0, heard[jump].Block.Begin);

        byte[] expected = await File.ReadAllBytesAsync(path);
        for (int begin = 0; begin < metainfo.PieceLength; begin += BlockRequest.BlockBytes)
        {
            var block = new BlockRequest(wanted, begin, BlockRequest.BlockBytes);
            await seed.UntilAsync(heard => heard.Contains((PeerMessageId.Request, block)));
            await seed.SendAsync(block, expected.AsMemory((int)((wanted * metainfo.PieceLength) + begin), BlockRequest.BlockBytes));
        }
        await reading.WaitAsync(Patience);
        Assert.Equal(expected[(Length / 2)..(Length / 2 + 1000)], read);
    }

    [Fact]
    public async Task It_ends_where_the_file_ends_and_begins_where_it_begins()
    {
        await using var swarm = new TestSwarm();
        swarm.Folder.Write("seed/box/a.bin", 50_001);
        swarm.Folder.Write("seed/box/b.bin", 100_001, 2);
        swarm.Folder.Write("seed/box/c.bin", 50_001, 3);
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder["seed/box"], TorrentFormat.V1);
        TorrentClient seed = swarm.Start("seed");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"], seed);
        await TestSwarm.UntilAsync(fetching, s => s.Phase is TorrentPhase.Downloading or TorrentPhase.Seeding);
        using TorrentFileStream stream = await fetching.OpenFileAsync(1, CancellationToken.None);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy).WaitAsync(Patience);
        Assert.Equal(File.ReadAllBytes(swarm.Folder["seed/box/b.bin"]), copy.ToArray());
        stream.Position = 200_000;
        Assert.Equal(0, await stream.ReadAsync(new byte[10]));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => fetching.OpenFileAsync(3, CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task A_sleeping_torrent_wakes_for_it_and_stays_awake_until_it_is_closed()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/film.bin", Length));
        Torrent seeding = TestSwarm.Add(swarm.Start("seed", options => options with { SleepAfter = TimeSpan.Zero }), metainfo, swarm.Folder["seed"]);
        await TestSwarm.UntilAsync(seeding, s => s.IsAsleep);
        using (TorrentFileStream stream = await seeding.OpenFileAsync(0, CancellationToken.None))
        {
            await TestSwarm.UntilAsync(seeding, s => !s.IsAsleep);
            stream.Position = 1_000_000;
            Assert.Equal(File.ReadAllBytes(swarm.Folder["seed/film.bin"])[1_000_000..1_000_100], await ReadAsync(stream, 100));
        }
        await TestSwarm.UntilAsync(seeding, s => s.IsAsleep);
    }

    [Fact]
    public async Task Who_waits_for_what_nobody_has_may_give_up_and_is_told_when_the_torrent_is_paused()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/film.bin", Length));
        Torrent fetching = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"]);
        await TestSwarm.UntilAsync(fetching, s => s.Phase == TorrentPhase.Downloading);
        using TorrentFileStream stream = await fetching.OpenFileAsync(0, CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        Task<int> waiting = stream.ReadAsync(new byte[10], cancel.Token).AsTask();
        await fetching.GetDetailsAsync(CancellationToken.None); // the loop has taken it
        Assert.False(waiting.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience));
        Assert.StartsWith("no peers found yet", fetching.Status.Why, StringComparison.Ordinal);

        waiting = stream.ReadAsync(new byte[10], CancellationToken.None).AsTask();
        fetching.Pause();
        await Assert.ThrowsAsync<IOException>(() => waiting.WaitAsync(Patience));
        await Assert.ThrowsAsync<InvalidOperationException>(() => fetching.OpenFileAsync(0, CancellationToken.None).AsTask());
        await TestSwarm.UntilAsync(fetching, s => s.Why == "paused");
    }

    private static async Task<byte[]> ReadAsync(TorrentFileStream stream, int count)
    {
        byte[] read = new byte[count];
        await stream.ReadExactlyAsync(read).AsTask().WaitAsync(Patience);
        return read;
    }
}
