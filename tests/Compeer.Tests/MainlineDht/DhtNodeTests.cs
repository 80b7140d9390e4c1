using System.Net;
using System.Text;
using Compeer.Formats.Bencoding;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Tests.MainlineDht;

public sealed class DhtNodeTests
{
    private static readonly NodeEndPoint Stranger = NodeEndPoint.From(IPEndPoint.Parse("80.1.2.3:4000"));

    [Fact]
    public void Peers_announced_by_one_are_found_by_another()
    {
        DhtNetwork network = DhtNetwork.Started(60, 1);
        Key160 key = Key160.NewRandom(new Random(5));
        Announce(network, 10, key, 5000, isSeed: true);
        Announce(network, 11, key, 5001, isSeed: false);
        NodeEndPoint asker = DhtNetwork.EndPoint(40);
        int search = network.Nodes[asker].GetPeers(key, new GetPeersOptions { Scrape = true }, network.Now);
        network.Run(TimeSpan.FromSeconds(30));
        IPEndPoint[] found = [.. network.Events[asker].OfType<DhtPeersFound>().Where(e => e.Search == search).SelectMany(e => e.Peers)];
        Assert.Equal(
            [new IPEndPoint(DhtNetwork.EndPoint(10).Address, 5000), new IPEndPoint(DhtNetwork.EndPoint(11).Address, 5001)],
            found.OrderBy(e => e.Port));
        DhtSearchReport report = network.Events[asker].OfType<DhtSearchEnded>().Single(e => e.Search == search).Report;
        Assert.InRange(report.EstimatedSeeds, 0.9, 1.1);
        Assert.InRange(report.EstimatedPeers, 0.9, 1.1);
        Key160 nearest = network.Nodes.Where(n => n.Key != asker).Select(n => n.Value.Id).OrderBy(i => i, Comparer<Key160>.Create(key.CompareDistance)).First();
        Assert.Equal(nearest, report.Closest[0].Id);
    }

    [Fact]
    public void The_table_is_shown_by_distance_and_state()
    {
        DhtNetwork network = DhtNetwork.Started(60, 1);
        DhtNode node = network.Nodes[DhtNetwork.EndPoint(3)];
        IReadOnlyList<DhtTableContact> table = node.Table(network.Now);
        Assert.Equal(node.NodeCount, table.Count);
        Assert.All(table, c => Assert.Equal(node.Id.CommonPrefixLength(network.Nodes[c.EndPoint].Id), c.SharedBits));
        Assert.All(table, c => Assert.Equal((DhtContactState.Good, 40.0), (c.State, c.RoundTrip.TotalMilliseconds)));
        Assert.All(node.Table(network.Now + TimeSpan.FromMinutes(16)), c => Assert.Equal(DhtContactState.Questionable, c.State));
        foreach (NodeEndPoint gone in network.Nodes.Keys.Where(k => k != DhtNetwork.EndPoint(3)).ToArray())
            network.Nodes.Remove(gone);
        node.GetPeers(Key160.NewRandom(new Random(5)), new GetPeersOptions(), network.Now);
        network.Run(TimeSpan.FromSeconds(20));
        Assert.Contains(node.Table(network.Now), c => c.State == DhtContactState.Failing);
    }

    [Fact]
    public void A_node_tells_of_the_swarms_that_it_knows_and_silence_is_an_answer_too()
    {
        DhtNetwork network = DhtNetwork.Started(8, 1);
        Key160 key = Key160.NewRandom(new Random(5));
        Announce(network, 1, key, 5000, isSeed: true);
        NodeEndPoint asker = DhtNetwork.EndPoint(2), teller = network.Nodes.First(n => n.Key != asker && n.Value.StoredCount.Swarms > 0).Key;
        uint asked = network.Nodes[asker].Sample(teller, network.Now), silent = network.Nodes[asker].Sample(Stranger, network.Now);
        network.Run(TimeSpan.FromSeconds(30));
        DhtSamples? told = network.Events[asker].OfType<DhtSampled>().Single(e => e.Question == asked).Samples;
        Assert.Equal((key, 1, TimeSpan.FromHours(6)), (Assert.Single(told!.InfoHashes), told.Count, told.Interval));
        Assert.Null(network.Events[asker].OfType<DhtSampled>().Single(e => e.Question == silent).Samples);
    }

