using System.Security.Cryptography;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>The Mainline DHT through forty nodes of libtorrent: what is announced, stored and sampled is found by others.</summary>
public sealed class DhtTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [ForeignFact(Needs.Libtorrent)]
    public async Task What_compeer_and_libtorrent_announce_over_IPv6_each_other_sees_more_than_one_hop_away()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync(isV6: true);
        string entry = await DhtPeers.CloudAsync(network);
        LabHost own = await network.AddHostAsync(), libtorrent = await network.AddHostAsync();
        string hash = Convert.ToHexStringLower(SHA1.HashData("a swarm of IPv6"u8));

        await CompeerProcess.Dht(own, [entry], null, "peers", hash, "--announce", "1001").WaitForSuccessAsync(Limit);
        JsonProcess foreign = DhtPeers.Libtorrent(libtorrent, entry, "peers", "--hash", hash, "--announce");
        string[] all = [own.At(1001), libtorrent.At(ForeignPeers.Port)];

        foreach (string address in all)
            await foreign.WaitForAsync("peer", e => e.Text("address") == address, Limit);
        await AssertFindsAsync(own, entry, hash, all);
    }

    [ForeignFact(Needs.Libtorrent | Needs.NodePackages)]
    public async Task What_each_announces_each_other_sees_more_than_one_hop_away()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost own = await network.AddHostAsync(), node = await network.AddHostAsync(), libtorrent = await network.AddHostAsync();
        string hash = Convert.ToHexStringLower(SHA1.HashData("a swarm"u8));

        await CompeerProcess.Dht(own, [entry], null, "peers", hash, "--announce", "1001").WaitForSuccessAsync(Limit);
        JsonProcess javascript = DhtPeers.Node(node, entry, "--announce", hash + ":1002", "--lookup", hash);
        await javascript.WaitForAsync("announced", Limit);
        JsonProcess foreign = DhtPeers.Libtorrent(libtorrent, entry, "peers", "--hash", hash, "--announce");
        string[] all = [own.At(1001), node.At(1002), libtorrent.At(ForeignPeers.Port)];

        foreach (string address in all.Where(a => a != all[1]))
            await javascript.WaitForAsync("peer", e => e.Text("address") == address, Limit);
        foreach (string address in all.Where(a => a != all[2]))
            await foreign.WaitForAsync("peer", e => e.Text("address") == address, Limit);
        await AssertFindsAsync(own, entry, hash, all);
    }

    [ForeignFact(Needs.Libtorrent | Needs.NodePackages)]
    public async Task Items_are_stored_and_read_both_ways()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost own = await network.AddHostAsync(), node = await network.AddHostAsync(), libtorrent = await network.AddHostAsync();
        string keyFile = Path.Combine(network.Work, "key");
        string secret = new('7', 64);

        string target = (await StoredAsync(CompeerProcess.Dht(own, [entry], null, "put", "immutable of compeer"))).Text("target");
        string key = (await StoredAsync(CompeerProcess.Dht(own, [entry], null, "put", "mutable of compeer", "--key-file", keyFile, "--salt", "s", "--seq", "5"))).Text("publicKey");
        Assert.Equal("immutable of compeer", (await ItemAsync(DhtPeers.Libtorrent(libtorrent, entry, "get", "--key", target))).Text("value"));
        Assert.Equal("mutable of compeer", (await ItemAsync(DhtPeers.Libtorrent(libtorrent, entry, "get", "--key", key, "--salt", "s"))).Text("value"));
        Assert.Equal("immutable of compeer", (await ItemAsync(DhtPeers.Node(node, entry, "--get", target))).Text("value"));
        JsonEvent mutable = await ItemAsync(DhtPeers.Node(node, entry, "--get", key, "--salt", "s"));
        Assert.Equal(("mutable of compeer", 5), (mutable.Text("value"), mutable.Bytes("seq")));

        Func<JsonProcess>[] foreign =
        [
            () => DhtPeers.Libtorrent(libtorrent, entry, "put", "--text", "foreign immutable 1"),
            () => DhtPeers.Libtorrent(libtorrent, entry, "put", "--text", "foreign mutable 1", "--seed", secret, "--salt", "a"),
            () => DhtPeers.Node(node, entry, "--put", "foreign immutable 2"),
            () => DhtPeers.Node(node, entry, "--put-mutable", "foreign mutable 2", "--seed", secret, "--salt", "b"),
        ];
        string[] expected = ["foreign immutable 1", "foreign mutable 1", "foreign immutable 2", "foreign mutable 2"];
        string[] salts = ["", "a", "", "b"];
        for (int i = 0; i < foreign.Length; i++)
        {
            string stored = (await StoredAsync(foreign[i]())).Text("key");
            Assert.Equal(expected[i], (await ItemAsync(CompeerProcess.Dht(own, [entry], null, "get", stored, "--salt", salts[i]))).Text("value"));
        }
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Nodes_of_libtorrent_tell_us_which_swarms_they_know()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost own = await network.AddHostAsync();
        string hash = Convert.ToHexStringLower(SHA1.HashData("a sampled swarm"u8));
        await using (CompeerProcess announce = CompeerProcess.Dht(own, [entry], null, "peers", hash, "--announce", "1001"))
            await announce.WaitForSuccessAsync(Limit);

        CompeerProcess sample = CompeerProcess.Dht(own, [entry], null, ["sample", .. DhtPeers.NodesOf(entry)]);
        await sample.WaitForSuccessAsync(Limit);

        Assert.Contains(sample.Events, e => e.Name == "dht-sample" && e.Text("infoHash") == hash);
        Assert.Contains(sample.Events, e => e.Name == "dht-samples" && e.Bytes("count") > 0);
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task Our_node_tells_libtorrent_which_swarms_it_knows()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost own = await network.AddHostAsync(), announcer = await network.AddHostAsync(), asker = await network.AddHostAsync();
        string entry = own.At(7001), hash = Convert.ToHexStringLower(SHA1.HashData("a sampled swarm"u8));
        CompeerProcess node = CompeerProcess.Dht(own, [announcer.At(DhtPeers.Port)], null, "node");
        await node.WaitForAsync("dht-status", Limit);
        DhtPeers.Libtorrent(announcer, entry, "peers", "--hash", hash, "--announce");
        await node.WaitForAsync("dht-status", e => e.Bytes("swarms") > 0, Limit);

        JsonEvent told = await DhtPeers.Libtorrent(asker, entry, "sample").WaitForAsync("samples", Limit);

        Assert.Equal(hash, Assert.Single(told.Values.GetProperty("samples").EnumerateArray()).GetString());
    }

    [ForeignFact(Needs.Libtorrent)]
    public async Task After_kill_a_node_joins_again_with_every_entry_dead()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost own = await network.AddHostAsync();
        string data = network.NewDirectory("data");

        // One entry of two is dead from the start; that must not matter.
        CompeerProcess node = CompeerProcess.Dht(own, [own.At(9), entry], data, "node");
        await node.WaitForAsync("dht-status", e => e.Bytes("nodes") >= 8, Limit);
        await WaitForFileAsync(Path.Combine(data, "dht.nodes"));
        node.Send(Signal.Kill);
        await node.DisposeAsync();

        CompeerProcess again = CompeerProcess.Dht(own, [own.At(9)], data, "node");
        await again.WaitForAsync("dht-status", e => e.Bytes("nodes") >= 8, Limit);
    }

    /// <summary>Fresh nodes find all these peers, at least one of them over two hops or more.</summary>
    private static async Task AssertFindsAsync(LabHost host, string entry, string hash, string[] peers)
    {
        long hops = 0;
        for (int i = 0; i < 5 && hops < 2; i++)
        {
            await using CompeerProcess look = CompeerProcess.Dht(host, [entry], null, "peers", hash);
            await look.WaitForSuccessAsync(Limit);
            Assert.Superset(peers.ToHashSet(), look.Events.Where(e => e.Name == "dht-peer").Select(e => e.Text("address")).ToHashSet());
            hops = look.Last("dht-search")!.Bytes("hops");
        }
        Assert.True(hops >= 2, "Each of five fresh nodes knew the nearest node at once.");
    }

    private static async Task WaitForFileAsync(string path)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!File.Exists(path))
            await pause.WaitForNextTickAsync(limit.Token);
    }

    private static async Task<JsonEvent> StoredAsync(JsonProcess process) => await EventAsync(process, process is CompeerProcess ? "dht-stored" : "stored");

    private static async Task<JsonEvent> ItemAsync(JsonProcess process) => await EventAsync(process, process is CompeerProcess ? "dht-item" : "item");

    private static async Task<JsonEvent> EventAsync(JsonProcess process, string name)
    {
        JsonEvent happened = await process.WaitForAsync(name, Limit);
        await process.DisposeAsync();
        return happened;
    }
}
