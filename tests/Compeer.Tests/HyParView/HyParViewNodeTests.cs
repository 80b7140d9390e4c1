using Compeer.Protocols;
using Compeer.Protocols.HyParView;

namespace Compeer.Tests.HyParView;

public sealed class HyParViewNodeTests
{
    private static readonly Instant Now = Instant.Zero + TimeSpan.FromHours(1);

    private static HyParViewNode<int> Node(int seed = 1) => new(0, new HyParViewOptions(), new Random(seed), Now);

    private static HyParViewMessage<int> Message(HyParViewMessageKind kind, int subject, int timeToLive = 0, bool hasPriority = false, params int[] peers) =>
        new(kind, subject, timeToLive, hasPriority, peers);

    private static List<(int To, HyParViewMessage<int> Message)> Sent(HyParViewNode<int> node)
    {
        var sent = new List<(int To, HyParViewMessage<int> Message)>();
        while (node.TryTransmit(out int to, out HyParViewMessage<int> message))
            sent.Add((to, message));
        return sent;
    }

    private static HyParViewNode<int> WithNeighbours(params int[] neighbours)
    {
        HyParViewNode<int> node = Node();
        foreach (int neighbour in neighbours)
            node.Receive(neighbour, Message(HyParViewMessageKind.Neighbour, neighbour), Now);
        Sent(node);
        Assert.Equal(neighbours, node.Active);
        return node;
    }

    [Fact]
    public void A_newcomer_becomes_a_neighbour_and_the_others_hear_of_it()
    {
        HyParViewNode<int> node = WithNeighbours(1, 2, 3, 4, 5);
        node.Receive(9, Message(HyParViewMessageKind.Join, 9), Now);
        Assert.Contains(9, node.Active);
        Assert.Equal(5, node.Active.Count);
        List<(int To, HyParViewMessage<int> Message)> sent = Sent(node);
        (int dropped, _) = Assert.Single(sent, s => s.Message.Kind == HyParViewMessageKind.Disconnect);
        Assert.Contains(dropped, node.Passive);
        Assert.Equal(4, sent.Count(s => s.Message is { Kind: HyParViewMessageKind.ForwardJoin, Subject: 9 }));
    }

    [Fact]
    public void Who_has_room_accepts_and_who_is_full_accepts_only_priority()
    {
        HyParViewNode<int> node = WithNeighbours(1, 2, 3, 4, 5);
        node.Receive(9, Message(HyParViewMessageKind.Neighbour, 9), Now);
        Assert.Equal(HyParViewMessageKind.Refused, Assert.Single(Sent(node)).Message.Kind);
        node.Receive(9, Message(HyParViewMessageKind.Neighbour, 9, hasPriority: true), Now);
        Assert.Contains(Sent(node), s => s.To == 9 && s.Message.Kind == HyParViewMessageKind.Accepted);
        Assert.Contains(9, node.Active);
    }

    [Fact]
    public void A_neighbour_that_is_lost_is_replaced_from_the_reserve_until_one_accepts()
    {
        HyParViewNode<int> node = WithNeighbours(1, 2, 3, 4, 5);
        node.Receive(1, Message(HyParViewMessageKind.ShuffleReply, 1, peers: [20, 21]), Now);
        node.OnLinkDown(3, Now);
        (int first, HyParViewMessage<int> asked) = Assert.Single(Sent(node));
        Assert.Equal(HyParViewMessageKind.Neighbour, asked.Kind);
        Assert.Contains(first, (int[])[20, 21]);
        node.Receive(first, Message(HyParViewMessageKind.Refused, first), Now);
        (int second, _) = Assert.Single(Sent(node));
        Assert.NotEqual(first, second);
        node.Receive(second, Message(HyParViewMessageKind.Accepted, second), Now);
        Assert.Contains(second, node.Active);
        Assert.DoesNotContain(3, node.Active);
        Assert.DoesNotContain(3, node.Passive);
    }

    [Fact]
    public void A_neighbour_that_was_lost_is_tried_again_until_it_answers()
    {
        HyParViewNode<int> node = WithNeighbours(1, 2, 3);
        node.OnLinkDown(2, Now);
        Assert.Empty(Sent(node));
        Instant at = RunTo(node, to: 2, Now + TimeSpan.FromMinutes(5));
        node.OnUndelivered(2, Message(HyParViewMessageKind.Neighbour, 0, hasPriority: true), at);
        Instant again = RunTo(node, to: 2, at + TimeSpan.FromMinutes(5));
        Assert.True(again > at);
        node.Receive(2, Message(HyParViewMessageKind.Accepted, 2), again);
        Assert.Contains(2, node.Active);
        Assert.Null(Asks(node, to: 2, again + TimeSpan.FromMinutes(10)));
    }

