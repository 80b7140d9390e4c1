using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Mutable torrents (BEP 46): a link that follows later versions, through a DHT of libtorrent's nodes.</summary>
public sealed class MutableTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [ForeignFact(Needs.Libtorrent | Needs.NodePackages)]
    public async Task A_link_follows_a_folder_through_changes_and_a_crash()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost shareHost = await network.AddHostAsync(), getHost = await network.AddHostAsync(), readerHost = await network.AddHostAsync();
        string notes = network.NewDirectory("notes"), got = network.NewDirectory("got");
        var options = new CompeerOptions { Mutable = true, DhtEntries = [entry], DataDirectory = network.NewDirectory("data") };
        Write(notes, "today.txt", 1);
        Write(notes, "album.bin", 300_000);

        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(shareHost, notes, options);
        string link = sharing.Text("link");
        await NamedAsync(share, 1);
        CompeerProcess get = CompeerProcess.Get(getHost, link, got, new() { DhtEntries = [entry], KeepSeeding = true });
        await CompletedAsync(get, 1);
        TestContent.At(notes).AssertIsIn(got);

        Write(notes, "today.txt", 2_000);
        Write(notes, "new.txt", 70_000);
        string second = await NamedAsync(share, 2);
        await CompletedAsync(get, 2);
        TestContent.At(notes).AssertIsIn(got);
        JsonEvent item = await DhtPeers.Node(readerHost, entry, "--get", KeyOf(link), "--salt-hex", SaltOf(link)).WaitForAsync("item", Limit);
        Assert.Equal((second, 2), (item.Text("pointer"), item.Bytes("seq")));

        await share.KillAsync();
        Write(notes, "today.txt", 3_000);
        (CompeerProcess again, JsonEvent resumed) = await CompeerProcess.ShareAsync(shareHost, notes, options);
        Assert.Equal(link, resumed.Text("link"));
        await NamedAsync(again, 3);
        await CompletedAsync(get, 3);
        TestContent.At(notes).AssertIsIn(got);
    }

    [ForeignFact(Needs.Libtorrent | Needs.NodePackages)]
    public async Task A_foreign_owner_names_what_compeer_gets()
    {
        string secret = new('5', 64);
        await using LabNetwork network = await LabNetwork.CreateAsync();
        string entry = await DhtPeers.CloudAsync(network);
        LabHost seedHost = await network.AddHostAsync(), ownerHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TestContent first = TestContent.File(network.NewDirectory("one"), "first.bin", 500_000, seed: 1), second = TestContent.File(network.NewDirectory("two"), "second.bin", 400_000, seed: 2);
        TorrentFacts one = await Torrents.CreateAsync(seedHost, first, "v1"), two = await Torrents.CreateAsync(seedHost, second, "v1");
        await LibtorrentPeer.SeedAsync(seedHost, one.Path, first.Parent, new() { DhtEntry = entry });
        await LibtorrentPeer.SeedAsync(seedHost, two.Path, second.Parent, new() { DhtEntry = entry, Port = 6882 });
        string got = network.NewDirectory("got");

        string key = await PointAsync(one, 4);
        CompeerProcess get = CompeerProcess.Get(getHost, $"magnet:?xs=urn:btpk:{key}&s=6e", got, new() { DhtEntries = [entry], KeepSeeding = true });
        await CompletedAsync(get, 1);
        first.AssertIsIn(got);

        await PointAsync(two, 5);
        await CompletedAsync(get, 2);
        second.AssertIsIn(got);

        async Task<string> PointAsync(TorrentFacts torrent, int number)
        {
            JsonProcess owner = DhtPeers.Node(ownerHost, entry, "--put-pointer", torrent.V1, "--seed", secret, "--seq", number.ToString(System.Globalization.CultureInfo.InvariantCulture), "--salt", "n");
            JsonEvent stored = await owner.WaitForAsync("stored", Limit);
            await owner.DisposeAsync();
            return stored.Text("key");
        }
    }

    private static async Task<string> NamedAsync(CompeerProcess share, int version) =>
        (await share.WaitForAsync("version", e => e.Bytes("version") == version && e.Bytes("nodes") > 0, Limit)).Text("infoHash");

    private static Task CompletedAsync(CompeerProcess get, int times) =>
        get.WaitForAsync(_ => get.Events.Count(e => e.Name == "complete") >= times, $"version {times}", Limit);

    private static void Write(string directory, string name, int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        new Random(lengthBytes).NextBytes(bytes);
        File.WriteAllBytes(Path.Combine(directory, name), bytes);
    }

    private static string KeyOf(string link) => link.Split("btpk:")[1].Split('&')[0];

    private static string SaltOf(string link) => link.Split("&s=")[1];
}
