using System.Net;
using System.Security.Cryptography;
using Compeer.Content.Creation;
using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.MainlineDht;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Tests.Sessions;

/// <summary>How clients of our own find each other without a tracker, and when they must not.</summary>
public sealed class DiscoveryTests
{
    private const int Length = 400_000;

    [Fact]
    public async Task Two_peers_of_a_third_meet_by_peer_exchange()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length, 21));
        TorrentClient hub = swarm.Start("hub");
        Torrent between = TestSwarm.Add(hub, metainfo, swarm.Folder["hub"]);
        TorrentClient seed = swarm.Start("seed", o => o with { UploadLimit = 20_000 });
        Torrent seeding = TestSwarm.Add(seed, metainfo, swarm.Folder["seed"], hub);
        await TestSwarm.UntilAsync(between, s => s.Peers == 1);
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], hub);
        PeerSource met = await await Task.WhenAny(SourceAsync(fetching, seed), SourceAsync(seeding, leech));
        Assert.True(met.HasFlag(PeerSource.PeerExchange), met.Describe());
    }

    [Fact]
    public async Task Two_clients_on_one_machine_meet_by_local_discovery()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length, RandomNumberGenerator.GetInt32(int.MaxValue)));
        TorrentClient seed = swarm.Start("seed", o => o with { LocalDiscovery = true });
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        TorrentClient leech = swarm.Start("leech", o => o with { LocalDiscovery = true });
        Torrent fetching = TestSwarm.Add(leech, metainfo, swarm.Folder["leech"]);
        await TestSwarm.UntilCompleteAsync(fetching);
        Assert.Equal(TransferTests.Hash(swarm.Folder["seed/file.bin"]), TransferTests.Hash(swarm.Folder["leech/file.bin"]));
    }

    [Fact]
    public async Task Peers_that_worked_are_tried_in_the_next_run()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await TestSwarm.CreateAsync(swarm.Folder.Write("seed/file.bin", Length, 22));
        TorrentClient seed = swarm.Start("seed");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        TorrentClient leech = swarm.Start("leech");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(leech, metainfo, swarm.Folder["leech"], seed));
        await swarm.StopAsync(leech);
        File.Delete(swarm.Folder["leech/file.bin"]);
        Torrent again = TestSwarm.Add(swarm.Start("leech"), metainfo, swarm.Folder["leech"]);
        Assert.Equal(PeerSource.Remembered, await SourceAsync(again, seed));
        await TestSwarm.UntilCompleteAsync(again);
    }

    [Fact]
    public async Task A_private_torrent_takes_and_remembers_no_peer_of_a_link()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await PrivateAsync(swarm.Folder.Write("seed/file.bin", Length, 23));
        TorrentClient seed = swarm.Start("seed");
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = leech.Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, Metainfo = metainfo, LinkPeers = [seed.LocalEndPoint] });
        await TestSwarm.UntilAsync(fetching, s => s.Phase == TorrentPhase.Downloading);
        Assert.Equal(0, fetching.Status.KnownPeers);
        fetching.AddPeers([seed.LocalEndPoint]);
        await TestSwarm.UntilCompleteAsync(fetching);
        await swarm.StopAsync(leech);
        Assert.Empty(Directory.GetFiles(swarm.Folder["leech-state"], "peers", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_link_that_turns_out_to_be_private_lets_go_of_its_peers()
    {
        await using var swarm = new TestSwarm();
        Metainfo metainfo = await PrivateAsync(swarm.Folder.Write("seed/file.bin", Length, 24));
        TorrentClient seed = swarm.Start("seed", o => o with { UploadLimit = 20_000 });
        await TestSwarm.UntilCompleteAsync(TestSwarm.Add(seed, metainfo, swarm.Folder["seed"]));
        TorrentClient leech = swarm.Start("leech");
        Torrent fetching = leech.Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes, LinkPeers = [seed.LocalEndPoint] });
        await fetching.MetainfoKnown.WaitAsync(TimeSpan.FromSeconds(60));
        await TestSwarm.UntilAsync(fetching, s => s is { Peers: 0, KnownPeers: 0 });
        Assert.False(fetching.Completed.IsCompleted);
    }

    [Fact]
    public async Task A_link_that_turns_out_to_be_private_is_not_announced_in_the_DHT_by_the_search_under_way()
    {
        await using var swarm = new TestSwarm();
        await using var node = new SlowDhtNode();
        Metainfo metainfo = await PrivateAsync(swarm.Folder.Write("seed/file.bin", Length, 25));
        TorrentClient leech = swarm.Start("leech", o => o with { Dht = new DhtServiceOptions { Entries = [new DnsEndPoint("127.0.0.1", node.Port)] } });
        Torrent fetching = leech.Add(new TorrentSettings { Directory = swarm.Folder["leech"], InfoHashes = metainfo.InfoHashes });
        Sha1Hash secret = await node.FirstAskedAsync(swarmId => metainfo.InfoHashes.SwarmIds.Contains(swarmId));
        // Only now comes the peer that knows the torrent.
        TestSwarm.Add(swarm.Start("seed"), metainfo, swarm.Folder["seed"], leech);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (TorrentEvent happened in fetching.Events.ReadAllAsync(limit.Token))
        {
            if (happened is MetadataKnown)
                break;
        }
        node.AnswerAll();

        // What the loop of the DHT does for this search comes after what it would have done for the other one.
        Sha1Hash open = Sha1Hash.Of("open"u8);
        DhtSearchReport report = await leech.Dht!.FindPeersAsync(open, new GetPeersOptions { AnnouncePort = 1 }, _ => { }, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(1, report.Stored);
        Assert.Contains(open, node.Announced);
        Assert.DoesNotContain(secret, node.Announced);
    }

    private static async Task<Metainfo> PrivateAsync(string path)
    {
        ShareFiles files = ShareFiles.Scan(path);
        var builder = new MetainfoBuilder(files.Name, files.Files, files.IsSingleFile, TorrentFormat.Hybrid, 32 * 1024) { IsPrivate = true };
        return await TorrentCreator.HashAsync(files, builder, null, CancellationToken.None);
    }

    /// <summary>Who told a torrent of the peer at a client's port, once they are connected by our dialling.</summary>
    private static async Task<PeerSource> SourceAsync(Torrent torrent, TorrentClient peer)
    {
        IPEndPoint wanted = peer.LocalEndPoint;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (TorrentEvent happened in torrent.Events.ReadAllAsync(limit.Token))
        {
            if (happened is PeerConnected { Incoming: false } connected && connected.Address.Equals(wanted))
                return connected.Sources;
        }
        return PeerSource.None;
    }
}