    [Fact]
    public void Items_are_put_got_and_replaced_only_by_newer_ones()
    {
        DhtNetwork network = DhtNetwork.Started(40, 2);
        DhtNode writer = network.Nodes[DhtNetwork.EndPoint(3)];
        DhtNode reader = network.Nodes[DhtNetwork.EndPoint(30)];
        byte[] secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        DhtItem first = DhtItem.Mutable("3:one"u8, "salt"u8, 1, secret, OpenSslEd25519.Instance);
        DhtItem second = DhtItem.Mutable("3:two"u8, "salt"u8, 2, secret, OpenSslEd25519.Instance);
        DhtItem large = DhtItem.Immutable(Encoding.ASCII.GetBytes("990:" + new string('x', 990)));
        Assert.Equal(8, Put(network, writer, first, null).Stored);
        Assert.Equal(8, Put(network, writer, large, null).Stored);
        Assert.Equal(first.Value.ToArray(), Get(network, reader, n => n.GetMutable(first.PublicKey, first.Salt, network.Now))!.Value.ToArray());
        Assert.Equal(large.Value.ToArray(), Get(network, reader, n => n.GetImmutable(large.Target, network.Now))!.Value.ToArray());
        Assert.Equal(301, Put(network, writer, second, 7).StoreError);
        Assert.Equal(8, Put(network, writer, second, 1).Stored);
        Assert.Equal(302, Put(network, writer, first, null).StoreError);
        Assert.Equal(2, Get(network, reader, n => n.GetMutable(first.PublicKey, first.Salt, network.Now))!.Sequence);
    }

    [Fact]
    public void An_answer_from_another_endpoint_or_with_another_transaction_is_nothing()
    {
        var network = new DhtNetwork(3);
        NodeEndPoint node = network.Add(0);
        network.Nodes[node].Bootstrap([Stranger], network.Now);
        network.Run(TimeSpan.FromMilliseconds(30));
        byte[] question = network.Outside.Single().Datagram;
        byte[] answer = Answer(question);
        network.Send(Stranger with { Port = 4001 }, node, answer);
        network.Send(Stranger with { Low = Stranger.Low + 1 }, node, answer);
        byte[] wrong = [.. answer];
        wrong[^12] ^= 1;
        network.Send(Stranger, node, wrong);
        network.Run(TimeSpan.FromMilliseconds(100));
        Assert.Empty(network.Events[node].OfType<DhtSearchEnded>());
        network.Send(Stranger, node, answer);
        network.Run(TimeSpan.FromMilliseconds(100));
        Assert.Single(network.Events[node].OfType<DhtSearchEnded>());
    }

    [Fact]
    public void Who_has_not_proved_to_be_there_gets_less_than_three_times_what_it_sends()
    {
        DhtNetwork network = DhtNetwork.Started(60, 4);
        NodeEndPoint node = DhtNetwork.EndPoint(5);
        var random = new Random(9);
        Key160 key = Key160.NewRandom(random);
        for (int i = 10; i < 50; i++)
            Announce(network, i, key, (ushort)(5000 + i), isSeed: i % 2 == 0);
        long sent = 0;
        string id = Encoding.Latin1.GetString(Key160.NewRandom(random).ToArray());
        string wanted = Encoding.Latin1.GetString(key.ToArray());
        string[] questions =
        [
            $"d1:ad2:id20:{id}e1:q4:ping1:t1:a1:y1:qe",
            $"d1:ad2:id20:{id}6:target20:{wanted}e1:q9:find_node1:t1:a1:y1:qe",
            $"d1:ad2:id20:{id}9:info_hash20:{wanted}e1:q9:get_peers1:t1:a1:y1:qe",
            $"d1:ad2:id20:{id}9:info_hash20:{wanted}6:scrapei1ee1:q9:get_peers1:t1:a1:y1:qe",
            $"d1:ad2:id20:{id}6:target20:{wanted}e1:q3:get1:t1:a1:y1:qe",
            $"d1:ad2:id20:{id}6:target20:{wanted}e1:q17:sample_infohashes1:t1:a1:y1:qe",
            $"d1:ad2:id20:{id}6:target20:{wanted}e1:q4:what1:t1:a1:y1:qe",
            $"d1:ad2:id20:{id}e1:q4:what1:t1:a1:y1:qe",
        ];
        network.Outside.Clear();
        for (int i = 0; i < 400; i++)
        {
            byte[] question = Encoding.Latin1.GetBytes(questions[i % questions.Length]);
            sent += question.Length;
            network.Send(NodeEndPoint.From(new IPEndPoint(new IPAddress([90, 1, (byte)(i / 8), 1]), 4000)), node, question);
            network.Run(TimeSpan.FromMilliseconds(40));
        }
        long received = network.Outside.Where(o => o.From == node).Sum(o => (long)o.Datagram.Length);
        Assert.InRange(received, 1, sent * 3);
    }

