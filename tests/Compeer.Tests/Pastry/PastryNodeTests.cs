using Compeer.Protocols;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;

namespace Compeer.Tests.Pastry;

public sealed class PastryNodeTests
{
    private static readonly Instant Start = Instant.Zero + TimeSpan.FromHours(1);

    /// <summary>A node whose key begins with these two digits.</summary>
    private static RingContact<int> At(int digits) => new(new RingKey((UInt128)digits << 120), digits);

    private static PastryNode<int> Node(int digits, Func<int, long>? proximity, params int[] known)
    {
        var node = new PastryNode<int>(At(digits), new PastryOptions { LeafSet = 4 }, new Random(1), Start, proximity);
        node.BeginAlone();
        node.Receive(1, new PastryMessage<int>(PastryMessageKind.Contacts, default, 0, 0, At(1), [.. known.Select(At)]), Start);
        while (node.TryTransmit(out _, out _))
        {
        }
        return node;
    }

    /// <summary>A node that has asked the one at 0x10 whether it may join.</summary>
    private static PastryNode<int> Newcomer(int digits)
    {
        var node = new PastryNode<int>(At(digits), new PastryOptions { LeafSet = 4 }, new Random(1), Start);
        node.Join(At(0x10), Start);
        return node;
    }

    private static List<(int To, PastryMessage<int> Message)> Sent(PastryNode<int> node)
    {
        var sent = new List<(int To, PastryMessage<int> Message)>();
        while (node.TryTransmit(out int to, out PastryMessage<int> message))
            sent.Add((to, message));
        return sent;
    }

    /// <summary>Delivers all messages, one of each node in turn, until nobody says anything more; no time passes.</summary>
    private static void Deliver(Dictionary<int, PastryNode<int>> nodes)
    {
        for ((int round, bool any) = (0, true); any; round++)
        {
            Assert.True(round < 10_000, "They go on talking.");
            any = false;
            foreach ((int from, PastryNode<int> node) in nodes)
            {
                if (node.TryTransmit(out int to, out PastryMessage<int> message))
                {
                    nodes[to].Receive(from, message, Start);
                    any = true;
                }
            }
        }
    }

    [Fact]
    public void A_key_near_ours_goes_to_the_nearest_leaf()
    {
        PastryNode<int> node = Node(0x80, null, 0x70, 0x78, 0x88, 0x90, 0x10, 0xE0);
        Assert.Equal(0x88, node.NextHop(At(0x87).Key)!.Value.Peer);
        Assert.Null(node.NextHop(At(0x82).Key));
        Assert.Equal([0x88, 0x90, 0x78, 0x70], node.Leaves.Select(l => l.Peer));
    }

    [Fact]
    public void A_key_far_away_goes_to_a_node_with_its_next_digit()
    {
        PastryNode<int> node = Node(0x80, null, 0x7E, 0x7F, 0x81, 0x82, 0x15, 0xE3);
        Assert.Equal(0x15, node.NextHop(At(0x1F).Key)!.Value.Peer);
        Assert.Equal(0xE3, node.NextHop(At(0xE0).Key)!.Value.Peer);
    }

    [Fact]
    public void Without_the_next_digit_it_goes_to_whoever_is_nearer()
    {
        PastryNode<int> node = Node(0x80, null, 0x7E, 0x7F, 0x81, 0x82, 0xE3);
        Assert.Equal(0xE3, node.NextHop(At(0xF0).Key)!.Value.Peer);
    }

    [Fact]
    public void Of_several_for_a_cell_the_nearest_in_the_network_stays()
    {
        PastryNode<int> node = Node(0x80, peer => peer == 0x14 ? 1 : 100, 0x7E, 0x7F, 0x81, 0x82, 0x15, 0x14, 0x16);
        Assert.Equal(0x14, node.NextHop(At(0x1F).Key)!.Value.Peer);
    }

