using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.KadDht;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.Kademlia;

namespace Compeer.Tests.KadDht;

public sealed class KadArchiveTests : IDisposable
{
    private static readonly DateTimeOffset Time = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("compeer-kad-").FullName;
    private readonly List<string> _notes = [];

    private string FilePath => Path.Combine(_folder, "dht.kept");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_kept_survives_its_bytes_and_no_cut_of_them()
    {
        foreach (KadKept kept in Samples(8))
        {
            byte[] bytes = KadKeptCodec.Encode(kept);
            Assert.True(KadKeptCodec.TryDecode(bytes, out byte[]? name, out KadKept? read));
            Assert.Equal(kept.Name, name);
            Assert.Equal(bytes, KadKeptCodec.Encode(read!));
            for (int cut = 0; cut < bytes.Length; cut++)
                Assert.False(KadKeptCodec.TryDecode(bytes.AsSpan(0, cut), out _, out KadKept? part) && KadKeptCodec.Encode(part!).SequenceEqual(bytes));
            Assert.True(KadKeptCodec.TryDecode(KadKeptCodec.EncodeDropped(kept.Name), out name, out read));
            Assert.Equal(kept.Name, name);
            Assert.Null(read);
        }
        Assert.False(KadKeptCodec.TryDecode(new byte[KadKeptCodec.MaxBytes + 1], out _, out _));
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] noise = new byte[random.Next(100)];
            random.NextBytes(noise);
            KadKeptCodec.TryDecode(noise, out _, out _);
        }
    }

    [Fact]
    public void A_file_gives_back_the_last_of_each_name_and_nothing_that_was_dropped()
    {
        KadKept[] samples = Samples(40);
        var newer = new KadKept.Published("/lab/0"u8.ToArray(), "v2"u8.ToArray(), Time + TimeSpan.FromHours(9));
        using (KadFileArchive archive = Open())
        {
            foreach (KadKept kept in samples)
                archive.Keep(kept);
            archive.Keep(newer);
            archive.Drop(samples[1].Name);
            archive.Drop("nothing"u8);
            Assert.Equal(samples.Length - 1, archive.Count);
            Assert.Throws<IOException>(() => Open());
        }
        using KadFileArchive again = Open();
        Assert.Equal(
            [.. samples.Where(s => s.Name.AsSpan().SequenceEqual(newer.Name) is false).Except([samples[1]]).Append(newer).Select(s => Convert.ToHexString(KadKeptCodec.Encode(s))).Order()],
            again.Load().Select(k => Convert.ToHexString(KadKeptCodec.Encode(k))).Order());
        Assert.Equal((0, 0), (again.DamagedLines, again.Lost));
        Assert.Empty(_notes);
    }

    [Fact]
    public void Damage_costs_the_entries_that_it_hits_and_is_told()
    {
        KadKept[] samples = Samples(40);
        byte[] sound;
        using (KadFileArchive archive = Open())
        {
            foreach (KadKept kept in samples)
                archive.Keep(kept);
        }
        sound = File.ReadAllBytes(FilePath);
        var random = new Random(5);
        for (int round = 0; round < 200; round++)
        {
            byte[] damaged = [.. sound];
            int at = random.Next(damaged.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(FilePath, damaged);
            // Another version of the format is not damage; the number stands in the first line.
            if (at < "compeer-kad 1\n".Length)
                continue;
            using KadFileArchive archive = Open();
            Assert.InRange(archive.Count, samples.Length - 2, samples.Length - 1);
            Assert.InRange(archive.DamagedLines, 1, 2);
            Assert.Equal(archive.Count, archive.Load().Count());
            Assert.Equal(damaged, File.ReadAllBytes(FilePath + ".damaged"));
        }
        Assert.NotEmpty(_notes);
        for (int cut = "compeer-kad 1\n".Length; cut < sound.Length; cut += 37)
        {
            File.WriteAllBytes(FilePath, sound[..cut]);
            using (KadFileArchive archive = Open())
            {
                Assert.InRange(archive.DamagedLines, 0, 1);
                archive.Keep(samples[^1]);
            }
            using KadFileArchive after = Open();
            Assert.Equal(0, after.DamagedLines);
            Assert.Contains(after.Load(), k => k.Name.AsSpan().SequenceEqual(samples[^1].Name));
        }
        File.WriteAllText(FilePath, "compeer-kad 2\n");
        Assert.Throws<InvalidDataException>(() => Open());
    }

    [Fact]
    public void A_file_stays_within_its_bounds_and_is_made_anew()
    {
        PeerId peer = KadNet.NewPeer(new Random(1));
        using (KadFileArchive archive = Open(new KadArchiveOptions { MaxBytes = 1 << 20, MaxEntries = 100, Note = _notes.Add }))
        {
            // The same hundred names again and again: most of what was written is old.
            for (int i = 0; i < 2_000; i++)
                archive.Keep(Value(peer, i % 100, new string('v', 2_000)));
            Assert.Equal((100, 0), (archive.Count, archive.Lost));
            archive.Keep(Value(peer, 100, "v"));
            Assert.Equal((100, 1), (archive.Count, archive.Lost));
            Assert.InRange(new FileInfo(FilePath).Length, 200_000, 1 << 20);
            for (int i = 0; i < 100; i++)
                archive.Keep(Value(peer, i, new string('v', 10_000)));
            Assert.InRange(archive.Lost, 2, 100);
            Assert.InRange(new FileInfo(FilePath).Length, 200_000, 1 << 20);
        }
        Assert.InRange(_notes.Count, 1, 100);
        using KadFileArchive again = Open();
        Assert.Equal(100, again.Count);
        Assert.False(File.Exists(FilePath + ".new"));
    }

    [Fact]
    public void A_node_that_starts_again_has_what_it_kept_and_says_again_what_it_published()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(30);
        PeerId id = all[3];
        KadNode before = Restart(net, id, out KadFileArchive first);
        Meet(net, id, all[0]);
        PrivateIdentity author = PrivateIdentity.Generate();
        byte[] name = IpnsValidator.KeyOf(PeerId.FromPublicKey(author.PublicKey));
        byte[] record = new IpnsRecord("/ipfs/bafkqaaa", 1, net.Time + TimeSpan.FromHours(30), TimeSpan.Zero).Seal(author);
        Multihash theirs = Multihash.Sha256("theirs"u8), ours = Multihash.Sha256("ours"u8);
        Assert.True(before.TryAnswer(all[1], 7, Put(name, record), net.Now, out _));
        Assert.True(before.TryAnswer(all[2], 8, new KadMessage(KadMessageType.AddProvider) { Key = theirs.Bytes.ToArray(), ProviderPeers = [new KadPeer(all[2], net.Options.AddressesOf(all[2]))] }, net.Now, out _));
        before.PutValue("/lab/ours"u8.ToArray(), "v1"u8.ToArray(), net.Now);
        before.Provide(ours, net.Now);
        net.Run();
        first.Dispose();

        // Everybody else forgets; the machine has been off for a day, and its monotonic clock begins anew.
        foreach (PeerId other in all.Where(p => p != id))
            net.Nodes[other] = new KadNode(other, net.Options, new Random(8));
        net.Time += TimeSpan.FromHours(24);
        net.Now = Compeer.Protocols.Instant.Zero + TimeSpan.FromMinutes(1);
        KadNode after = Restart(net, id, out KadFileArchive second);
        using (second)
        {
            Assert.Equal((2, 1, 1, 1), (after.RecordCount, after.ProviderCount, after.PublishedCount, after.ProvidedCount));
            Assert.Equal(record, Ask(net, id, name).Record!.Value.ToArray());
            Assert.True(after.TryAnswer(all[9], 0, new KadMessage(KadMessageType.GetProviders) { Key = theirs.Bytes.ToArray() }, net.Now, out KadMessage? providers));
            Assert.Equal([all[2]], providers!.ProviderPeers.Select(p => p.Id));

            Meet(net, id, all[0]);
            net.Now += TimeSpan.FromMinutes(2);
            after.OnDeadline(net.Now);
            net.Run();
            Assert.Equal("v1"u8.ToArray(), Ask(net, all[0], "/lab/ours"u8.ToArray()).Record!.Value.ToArray());
            Assert.Equal(1, net.Nodes[all[0]].ProviderCount);
        }

        // Nothing outlives its own end, however often a node starts.
        net.Time += TimeSpan.FromHours(7);
        net.Now = Compeer.Protocols.Instant.Zero;
        KadNode late = Restart(net, id, out KadFileArchive third);
        using (third)
            Assert.Null(Ask(net, id, name).Record);
        Assert.Equal(1, late.RecordCount);
    }

    [Fact]
    public void What_the_archive_says_is_checked_like_what_peers_say()
    {
        var net = new KadNet();
        PeerId id = net.Add(), other = net.Add();
        using KadFileArchive archive = Open();
        archive.Keep(new KadKept.Value(other, "/lab/a"u8.ToArray(), "wrong"u8.ToArray(), net.Time + TimeSpan.FromHours(1)));
        archive.Keep(new KadKept.Published("/lab/b"u8.ToArray(), "wrong"u8.ToArray(), net.Time));
        archive.Keep(new KadKept.Value(other, "/lab/c"u8.ToArray(), "v"u8.ToArray(), net.Time - TimeSpan.FromHours(1)));
        archive.Keep(new KadKept.Provider(Key256.HashOf("x"u8), other, 0, [], net.Time - TimeSpan.FromHours(48)));
        // A clock that was set back: nothing lives longer than it would from now on.
        archive.Keep(new KadKept.Value(other, "/lab/d"u8.ToArray(), "v"u8.ToArray(), net.Time + TimeSpan.FromDays(900)));
        archive.Keep(new KadKept.Provider(Key256.HashOf("y"u8), other, 0, [], net.Time + TimeSpan.FromDays(900)));
        archive.Keep(new KadKept.Provided(Multihash.Sha256("z"u8), net.Time + TimeSpan.FromDays(900)));
        var node = new KadNode(id, net.Options with { Archive = archive }, new Random(1));
        Assert.Equal((3, 4), node.Restore(net.Now));
        Assert.Equal(3, archive.Count);
        Assert.True(node.NextDeadline <= net.Now + TimeSpan.FromHours(22));
        net.Now += TimeSpan.FromHours(49);
        node.OnDeadline(net.Now);
        Assert.Equal((0, 0, 1), (node.RecordCount, node.ProviderCount, archive.Count));
    }

    [Fact]
    public void Who_says_the_same_again_and_again_has_nothing_written()
    {
        var net = new KadNet();
        PeerId id = net.Add(), other = net.Add();
        using KadFileArchive archive = Open();
        var node = new KadNode(id, net.Options with { Archive = archive }, new Random(1));
        byte[] content = Multihash.Sha256("x"u8).Bytes.ToArray();
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(node.TryAnswer(other, 0, Put("/lab/a"u8.ToArray(), "v"u8.ToArray()), net.Now, out _));
            Assert.True(node.TryAnswer(other, 0, new KadMessage(KadMessageType.AddProvider) { Key = content, ProviderPeers = [new KadPeer(other, [])] }, net.Now, out _));
            net.Now += TimeSpan.FromSeconds(1);
        }
        archive.Dispose();
        Assert.Equal(3, File.ReadAllLines(FilePath).Length);
    }

    private static KadKept[] Samples(int count)
    {
        var random = new Random(2);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            PeerId peer = KadNet.NewPeer(random);
            return (KadKept)((i % 4) switch
            {
                0 => new KadKept.Published(Encoding.ASCII.GetBytes($"/lab/{i}"), "v1"u8.ToArray(), Time),
                1 => new KadKept.Value(peer, Encoding.ASCII.GetBytes($"/lab/{i}"), new byte[i * 10], Time),
                2 => new KadKept.Provider(Key256.HashOf(BitConverter.GetBytes(i)), peer, (ulong)i, [Multiaddr.Parse($"/ip4/192.0.2.{i}/tcp/4001")], Time),
                _ => new KadKept.Provided(Multihash.Sha256(BitConverter.GetBytes(i)), Time),
            });
        })];
    }

    private static KadKept.Value Value(PeerId peer, int number, string content) => new(peer, Encoding.ASCII.GetBytes($"/lab/{number}"), Encoding.ASCII.GetBytes(content), Time);

    private static KadMessage Put(byte[] key, byte[] value) => new(KadMessageType.PutValue) { Key = key, Record = new KadRecord(key, value) };

    private static KadMessage Ask(KadNet net, PeerId holder, byte[] key)
    {
        Assert.True(net.Nodes[holder].TryAnswer(KadNet.NewPeer(new Random(77)), 0, new KadMessage(KadMessageType.GetValue) { Key = key }, net.Now, out KadMessage? answer));
        return answer!;
    }

    private KadFileArchive Open(KadArchiveOptions? options = null) => KadFileArchive.Open(FilePath, options ?? new KadArchiveOptions { Note = _notes.Add });

    private KadNode Restart(KadNet net, PeerId id, out KadFileArchive archive)
    {
        archive = Open();
        var node = new KadNode(id, net.Options with { Archive = archive }, new Random(4));
        node.Restore(net.Now);
        net.Nodes[id] = node;
        return node;
    }

    private static void Meet(KadNet net, PeerId id, PeerId other)
    {
        net.Nodes[id].OnServer(other, net.Now);
        net.Run();
    }
}
