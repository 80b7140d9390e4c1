using System.Text.Json;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>A share behind a NAT learns its public address from those it meets anyhow, and tells others theirs on its shared port.</summary>
public sealed class PublicAddressTests(TestContents contents) : IClassFixture<TestContents>
{
    private const int Port = 7001;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignFact(Needs.Libtorrent | Needs.Masquerade)]
    public async Task A_tracker_and_a_libtorrent_peer_tell_it()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost trackerHost = await network.AddHostAsync(), peerHost = await network.AddHostAsync();
        LabHost inside = await (await network.AddRouterAsync(NatKind.PortKeeping)).AddHostAsync();
        await CompeerProcess.TrackerAsync(trackerHost, OpenTracker.Port, OpenTracker.Port);
        string url = OpenTracker.HttpUrlOn(trackerHost);
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(peerHost, contents.Mebibytes(4), "v1", url);
        await LibtorrentPeer.LeechAsync(peerHost, torrent.Path, network.NewDirectory("got"), new() { Port = Port });
        await TrackerProbe.WaitForPeersAsync(url, torrent.V1, 1, Limit);

        CompeerProcess seed = await CompeerProcess.SeedAsync(inside, torrent.Path, contents.Mebibytes(4).Parent);

        JsonEvent known = await seed.WaitForAsync(e => Sightings(e).Any(), "a public address", Limit);
        (string address, string toldBy) = Assert.Single(Sightings(known));
        Assert.Equal((inside.PublicAddress, "tracker+peer"), (address, toldBy));
    }

    [ForeignFact(Needs.Coturn | Needs.Masquerade)]
    public async Task A_STUN_server_tells_it_and_the_link_names_it()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync();
        LabHost inside = await (await network.AddRouterAsync(NatKind.PortKeeping)).AddHostAsync();
        await Coturn.StartAsync(server);

        (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(inside, contents.Folder.Path, new() { Stun = [server.At(Coturn.Port)] });

        Assert.Contains("x.pe=" + inside.PublicAt(Port), Uri.UnescapeDataString(sharing.Text("link")), StringComparison.Ordinal);
        // Nobody has shown that it can be reached there.
        Assert.DoesNotContain(inside.PublicAddress, sharing.Values.GetProperty("addresses").ToString(), StringComparison.Ordinal);
    }

    [ForeignFact(Needs.Coturn)]
    public async Task Foreign_STUN_clients_learn_their_address_from_the_port_of_a_share()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost sharer = await network.AddHostAsync(), asker = await network.AddHostAsync(), getter = await network.AddHostAsync();
        (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(sharer, contents.Folder.Path);

        Assert.Contains($"UDP reflexive addr: {asker.Address}:", await Coturn.StunClientAsync(asker, sharer, Port), StringComparison.Ordinal);
        string discovery = await Coturn.NatDiscoveryAsync(asker, sharer, Port);
        Assert.True(discovery.Contains($"{asker.Address}:", StringComparison.Ordinal), discovery);

        // The port is the same one that uTP uses.
        string directory = network.NewDirectory("got");
        CompeerProcess get = CompeerProcess.Get(getter, sharing.Text("link"), directory, new() { UtpOnly = true });
        await get.WaitForAsync("complete", Limit);
        Assert.Contains("utp", get.Paths);
    }

    private static IEnumerable<(string Address, string ToldBy)> Sightings(JsonEvent e) => e.Values.TryGetProperty("publicAddresses", out JsonElement known)
        ? known.EnumerateArray().Select(k => (k.GetProperty("address").GetString()!, k.GetProperty("toldBy").GetString()!))
        : [];
}
