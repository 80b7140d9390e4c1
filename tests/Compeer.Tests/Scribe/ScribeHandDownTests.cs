using Compeer.Protocols;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Scribe;

namespace Compeer.Tests.Scribe;

/// <summary>Nodes that have no room for another child.</summary>
public sealed class ScribeHandDownTests
{
    private static readonly RingKey Group = ScribeNet.Narrow(RingKey.OfName("group"));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Whoever_finds_no_room_is_handed_down_and_hears_all_news(int maxChildren)
    {
        var net = new ScribeNet(40, new ScribeOptions { MaxChildren = maxChildren });
        SubscribeAll(net);
        Assert.All(net.Up, n => Assert.InRange(net[n].ChildCount(Group), 0, maxChildren));
        AssertAllHear(net, 1);
        // Told again, they stay where they are.
        net.Run(TimeSpan.FromMinutes(3));
        AssertAllHear(net, 2);
    }

    [Fact]
    public void Who_was_handed_down_finds_another_parent_when_his_dies()
    {
        var net = new ScribeNet(40, new ScribeOptions { MaxChildren = 2 });
        SubscribeAll(net);
        int root = net.RootOf(Group);
        foreach (int node in net.Up.Where(n => n != root && net[n].ChildCount(Group) > 0).Take(5).ToArray())
            net.Kill(node);
        net.Run(TimeSpan.FromMinutes(10));
        AssertAllHear(net, 1);
        Assert.All(net.Up, n => Assert.InRange(net[n].ChildCount(Group), 0, 2));
    }

    [Fact]
    public void Totals_count_those_who_were_handed_down()
    {
        var net = new ScribeNet(40, new ScribeOptions { MaxChildren = 3 });
        foreach (int node in net.Up)
            Assert.True(net[node].TryContribute(Group, 1, net.Now));
        net.Run(TimeSpan.FromMinutes(3));
        Assert.True(net[net.RootOf(Group)].TryGetTotal(Group, out ScribeTotal total));
        Assert.Equal((40, 40.0), (total.Aggregate.Count, total.Aggregate.Sum));
    }

    [Fact]
    public void A_stranger_hands_nobody_down_and_nobody_is_handed_to_himself_or_below_himself()
    {
        Instant now = Instant.Zero + TimeSpan.FromHours(1);
        var routing = new PastryNode<int>(new RingContact<int>(new RingKey(UInt128.MaxValue), 1), new PastryOptions(), new Random(1), now, _ => 0);
        routing.BeginAlone();
        routing.Receive(2, new PastryMessage<int>(PastryMessageKind.Arrived, Group, 0, 0, new RingContact<int>(Group, 2), []), now);
        var node = new ScribeNode<int>(routing, new ScribeOptions());
        Assert.True(node.TrySubscribe(Group, now));
        Assert.Equal(2, Assert.Single(Asked(node)));
        node.Receive(5, Subscribe, now);
        foreach ((int from, int child) in ((int, int)[])[(3, 4), (2, 1), (2, 5)])
            node.Receive(from, HandDown(child), now);
        Assert.Empty(Asked(node));

        // Handed on and on, it stops.
        int parent = 2;
        for (int child = 10; child < 100; child++)
        {
            node.Receive(parent, HandDown(child), now);
            if (Asked(node) is not [int asked])
                break;
            Assert.Equal(child, asked);
            parent = child;
        }
        Assert.InRange(parent, 10, 30);
        // Whom it was handed to comes to it: it asks where it asked first.
        node.Receive(parent, Subscribe, now);
        Assert.Equal(2, Assert.Single(Asked(node)));
    }

    private static ScribeMessage<int> Subscribe => new(null, new TreeMessage(ScribeMessageKind.Subscribe, Group, 0, 0));

    private static ScribeMessage<int> HandDown(int child) => new(null, new TreeMessage(ScribeMessageKind.HandDown, Group, 0, 0)) { Child = child };

    /// <summary>Who is asked to take the node as a child.</summary>
    private static int[] Asked(ScribeNode<int> node)
    {
        var asked = new List<int>();
        while (node.TryTransmit(out int to, out ScribeMessage<int> message))
        {
            if (message.Tree?.Kind == ScribeMessageKind.Subscribe)
                asked.Add(to);
        }
        return [.. asked];
    }

    private static void SubscribeAll(ScribeNet net)
    {
        foreach (int node in net.Up)
            Assert.True(net[node].TrySubscribe(Group, net.Now));
        net.Run(TimeSpan.FromMinutes(2));
    }

    private static void AssertAllHear(ScribeNet net, ulong id)
    {
        net[net.Up.First()].Publish(Group, id);
        net.Settle();
        foreach (int node in net.Up)
        {
            Assert.True(net[node].TryTakeDelivery(out ScribeDelivery delivery), $"node {node} heard nothing");
            Assert.Equal(id, delivery.Id);
            Assert.False(net[node].TryTakeDelivery(out _));
        }
    }
}
