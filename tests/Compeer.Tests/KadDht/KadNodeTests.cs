using Compeer.Formats.Multiformats;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.Kademlia;

namespace Compeer.Tests.KadDht;

public sealed class KadNodeTests
{
    private static readonly byte[] Key = [.. "/lab/key"u8];

    [Fact]
    public void Lookups_find_the_nearest_peers()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(100);
        byte[] key = [1, 2, 3];
        Key256 place = Key256.HashOf(key);
        long search = net.Nodes[all[50]].FindClosest(key, net.Now);
        net.Run();
        PeerId[] expected = [.. all.Where(p => p != all[50]).Order(Comparer<PeerId>.Create((a, b) => place.CompareDistance(KadContact.KeyOf(a), KadContact.KeyOf(b)))).Take(20)];
        Assert.Equal(expected, net.Ended(search).Closest);
        long peer = net.Nodes[all[3]].FindPeer(all[97], net.Now);
        net.Run();
        Assert.Equal(net.Options.AddressesOf(all[97]), net.Ended(peer).Target!.Addresses);
        Assert.Equal(0, net.Nodes[all[3]].SearchCount);
    }

    [Fact]
    public void The_best_value_is_found_and_those_who_have_a_worse_one_or_none_get_it()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(60);
        long put = net.Nodes[all[1]].PutValue(Key, "v1"u8.ToArray(), net.Now);
        net.Run();
        Assert.Equal(20, net.Ended(put).Stored);
        PeerId[] holders = [.. net.Ended(put).Closest];
        // One of the holders gets a newer value that the others do not have, and one has lost its own.
        Assert.True(net.Nodes[holders[4]].TryAnswer(all[1], 0, Put(Key, "v2"u8), net.Now, out KadMessage? echo));
        Assert.Equal("v2"u8.ToArray(), echo!.Record!.Value.ToArray());
        net.Nodes[holders[0]] = new KadNode(holders[0], net.Options, new Random(1));
        long get = net.Nodes[all[59]].GetValue(Key, 0, net.Now);
        net.Run();
        Assert.Equal("v2"u8.ToArray(), net.Ended(get).Record!.Value.ToArray());
        foreach (PeerId holder in holders.Except([all[59]]))
        {
            Assert.True(net.Nodes[holder].TryAnswer(all[1], 0, new KadMessage(KadMessageType.GetValue) { Key = Key }, net.Now, out KadMessage? answer));
            Assert.Equal("v2"u8.ToArray(), answer!.Record!.Value.ToArray());
            Assert.NotEmpty(all.Length > 1 && holder != holders[0] ? answer.CloserPeers : [new KadPeer(holder, [])]);
            Assert.False(net.Nodes[holder].TryAnswer(all[1], 0, Put(Key, "v1"u8), net.Now, out _), "an older value came in");
        }
    }

    [Fact]
    public void A_quorum_ends_a_search_early()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(60);
        net.Nodes[all[1]].PutValue(Key, "v1"u8.ToArray(), net.Now);
        net.Run();
        long few = net.Nodes[all[40]].GetValue(Key, 2, net.Now), many = net.Nodes[all[41]].GetValue(Key, 0, net.Now);
        net.Run();
        Assert.NotNull(net.Ended(few).Record);
        Assert.True(net.Ended(few).Asked < net.Ended(many).Asked);
    }

    [Fact]
    public void Providers_are_found_and_run_out_and_are_said_again()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(40);
        Multihash content = Multihash.Sha256("content"u8);
        long told = net.Nodes[all[5]].Provide(content, net.Now);
        net.Run();
        Assert.Equal(20, net.Ended(told).Stored);
        Assert.Equal([all[5]], Providers(net, all[30], content));

        net.Now += TimeSpan.FromHours(22);
        net.Nodes[all[5]].OnDeadline(net.Now);
        net.Run();
        net.Now += TimeSpan.FromHours(27);
        Assert.Equal([all[5]], Providers(net, all[31], content));
        Assert.All(net.Events.OfType<KadProvidersFound>().Last().Providers, p => Assert.NotEmpty(p.Addresses));

        net.Nodes[all[5]].StopProviding(content);
        net.Now += TimeSpan.FromHours(22);
        net.Nodes[all[5]].OnDeadline(net.Now);
        net.Run();
        Assert.Empty(Providers(net, all[32], content));
        foreach (KadNode node in net.Nodes.Values)
            node.OnDeadline(net.Now);
        Assert.All(net.Nodes.Values, n => Assert.Equal(0, n.ProviderCount));
    }

    [Fact]
    public void A_peer_provides_for_itself_only_and_in_bounds()
    {
        var net = new KadNet();
        PeerId id = net.Add(o => o with { MaxProvided = 500, MaxProvidersOfKey = 20, MaxKeysOfProvider = 30 });
        KadNode node = net.Nodes[id];
        var random = new Random(4);
        PeerId liar = KadNet.NewPeer(random), other = KadNet.NewPeer(random);
        byte[] key = Multihash.Sha256("x"u8).Bytes.ToArray();
        Assert.False(node.TryAnswer(liar, 0, Add(key, other), net.Now, out _));
        Assert.False(node.TryAnswer(liar, 0, Add([1, 2, 3], liar), net.Now, out _));
        Assert.Equal(0, node.ProviderCount);

        for (int i = 0; i < 1000; i++)
            Assert.True(node.TryAnswer(liar, 0, Add(Multihash.Sha256(BitConverter.GetBytes(i)).Bytes.ToArray(), liar), net.Now, out _));
        Assert.Equal(30, node.ProviderCount);

        // Of a thousand providers of one key from one network none pushes out the ones of other networks.
        for (int i = 1; i <= 5; i++)
            node.TryAnswer(KadNet.NewPeer(random), (ulong)i, Add(key, default), net.Now, out _);
        PeerId honest = KadNet.NewPeer(random);
        Assert.True(node.TryAnswer(honest, 99, Add(key, honest), net.Now, out _));
        for (int i = 0; i < 1000; i++)
        {
            PeerId sybil = KadNet.NewPeer(random);
            node.TryAnswer(sybil, 7, Add(key, sybil), net.Now, out _);
        }
        Assert.Equal(30 + 20, node.ProviderCount);
        Assert.True(node.TryAnswer(liar, 0, new KadMessage(KadMessageType.GetProviders) { Key = key }, net.Now, out KadMessage? answer));
        Assert.Contains(honest, answer!.ProviderPeers.Select(p => p.Id));

        for (int i = 0; i < 2000; i++)
        {
            PeerId sybil = KadNet.NewPeer(random);
            node.TryAnswer(sybil, 0, Add(Multihash.Sha256(BitConverter.GetBytes(i)).Bytes.ToArray(), sybil), net.Now, out _);
        }
        Assert.Equal(500, node.ProviderCount);
    }

    [Fact]
    public void Values_are_kept_in_bounds_and_only_valid_ones()
    {
        var net = new KadNet();
        PeerId id = net.Add(o => o with { MaxRecords = 50 });
        KadNode node = net.Nodes[id];
        PeerId from = KadNet.NewPeer(new Random(3));
        Assert.False(node.TryAnswer(from, 0, Put(Key, "wrong"u8), net.Now, out _));
        Assert.False(node.TryAnswer(from, 0, Put([.. "/nobody/knows"u8], "v"u8), net.Now, out _));
        Assert.False(node.TryAnswer(from, 0, Put(Key, [(byte)'v', .. new byte[RecordRules.MaxValueBytes]]), net.Now, out _));
        Assert.False(node.TryAnswer(from, 0, Put(Key, "v"u8) with { Key = "/lab/other"u8.ToArray() }, net.Now, out _));
        for (int i = 0; i < 500; i++)
            node.TryAnswer(from, 0, Put([.. "/lab/"u8, .. BitConverter.GetBytes(i)], "v"u8), net.Now, out _);
        Assert.Equal(50, node.RecordCount);
        Key256 own = KadContact.KeyOf(id);
        byte[] nearest = Enumerable.Range(0, 500).Select(i => (byte[])[.. "/lab/"u8, .. BitConverter.GetBytes(i)])
            .Order(Comparer<byte[]>.Create((a, b) => own.CompareDistance(Key256.HashOf(a), Key256.HashOf(b)))).First();
        Assert.True(node.TryAnswer(from, 0, new KadMessage(KadMessageType.GetValue) { Key = nearest }, net.Now, out KadMessage? answer));
        Assert.NotNull(answer!.Record);
        net.Now += TimeSpan.FromHours(49);
        node.OnDeadline(net.Now);
        Assert.Equal(0, node.RecordCount);
    }

    [Fact]
    public void Liars_who_name_ten_thousand_peers_or_send_bogus_values_spoil_nothing()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(40);
        var random = new Random(5);
        KadPeer[] crowd = [.. Enumerable.Range(0, 10_000).Select(_ => new KadPeer(KadNet.NewPeer(random), [Multiaddr.Parse("/ip4/10.9.9.9/tcp/1")]))];
        foreach (PeerId liar in all[..8])
        {
            net.Liars[liar] = q => new KadMessage(q.Type) { CloserPeers = crowd, Record = new KadRecord(q.Key, "bogus"u8.ToArray()), ProviderPeers = [new KadPeer(all[39], [])] };
        }
        net.Nodes[all[20]].PutValue(Key, "v1"u8.ToArray(), net.Now);
        net.Run();
        long get = net.Nodes[all[30]].GetValue(Key, 0, net.Now);
        int asked = net.Run();
        Assert.Equal("v1"u8.ToArray(), net.Ended(get).Record!.Value.ToArray());
        Assert.InRange(asked, 1, 600);
        Assert.DoesNotContain(net.Nodes[all[30]].Table, p => crowd.Any(c => c.Id == p));
    }

    [Fact]
    public void Only_those_who_answer_come_into_the_table_and_those_who_stop_leave_it()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(3);
        KadNode node = net.Nodes[all[0]];
        node.OnServer(KadNet.NewPeer(new Random(9)), net.Now);
        net.Run();
        Assert.Equal([all[1], all[2]], node.Table.ToHashSet().Intersect([all[1], all[2]]));
        Assert.Equal(2, node.TableCount);
        node.OnClient(all[1]);
        Assert.Equal([all[2]], node.Table);
        net.Nodes.Remove(all[2]);
        for (int i = 0; i < 2; i++)
        {
            node.FindClosest(new byte[] { 1 }, net.Now);
            net.Run();
        }
        Assert.Equal(0, node.TableCount);
    }

    [Fact]
    public void A_table_fills_by_itself_and_loses_those_who_have_gone()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(80);
        KadNode node = net.Nodes[net.Add()];
        node.OnServer(all[7], net.Now);
        net.Run();
        Pass(net, node, TimeSpan.FromHours(3));
        Assert.InRange(node.TableCount, 10, 80);
        foreach (PeerId gone in all.Where((_, i) => i % 2 == 0))
            net.Nodes.Remove(gone);
        int dead = node.Table.Count(p => !net.Nodes.ContainsKey(p));
        Pass(net, node, TimeSpan.FromHours(3));
        Assert.InRange(node.Table.Count(p => !net.Nodes.ContainsKey(p)), 0, dead / 2);
    }

    /// <summary>Lets time pass for one node, which does nothing but what is due.</summary>
    private static void Pass(KadNet net, KadNode node, TimeSpan time)
    {
        Instant end = net.Now + time;
        for (int i = 0; i < 10_000 && node.NextDeadline <= end; i++)
        {
            net.Now = node.NextDeadline > net.Now ? node.NextDeadline : net.Now;
            node.OnDeadline(net.Now);
            net.Run();
        }
        net.Now = end;
    }

    [Fact]
    public void Two_hosts_of_a_network_share_a_bucket_and_three_a_table()
    {
        var random = new Random(6);
        var table = new RoutingTable<Key256, KadContact, KadPolicy>(KadContact.KeyOf(KadNet.NewPeer(random)), default);
        var perBucket = new Dictionary<int, int>();
        for (int i = 0; i < 300; i++)
        {
            var contact = new KadContact(KadNet.NewPeer(random), 1);
            if (table.OnReply(KadContact.KeyOf(contact.Peer), contact, TimeSpan.Zero, new Instant(i), out _) == Admission.Admitted)
                perBucket[table.Own.CommonPrefixLength(KadContact.KeyOf(contact.Peer))] = perBucket.GetValueOrDefault(table.Own.CommonPrefixLength(KadContact.KeyOf(contact.Peer))) + 1;
        }
        Assert.Equal(2, table.Count);
        for (int i = 0; i < 300; i++)
        {
            var contact = new KadContact(KadNet.NewPeer(random), (ulong)(100 + i));
            table.OnReply(KadContact.KeyOf(contact.Peer), contact, TimeSpan.Zero, new Instant(i), out _);
        }
        Assert.True(table.Depth > 1);
        for (int i = 0; i < 300; i++)
        {
            var contact = new KadContact(KadNet.NewPeer(random), 1);
            table.OnReply(KadContact.KeyOf(contact.Peer), contact, TimeSpan.Zero, new Instant(i), out _);
        }
        Assert.InRange(Count(table, 1), 2, 3);
    }

    [Fact]
    public void Keys_of_256_bits_compare_as_their_bytes_do()
    {
        var random = new Random(1);
        byte[] bytes = new byte[32], written = new byte[32];
        random.NextBytes(bytes);
        Key256 key = Key256.Read(bytes);
        key.Write(written);
        Assert.Equal(bytes, written);
        for (int bits = 0; bits < 256; bits++)
        {
            Key256 near = key.RandomInBucket(bits, random), far = key.RandomInBucket(Math.Max(0, bits - 1), random);
            Assert.Equal(bits, key.CommonPrefixLength(near));
            Assert.True(bits == 0 || key.CompareDistance(near, far) < 0);
        }
    }

    private static int Count(RoutingTable<Key256, KadContact, KadPolicy> table, ulong network) =>
        Enumerable.Range(0, table.Depth).Sum(i => table.Entries(i).ToArray().Count(e => e.Contact.Network == network));

    private static List<PeerId> Providers(KadNet net, PeerId asking, Multihash content)
    {
        long search = net.Nodes[asking].GetProviders(content, 0, net.Now);
        net.Run();
        return [.. net.Events.OfType<KadProvidersFound>().Where(e => e.Search == search).SelectMany(e => e.Providers).Select(p => p.Id)];
    }

    private static KadMessage Put(byte[] key, ReadOnlySpan<byte> value) => new(KadMessageType.PutValue) { Key = key, Record = new KadRecord(key, value.ToArray()) };

    private static KadMessage Add(byte[] key, PeerId provider) =>
        new(KadMessageType.AddProvider) { Key = key, ProviderPeers = provider.IsEmpty ? [] : [new KadPeer(provider, [Multiaddr.Parse("/ip4/10.0.0.1/tcp/1")])] };
}
