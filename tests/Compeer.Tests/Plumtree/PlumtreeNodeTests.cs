using Compeer.Protocols;
using Compeer.Protocols.Plumtree;

namespace Compeer.Tests.Plumtree;

public sealed class PlumtreeNodeTests
{
    private static readonly Instant Now = Instant.Zero + TimeSpan.FromHours(1);

    private static PlumtreeNode<int> Node(params int[] neighbours)
    {
        var node = new PlumtreeNode<int>(new PlumtreeOptions { MaxRemembered = 32, OptimisationThreshold = 7 });
        foreach (int neighbour in neighbours)
            node.OnNeighbourUp(neighbour);
        return node;
    }

    private static PlumtreeMessage Message(PlumtreeMessageKind kind, ulong broadcast = 7, int round = 1) => new(kind, broadcast, round, new byte[] { 1, 2, 3 });

    private static List<(int To, PlumtreeMessage Message)> Sent(PlumtreeNode<int> node)
    {
        var sent = new List<(int To, PlumtreeMessage Message)>();
        while (node.TryTransmit(out int to, out PlumtreeMessage message))
            sent.Add((to, message));
        return sent;
    }

    private static (int To, PlumtreeMessageKind Kind) Only(PlumtreeNode<int> node)
    {
        (int to, PlumtreeMessage message) = Assert.Single(Sent(node));
        return (to, message.Kind);
    }

    [Fact]
    public void News_is_delivered_once_and_passed_on_with_its_payload()
    {
        PlumtreeNode<int> node = Node(1, 2, 3);
        node.Receive(1, Message(PlumtreeMessageKind.Gossip), Now);
        Assert.True(node.TryTakeDelivery(out PlumtreeMessage delivery));
        Assert.Equal([1, 2, 3], delivery.Payload.ToArray());
        List<(int To, PlumtreeMessage Message)> sent = Sent(node);
        Assert.Equal([2, 3], sent.Select(s => s.To));
        Assert.All(sent, s => Assert.Equal((PlumtreeMessageKind.Gossip, 2), (s.Message.Kind, s.Message.Round)));
        node.Receive(2, Message(PlumtreeMessageKind.Gossip), Now);
        Assert.False(node.TryTakeDelivery(out _));
        Assert.Equal((2, PlumtreeMessageKind.Prune), Only(node));
        Assert.Equal(2, node.EagerCount);
    }

    [Fact]
    public void A_pruned_link_only_tells_what_is_there()
    {
        PlumtreeNode<int> node = Node(1, 2);
        node.Receive(2, Message(PlumtreeMessageKind.Prune), Now);
        node.Broadcast(9, default);
        Assert.Equal([(1, PlumtreeMessageKind.Gossip), (2, PlumtreeMessageKind.IHave)], Sent(node).Select(s => (s.To, s.Message.Kind)));
    }

    [Fact]
    public void What_a_neighbour_has_and_the_tree_does_not_bring_is_fetched_from_one_after_the_other()
    {
        PlumtreeNode<int> node = Node(1, 2);
        node.Receive(1, Message(PlumtreeMessageKind.IHave), Now);
        node.Receive(2, Message(PlumtreeMessageKind.IHave), Now);
        Assert.Empty(Sent(node));
        node.OnDeadline(node.NextDeadline);
        Assert.Equal((1, PlumtreeMessageKind.Graft), Only(node));
        node.OnDeadline(node.NextDeadline);
        Assert.Equal(2, Assert.Single(Sent(node)).To);
        node.Receive(2, Message(PlumtreeMessageKind.Gossip), Now);
        Assert.Equal(Instant.Never, node.NextDeadline);
    }

    [Fact]
    public void Who_asks_gets_it_and_becomes_a_branch()
    {
        PlumtreeNode<int> node = Node(1, 2);
        node.Receive(2, Message(PlumtreeMessageKind.Prune), Now);
        node.Receive(1, Message(PlumtreeMessageKind.Gossip), Now);
        Sent(node);
        node.Receive(2, Message(PlumtreeMessageKind.Graft), Now);
        Assert.Equal((2, PlumtreeMessageKind.Gossip), Only(node));
        Assert.Equal(2, node.EagerCount);
    }

    [Fact]
    public void A_neighbour_that_had_it_much_nearer_to_the_origin_becomes_the_parent()
    {
        PlumtreeNode<int> node = Node(1, 2);
        node.Receive(2, Message(PlumtreeMessageKind.Prune), Now);
        node.Receive(2, Message(PlumtreeMessageKind.IHave, round: 1), Now);
        node.Receive(1, Message(PlumtreeMessageKind.Gossip, round: 9), Now);
        Assert.Contains(Sent(node), s => s.To == 2 && s.Message.Kind == PlumtreeMessageKind.Graft);
        Assert.Equal(1, node.EagerCount);
    }

    [Fact]
    public void Hostile_messages_neither_throw_nor_grow_anything_without_bound()
    {
        var random = new Random(4);
        PlumtreeNode<int> node = Node(1, 2, 3);
        Instant now = Now;
        for (int i = 0; i < 50_000; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(100));
            byte[] payload = new byte[random.Next(100) == 0 ? 100_000 : 1];
            var message = new PlumtreeMessage((PlumtreeMessageKind)random.Next(6), (ulong)random.Next(500), random.Next(2) == 0 ? int.MaxValue : random.Next(-9, 9), payload);
            node.Receive(random.Next(6), message, now);
            if (node.NextDeadline <= now)
                node.OnDeadline(now);
            while (node.TryTakeDelivery(out PlumtreeMessage delivery))
                Assert.Equal(1, delivery.Payload.Length);
            Assert.InRange(Sent(node).Count, 0, 40);
            Assert.True(node.EagerCount <= 3);
        }
    }
}