    [Fact]
    public void Tokens_are_bound_to_address_and_key_and_grow_old()
    {
        var network = new DhtNetwork(6);
        NodeEndPoint node = network.Add(0);
        Key160 key = Key160.NewRandom(new Random(1));
        string token = AskToken(network, node, Stranger, key);
        Assert.Equal(203, AnnounceRaw(network, node, Stranger with { Low = Stranger.Low + 1 }, key, token));
        Assert.Equal(203, AnnounceRaw(network, node, Stranger, Key160.NewRandom(new Random(2)), token));
        Assert.Equal(203, AnnounceRaw(network, node, Stranger, key, "aaaa"));
        Assert.Equal(0, AnnounceRaw(network, node, Stranger, key, token));
        network.Run(TimeSpan.FromMinutes(6));
        Assert.Equal(0, AnnounceRaw(network, node, Stranger, key, token));
        network.Run(TimeSpan.FromMinutes(5));
        Assert.Equal(203, AnnounceRaw(network, node, Stranger, key, token));
    }

    [Fact]
    public void One_address_that_asks_without_end_is_not_heard_and_stores_are_bounded()
    {
        var network = new DhtNetwork(7);
        NodeEndPoint node = network.Add(0, new DhtOptions { MaxSwarms = 20 });
        for (int i = 0; i < 60; i++)
        {
            NodeEndPoint from = Stranger with { Low = Stranger.Low + (ulong)(i * 256) };
            Key160 key = Key160.NewRandom(new Random(i));
            Assert.Equal(0, AnnounceRaw(network, node, from, key, AskToken(network, node, from, key)));
        }
        Assert.Equal(20, network.Nodes[node].StoredCount.Swarms);
        network.Outside.Clear();
        string id = new('x', 20);
        for (int i = 0; i < 500; i++)
            network.Send(Stranger, node, Encoding.Latin1.GetBytes($"d1:ad2:id20:{id}e1:q4:ping1:t1:a1:y1:qe"));
        network.Run(TimeSpan.FromSeconds(1));
        Assert.InRange(network.Outside.Count(o => o.To == Stranger), 1, 60);
    }

    [Fact]
    public void Read_only_nodes_are_not_listed_and_what_only_asks_does_not_come_in()
    {
        var network = new DhtNetwork(8);
        NodeEndPoint node = network.Add(0);
        NodeEndPoint readOnly = network.Add(1, new DhtOptions { IsReadOnly = true });
        network.Nodes[readOnly].Bootstrap([node], network.Now);
        string id = new('x', 20);
        network.Send(Stranger, node, Encoding.Latin1.GetBytes($"d1:ad2:id20:{id}e1:q4:ping1:t1:a1:y1:qe"));
        network.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(0, network.Nodes[node].NodeCount);
    }

    [Fact]
    public void When_others_agree_on_our_address_the_id_follows_from_it()
    {
        DhtNetwork network = DhtNetwork.Started(30, 10);
        NodeEndPoint endpoint = DhtNetwork.EndPoint(20);
        DhtNode node = network.Nodes[endpoint];
        Assert.Equal(endpoint.Host, node.ExternalAddress);
        Assert.True(DhtNodeId.IsValidFor(node.Id, endpoint));
        Assert.True(node.NodeCount > 8);
    }

    [Fact]
    public void Nothing_that_arrives_throws()
    {
        var network = new DhtNetwork(11);
        NodeEndPoint endpoint = network.Add(0);
        DhtNode node = network.Nodes[endpoint];
        var random = new Random(12);
        string id = new('x', 20);
        byte[] whole = Encoding.Latin1.GetBytes(
            $"d2:ip6:abcdef2:roi0e1:ad2:id20:{id}1:k32:{id}{id[..12]}4:salt2:sa3:seqi4e3:sig64:{id}{id}{id}abcd6:target20:{id}5:token4:aaaa1:v3:abc4:wantl2:n42:n6ee1:q3:put1:t2:aa1:y1:qe");
        for (int i = 0; i <= whole.Length; i++)
            node.Receive(whole.AsSpan(0, i), Stranger with { Low = Stranger.Low + (ulong)i * 256 }, network.Now);
        for (int i = 0; i < 50_000; i++)
        {
            byte[] mutated = [.. whole];
            for (int j = random.Next(1, 6); j > 0; j--)
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            node.Receive(mutated, Stranger with { Low = Stranger.Low + (ulong)i * 256 }, network.Now);
        }
        Assert.True(node.StoredCount.Items <= 700);
    }