    [Fact]
    public void A_neighbour_that_stays_away_is_forgotten()
    {
        HyParViewNode<int> node = WithNeighbours(1, 2, 3);
        node.OnLinkDown(2, Now);
        Instant last = RunTo(node, to: 2, Now + TimeSpan.FromMinutes(5));
        while (Asks(node, to: 2, last + TimeSpan.FromMinutes(5)) is { } at)
            last = at;
        Assert.InRange(last - Now, TimeSpan.FromMinutes(50), TimeSpan.FromMinutes(61));
    }

    [Fact]
    public void A_node_that_could_not_join_tries_its_entry_again()
    {
        HyParViewNode<int> node = Node();
        node.Join(7);
        Sent(node);
        node.OnUndelivered(7, Message(HyParViewMessageKind.Join, 0), Now);
        Assert.Empty(node.Active);
        RunTo(node, to: 7, Now + TimeSpan.FromSeconds(15));
    }

    private static Instant RunTo(HyParViewNode<int> node, int to, Instant until)
    {
        Instant? at = Asks(node, to, until);
        Assert.NotNull(at);
        return at.Value;
    }

    /// <summary>When the node asks another to be its neighbour next; null when it does not.</summary>
    private static Instant? Asks(HyParViewNode<int> node, int to, Instant until)
    {
        while (node.NextDeadline <= until)
        {
            Instant at = node.NextDeadline;
            node.OnDeadline(at);
            if (Sent(node).Exists(s => s.To == to && s.Message is { Kind: HyParViewMessageKind.Neighbour, HasPriority: true }))
                return at;
        }
        return null;
    }

    [Fact]
    public void A_node_without_neighbours_asks_with_priority()
    {
        HyParViewNode<int> node = WithNeighbours(1);
        node.Receive(1, Message(HyParViewMessageKind.ShuffleReply, 1, peers: [20]), Now);
        node.OnLinkDown(1, Now);
        Assert.True(Assert.Single(Sent(node)).Message.HasPriority);
    }

    [Fact]
    public void A_shuffle_ends_in_an_exchange_of_nodes()
    {
        HyParViewNode<int> node = WithNeighbours(1, 2);
        node.Receive(1, Message(HyParViewMessageKind.ShuffleReply, 1, peers: [20, 21, 22]), Now);
        node.Receive(1, Message(HyParViewMessageKind.Shuffle, 8, timeToLive: 1, peers: [8, 30, 31]), Now);
        (int to, HyParViewMessage<int> reply) = Assert.Single(Sent(node));
        Assert.Equal((8, HyParViewMessageKind.ShuffleReply, 3), (to, reply.Kind, reply.Peers.Length));
        Assert.Contains(30, node.Passive);
        node.Receive(1, Message(HyParViewMessageKind.Shuffle, 8, timeToLive: 5, peers: [8]), Now);
        (int next, HyParViewMessage<int> passedOn) = Assert.Single(Sent(node));
        Assert.Equal((2, 4), (next, passedOn.TimeToLive));
    }

    [Fact]
    public void Changes_tell_who_came_and_went()
    {
        HyParViewNode<int> node = WithNeighbours(1);
        node.OnLinkDown(1, Now);
        var changes = new List<(int, bool)>();
        while (node.TryTakeChange(out int peer, out bool isUp))
            changes.Add((peer, isUp));
        Assert.Equal([(1, true), (1, false)], changes);
    }

    [Fact]
    public void Hostile_messages_neither_throw_nor_grow_anything_without_bound()
    {
        var random = new Random(8);
        HyParViewNode<int> node = Node(2);
        Instant now = Now;
        for (int i = 0; i < 50_000; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(100));
            int[] peers = [.. Enumerable.Range(0, random.Next(100)).Select(_ => random.Next(200))];
            HyParViewMessage<int> message = Message((HyParViewMessageKind)random.Next(10), random.Next(200), random.Next(-3, 1000), random.Next(2) == 0, peers);
            if (random.Next(10) == 0)
                node.OnUndelivered(random.Next(200), message, now);
            else
                node.Receive(random.Next(1, 200), message, now);
            if (node.NextDeadline <= now)
                node.OnDeadline(now);
            while (node.TryTakeChange(out _, out _))
            {
            }
            Assert.True(node.Active.Count <= 5 && node.Passive.Count <= 30);
            Assert.DoesNotContain(0, node.Active);
            Assert.DoesNotContain(0, node.Passive);
            Assert.Empty(node.Active.Intersect(node.Passive));
            Assert.InRange(Sent(node).Count, 0, 12);
        }
    }
}
