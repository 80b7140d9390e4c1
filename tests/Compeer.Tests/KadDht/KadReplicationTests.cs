using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.Kademlia;

namespace Compeer.Tests.KadDht;

/// <summary>Values that are said again: by who published them, and by who holds them.</summary>
public sealed class KadReplicationTests
{
    private static readonly byte[] Key = [.. "/lab/key"u8];

    [Fact]
    public void A_holder_gives_a_value_to_new_neighbours_with_the_life_that_is_left()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(10);
        KadNode holder = net.Nodes[all[0]];
        Assert.True(holder.TryAnswer(all[1], 0, Put(Key, "v1"u8), net.Now, out _));
        Pass(net, TimeSpan.FromHours(6.1));
        KadNode[] others = [.. all[1..].Select(p => net.Nodes[p])];
        Assert.All(others, o => Assert.Equal(1, o.RecordCount));
        // 48 hours after its author said it, wherever it went.
        Pass(net, TimeSpan.FromHours(41));
        Assert.All(others, o => Assert.Equal(1, o.RecordCount));
        Pass(net, TimeSpan.FromHours(1.2));
        Assert.All(net.Nodes.Values, o => Assert.Equal(0, o.RecordCount));
    }

    [Fact]
    public void Who_has_just_been_given_a_value_does_not_say_it_himself()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(15);
        foreach (PeerId holder in all)
            net.Nodes[holder].TryAnswer(all[^1], 0, Put(Key, "v1"u8), net.Now, out _);
        int said = 0;
        net.OnRequest = (_, request) => said += request.Message.Type == KadMessageType.PutValue ? 1 : 0;
        Pass(net, TimeSpan.FromHours(24));
        // Each time to all fourteen others, every four to six hours.
        Assert.InRange(said, 14 * 4, 14 * 8);
    }

    [Fact]
    public void A_holder_far_from_a_value_hands_it_over_once_and_near_ones_count_themselves()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(40);
        Key256 place = Key256.HashOf(Key);
        PeerId[] byDistance = [.. all.Order(Comparer<PeerId>.Create((a, b) => place.CompareDistance(KadContact.KeyOf(a), KadContact.KeyOf(b))))];
        PeerId near = byDistance[3], far = byDistance[39];
        var given = new Dictionary<PeerId, int>();
        net.OnRequest = (from, request) => given[from] = given.GetValueOrDefault(from) + (request.Message.Type == KadMessageType.PutValue ? 1 : 0);
        Assert.True(net.Nodes[far].TryAnswer(near, 0, Put(Key, "v1"u8), net.Now, out _));
        Pass(net, TimeSpan.FromHours(24));
        Assert.Equal(20, given[far]);
        // The twenty nearest have it, and he who had it first; each of the twenty that said it again told the nineteen others.
        Assert.Equal([.. byDistance[..20], far], all.Where(p => net.Nodes[p].RecordCount == 1).OrderBy(p => Array.IndexOf(byDistance, p)));
        Assert.All(byDistance[..20], p => Assert.Equal(0, given.GetValueOrDefault(p) % 19));
        Assert.InRange(byDistance[..20].Sum(p => given.GetValueOrDefault(p)), 3 * 19, 6 * 19);
    }

    [Fact]
    public void Nobody_lengthens_what_an_author_signed_and_a_late_end_is_not_waited_for()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(5);
        PrivateIdentity shortly = PrivateIdentity.Generate(), always = PrivateIdentity.Generate();
        byte[] brief = new IpnsRecord("/ipfs/bafkqaaa", 1, net.Time + TimeSpan.FromHours(10), TimeSpan.Zero).Seal(shortly);
        byte[] endless = new IpnsRecord("/ipfs/bafkqaaa", 1, net.Time + TimeSpan.FromDays(9000), TimeSpan.Zero).Seal(always);
        Assert.True(net.Nodes[all[0]].TryAnswer(all[1], 0, Put(NameOf(shortly), brief), net.Now, out _));
        Assert.True(net.Nodes[all[0]].TryAnswer(all[1], 0, Put(NameOf(always), endless), net.Now, out _));
        Pass(net, TimeSpan.FromHours(9));
        Assert.All(net.Nodes.Values, n => Assert.Equal(2, n.RecordCount));
        Pass(net, TimeSpan.FromHours(1.2));
        Assert.All(net.Nodes.Values, n => Assert.Equal(1, n.RecordCount));
        Pass(net, TimeSpan.FromDays(6.5));
        Assert.All(net.Nodes.Values, n => Assert.Equal(1, n.RecordCount));
        Pass(net, TimeSpan.FromHours(3));
        Assert.All(net.Nodes.Values, n => Assert.Equal(0, n.RecordCount));
    }

    [Fact]
    public void A_giver_can_shorten_the_life_of_what_he_gives_and_of_nothing_else()
    {
        var net = new KadNet();
        PeerId id = net.Add(o => o with { ReplicationInterval = null });
        KadNode node = net.Nodes[id];
        PeerId from = KadNet.NewPeer(new Random(3));
        Assert.True(node.TryAnswer(from, 0, Put(Key, "v1"u8, TimeSpan.FromHours(2)), net.Now, out KadMessage? echo));
        Assert.Equal(TimeSpan.FromHours(2), echo!.Record!.TimeToLive);
        Assert.True(node.TryAnswer(from, 0, Put("/lab/other"u8.ToArray(), "v1"u8), net.Now, out _));
        Assert.True(node.TryAnswer(from, 0, Put("/lab/other"u8.ToArray(), "v1"u8, TimeSpan.FromSeconds(1)), net.Now, out _));
        Assert.True(node.TryAnswer(from, 0, Put("/lab/long"u8.ToArray(), "v1"u8, TimeSpan.FromDays(4000)), net.Now, out _));
        net.Now += TimeSpan.FromHours(3);
        node.OnDeadline(net.Now);
        Assert.Equal(2, node.RecordCount);
        net.Now += TimeSpan.FromHours(46);
        node.OnDeadline(net.Now);
        Assert.Equal(0, node.RecordCount);
    }

    [Fact]
    public void What_a_node_published_is_said_again_until_it_ends_or_is_to_be_said_no_more()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(10);
        KadNode author = net.Nodes[all[2]];
        PrivateIdentity signer = PrivateIdentity.Generate();
        byte[] record = new IpnsRecord("/ipfs/bafkqaaa", 1, net.Time + TimeSpan.FromHours(100), TimeSpan.Zero).Seal(signer);
        author.PutValue(NameOf(signer), record, net.Now);
        author.PutValue(Key, "v1"u8.ToArray(), net.Now);
        net.Run();
        Assert.Equal(2, author.PublishedCount);
        Pass(net, TimeSpan.FromHours(90));
        Assert.All(net.Nodes.Values, n => Assert.Equal(2, n.RecordCount));
        author.StopPublishing(Key);
        Pass(net, TimeSpan.FromHours(60));
        Assert.Equal(0, author.PublishedCount);
        Assert.All(net.Nodes.Values, n => Assert.Equal(0, n.RecordCount));
    }

    [Fact]
    public void A_node_gives_way_when_a_better_value_than_its_own_comes()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(10);
        net.Nodes[all[2]].PutValue(Key, "v1"u8.ToArray(), net.Now);
        net.Run();
        net.Nodes[all[3]].PutValue(Key, "v2"u8.ToArray(), net.Now);
        net.Run();
        Pass(net, TimeSpan.FromHours(23));
        Assert.Equal((0, 1), (net.Nodes[all[2]].PublishedCount, net.Nodes[all[3]].PublishedCount));
        long get = net.Nodes[all[9]].GetValue(Key, 0, net.Now);
        net.Run();
        Assert.Equal("v2"u8.ToArray(), net.Ended(get).Record!.Value.ToArray());
    }

    [Fact]
    public void One_peer_cannot_fill_a_store_and_many_values_are_given_slowly()
    {
        var net = new KadNet();
        PeerId[] all = net.Grow(3);
        KadNode node = net.Nodes[all[0]];
        PeerId greedy = KadNet.NewPeer(new Random(3));
        Assert.True(node.TryAnswer(all[1], 0, Put(Key, "v1"u8), net.Now, out _));
        for (int i = 0; i < 2000; i++)
            node.TryAnswer(greedy, 0, Put([.. "/lab/"u8, .. BitConverter.GetBytes(i)], "v"u8), net.Now, out _);
        Assert.Equal(257, node.RecordCount);
        Assert.True(node.TryAnswer(all[1], 0, new KadMessage(KadMessageType.GetValue) { Key = Key }, net.Now, out KadMessage? answer));
        Assert.NotNull(answer!.Record);

        var given = new List<Instant>();
        net.OnRequest = (from, request) =>
        {
            if (from == all[0] && request.Message.Type == KadMessageType.PutValue)
                given.Add(net.Now);
        };
        Pass(net, TimeSpan.FromHours(6.5));
        Instant[] times = [.. given.Distinct()];
        Assert.InRange(times.Length, 200, 300);
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromSeconds(5)));
    }

    private static byte[] NameOf(PrivateIdentity author) => IpnsValidator.KeyOf(PeerId.FromPublicKey(author.PublicKey));

    private static KadMessage Put(byte[] key, ReadOnlySpan<byte> value, TimeSpan? life = null) =>
        new(KadMessageType.PutValue) { Key = key, Record = new KadRecord(key, value.ToArray()) { TimeToLive = life } };

    /// <summary>Lets time pass for all nodes.</summary>
    private static void Pass(KadNet net, TimeSpan time)
    {
        Instant end = net.Now + time;
        for (int i = 0; i < 200_000; i++)
        {
            Instant next = net.Nodes.Values.Min(n => n.NextDeadline);
            next = next > net.Now ? next : net.Now;
            if (next > end)
                break;
            net.Time += next - net.Now;
            net.Now = next;
            foreach (KadNode node in net.Nodes.Values.Where(n => n.NextDeadline <= next).ToArray())
                node.OnDeadline(next);
            net.Run();
        }
        Assert.True(net.Nodes.Values.All(n => n.NextDeadline > end), "a node spins");
        net.Time += end - net.Now;
        net.Now = end;
    }
}
