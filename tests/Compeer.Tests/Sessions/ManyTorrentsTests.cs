using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>One client fetches many torrents from one seed.</summary>
public class ManyTorrentsTests
{
    private const int Count = 48;

    [Fact]
    public async Task Their_seed_turns_none_of_them_away()
    {
        await using var swarm = new TestSwarm();
        TorrentClient seed = swarm.Start("seed"), leech = swarm.Start("leech");
        var all = new List<Metainfo>();
        for (int i = 0; i < Count; i++)
        {
            Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write($"seed/{i}.bin", 40_000 + i, i), TorrentFormat.V1, 16 * 1024);
            await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
            all.Add(metainfo);
        }
        Torrent[] fetching = [.. all.Select(m => TestSwarm.Add(leech, m, swarm.Folder["leech"], seed))];
        await Task.WhenAll(fetching.Select(TestSwarm.UntilCompleteAsync));
        for (int i = 0; i < Count; i++)
        {
            var happened = new List<TorrentEvent>();
            while (fetching[i].Events.TryRead(out TorrentEvent? one))
                happened.Add(one);
            Assert.Empty(happened.OfType<PeerUnreachable>());
            Assert.Equal(await File.ReadAllBytesAsync(swarm.Folder[$"seed/{i}.bin"]), await File.ReadAllBytesAsync(swarm.Folder[$"leech/{i}.bin"]));
        }
    }
}