    [Fact]
    public void A_dead_node_is_gone_round_and_its_place_is_asked_for()
    {
        PastryNode<int> node = Node(0x80, null, 0x7E, 0x7F, 0x81, 0x82, 0x15, 0x25);
        node.Route(At(0x1F).Key, 9);
        Assert.True(node.TryTransmit(out int to, out PastryMessage<int> message));
        Assert.Equal((0x15, 1), (to, message.Hops));
        node.OnUndelivered(0x15, message, Start);
        var sent = new List<(int To, PastryMessage<int> Message)>();
        while (node.TryTransmit(out to, out message))
            sent.Add((to, message));
        Assert.Contains(sent, s => s.Message.Kind == PastryMessageKind.AskRow);
        (to, message) = Assert.Single(sent, s => s.Message.Kind == PastryMessageKind.Route);
        Assert.Equal((0x25, 1), (to, message.Hops));
    }

    [Fact]
    public void Who_joins_and_is_known_already_is_not_asked_to_welcome_itself()
    {
        PastryNode<int> node = Node(0x80, null, 0x70, 0x81, 0xC0);
        node.Receive(0x70, new PastryMessage<int>(PastryMessageKind.Join, At(0x81).Key, 0, 1, At(0x81), []), Start);
        List<(int To, PastryMessage<int> Message)> sent = Sent(node);
        Assert.DoesNotContain(sent, s => s.Message.Kind == PastryMessageKind.Join);
        Assert.Equal(0x81, Assert.Single(sent, s => s.Message.Kind == PastryMessageKind.Welcome).To);
    }

    [Fact]
    public void A_newcomer_makes_itself_known_to_nobody_before_it_is_welcome()
    {
        PastryNode<int> node = Newcomer(0x80);
        Sent(node);
        node.Receive(0x10, new PastryMessage<int>(PastryMessageKind.Contacts, At(0x10).Key, 0, 0, At(0x10), [At(0x70), At(0x90)]), Start);
        node.OnDeadline(Start + TimeSpan.FromMinutes(1));
        node.Forget(At(0x90));
        Assert.All(Sent(node), s => Assert.Equal((0x10, PastryMessageKind.Join), (s.To, s.Message.Kind)));

        node.Receive(0x70, new PastryMessage<int>(PastryMessageKind.Welcome, At(0x70).Key, 0, 0, At(0x70), [At(0x70), At(0x60)]), Start);
        Assert.Contains(Sent(node), s => s is { To: 0x70, Message.Kind: PastryMessageKind.Arrived });
    }

    [Fact]
    public void Neighbours_that_start_again_at_once_join_again_at_once()
    {
        int[] places = [0x10, 0x30, 0x50, 0x70, 0x71, 0x72, 0x73, 0x90, 0xB0, 0xD0, 0xF0];
        var nodes = places.ToDictionary(p => p, p => Node(p, null, [.. places]));
        foreach (int place in (int[])[0x71, 0x72, 0x73])
            nodes[place] = Newcomer(place);
        Deliver(nodes);

        Assert.All(nodes.Values, n => Assert.True(n.IsJoined));
        Assert.Equal([0x72, 0x73, 0x70, 0x50], nodes[0x71].Leaves.Select(l => l.Peer));
        Assert.Equal([0x73, 0x90, 0x71, 0x70], nodes[0x72].Leaves.Select(l => l.Peer));
        Assert.Equal([0x90, 0xB0, 0x72, 0x71], nodes[0x73].Leaves.Select(l => l.Peer));
    }

    [Fact]
    public void Hostile_messages_neither_throw_nor_grow_anything_without_bound()
    {
        var random = new Random(6);
        PastryNode<int> node = Node(0x80, null, 0x70, 0x90);
        Instant now = Start;
        for (int i = 0; i < 20_000; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(100));
            RingContact<int>[] contacts = [.. Enumerable.Range(0, random.Next(30)).Select(_ => At(random.Next(256)))];
            var message = new PastryMessage<int>((PastryMessageKind)random.Next(10), RingKey.NewRandom(random), 1, random.Next(-4, 60), At(random.Next(256)), contacts);
            if (random.Next(10) == 0)
                node.OnUndelivered(random.Next(256), message, now);
            else
                node.Receive(random.Next(256), message, now);
            if (node.NextDeadline <= now)
                node.OnDeadline(now);
            int sent = 0;
            while (node.TryTransmit(out _, out _))
                sent++;
            Assert.InRange(sent, 0, 200);
            Assert.True(node.Leaves.Count <= 4);
            Assert.DoesNotContain(At(0x80), node.Leaves);
        }
    }
}