    [Fact]
    public void What_is_sent_is_canonical()
    {
        DhtNetwork network = DhtNetwork.Started(12, 13);
        Key160 key = Key160.NewRandom(new Random(1));
        Announce(network, 3, key, 7000, isSeed: true);
        NodeEndPoint asker = DhtNetwork.EndPoint(5);
        network.Nodes.Remove(DhtNetwork.EndPoint(4));
        network.Nodes[asker].GetPeers(key, new GetPeersOptions { Scrape = true, AnnouncePort = 1, IsSeed = true, ImpliedPort = true }, network.Now);
        network.Nodes[asker].Put(DhtItem.Mutable("1:a"u8, "s"u8, 3, new byte[32], OpenSslEd25519.Instance), 2, network.Now);
        network.Run(TimeSpan.FromMinutes(1));
        Assert.NotEmpty(network.Outside);
        foreach ((_, _, byte[] datagram) in network.Outside)
        {
            Assert.True(BencodeDocument.TryParse(datagram, BencodeLimits.Peer, out BencodeDocument? document, out _));
            Assert.True(document.IsCanonical);
        }
    }

    private static void Announce(DhtNetwork network, int node, Key160 key, ushort port, bool isSeed)
    {
        network.Nodes[DhtNetwork.EndPoint(node)].GetPeers(key, new GetPeersOptions { AnnouncePort = port, IsSeed = isSeed }, network.Now);
        network.Run(TimeSpan.FromSeconds(20));
    }

    private static DhtSearchReport Put(DhtNetwork network, DhtNode node, DhtItem item, long? cas)
    {
        int search = node.Put(item, cas, network.Now);
        network.Run(TimeSpan.FromSeconds(20));
        NodeEndPoint endpoint = network.Nodes.Single(n => n.Value == node).Key;
        return network.Events[endpoint].OfType<DhtSearchEnded>().Single(e => e.Search == search).Report;
    }

    private static DhtItem? Get(DhtNetwork network, DhtNode node, Func<DhtNode, int> get)
    {
        NodeEndPoint endpoint = network.Nodes.Single(n => n.Value == node).Key;
        int search = get(node);
        network.Run(TimeSpan.FromSeconds(20));
        return network.Events[endpoint].OfType<DhtItemFound>().LastOrDefault(e => e.Search == search)?.Item;
    }

    private static byte[] Answer(byte[] question)
    {
        Assert.True(BencodeDocument.TryParse(question, BencodeLimits.Peer, out BencodeDocument? document, out _));
        document.Root.TryGetBytes("t"u8, out ReadOnlyMemory<byte> transaction);
        return Encoding.Latin1.GetBytes($"d1:rd2:id20:{new string('q', 20)}5:nodes0:e1:t4:{Encoding.Latin1.GetString(transaction.Span)}1:y1:re");
    }

    private static string AskToken(DhtNetwork network, NodeEndPoint node, NodeEndPoint from, Key160 key)
    {
        network.Send(from, node, Encoding.Latin1.GetBytes($"d1:ad2:id20:{new string('x', 20)}9:info_hash20:{Encoding.Latin1.GetString(key.ToArray())}e1:q9:get_peers1:t1:a1:y1:qe"));
        BencodeElement reply = LastReply(network, from);
        Assert.True(reply.TryGet("r"u8, out BencodeElement body));
        Assert.True(body.TryGetBytes("token"u8, out ReadOnlyMemory<byte> token));
        return Encoding.Latin1.GetString(token.Span);
    }

    private static int AnnounceRaw(DhtNetwork network, NodeEndPoint node, NodeEndPoint from, Key160 key, string token)
    {
        network.Send(from, node, Encoding.Latin1.GetBytes(
            $"d1:ad2:id20:{new string('x', 20)}9:info_hash20:{Encoding.Latin1.GetString(key.ToArray())}4:porti99e5:token{token.Length}:{token}e1:q13:announce_peer1:t1:a1:y1:qe"));
        BencodeElement reply = LastReply(network, from);
        return reply.TryGet("e"u8, out BencodeElement error) && error.EnumerateList().First().TryGetInteger(out long code) ? (int)code : 0;
    }

    private static BencodeElement LastReply(DhtNetwork network, NodeEndPoint to)
    {
        network.Outside.Clear();
        network.Run(TimeSpan.FromMilliseconds(100));
        byte[] datagram = network.Outside.Last(o => o.To == to && !Encoding.Latin1.GetString(o.Datagram).Contains("1:q4:ping", StringComparison.Ordinal)).Datagram;
        Assert.True(BencodeDocument.TryParse(datagram, BencodeLimits.Peer, out BencodeDocument? document, out _));
        return document.Root;
    }
}
