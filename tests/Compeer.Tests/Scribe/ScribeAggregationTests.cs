using Compeer.Protocols;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Scribe;

namespace Compeer.Tests.Scribe;

public sealed class ScribeAggregationTests
{
    private static readonly RingKey Group = ScribeNet.Narrow(RingKey.OfName("group"));
    private static readonly ScribeOptions Rules = new();
    private static readonly Instant Start = Instant.Zero + TimeSpan.FromHours(1);

    private static ScribeNet Counting(int nodes, int contributors, ScribeOptions? options = null)
    {
        var net = new ScribeNet(nodes, options);
        for (int node = 0; node < contributors; node++)
            Assert.True(net[node].TryContribute(Group, node + 1, net.Now, new[] { (byte)(1 << (node % 8)) }));
        net.Settle();
        net.Run(TimeSpan.FromMinutes(1));
        return net;
    }

    private static ScribeAggregate Total(ScribeNet net, int node) => net[node].TryGetTotal(Group, out ScribeTotal total) ? total.Aggregate : ScribeAggregate.None;

    /// <summary>Runs until the root's total counts so many; counts never exceed the bound meanwhile.</summary>
    private static void RunUntilCounted(ScribeNet net, int wanted, int most)
    {
        for (int second = 0; second < 300; second++)
        {
            net.Run(TimeSpan.FromSeconds(1));
            Assert.All(net.Up, n => Assert.InRange(Total(net, n).Count, 0, most));
            if (Total(net, net.RootOf(Group)).Count == wanted)
                return;
        }
        Assert.Fail($"The root counts {Total(net, net.RootOf(Group))}, not {wanted}.");
    }

    [Fact]
    public void The_root_knows_what_all_contributions_come_to_and_so_do_the_contributors()
    {
        ScribeNet net = Counting(60, 40);
        ScribeAggregate total = Total(net, net.RootOf(Group));
        Assert.Equal((40, 820.0, 1.0, 40.0, 0), (total.Count, total.Sum, total.Min, total.Max, total.Missing));
        Assert.Equal(20.5, total.Mean);
        for (int node = 0; node < 40; node++)
            Assert.Equal(total.Count, Total(net, node).Count);
        // The tree has more than one level, or this would show little.
        Assert.True(net.Up.Count(n => net[n].ChildCount(Group) > 0) > 3);
    }

    [Fact]
    public void A_tree_that_nobody_needs_any_more_is_gone()
    {
        ScribeNet net = Counting(60, 40);
        Assert.InRange(net.Up.Sum(n => net[n].ChildCount(Group)), 39, 59);
        for (int node = 0; node < 40; node++)
            net[node].Withdraw(Group);
        net.Settle();
        Assert.All(net.Up, n => Assert.Equal(0, net[n].ChildCount(Group)));
    }

    [Fact]
    public void Another_value_replaces_the_one_before_and_who_withdraws_counts_no_more()
    {
        ScribeNet net = Counting(30, 20);
        net[4].TryContribute(Group, 1000, net.Now);
        net[5].Withdraw(Group);
        net.Settle();
        net.Run(TimeSpan.FromSeconds(20));
        ScribeAggregate total = Total(net, net.RootOf(Group));
        Assert.Equal((19, 210.0 - 5 + 1000 - 6, 1000.0), (total.Count, total.Sum, total.Max));
    }

    [Fact]
    public void The_dead_count_no_more_and_their_branches_come_back_without_being_counted_twice()
    {
        ScribeNet net = Counting(60, 60);
        int[] inner = [.. net.Up.Where(n => n != net.RootOf(Group) && net[n].ChildCount(Group) > 0).Take(4)];
        foreach (int node in inner)
            net.Kill(node);
        Assert.Equal(4, inner.Length);
        RunUntilCounted(net, 56, most: 60);
        net.Run(TimeSpan.FromSeconds(30));
        ScribeAggregate total = Total(net, net.RootOf(Group));
        Assert.Equal((56, 1830.0 - inner.Sum(n => n + 1), 0), (total.Count, total.Sum, total.Missing));
    }

    [Fact]
    public void When_the_root_dies_or_a_nearer_node_comes_the_next_one_counts()
    {
        ScribeNet net = Counting(40, 40);
        net.Kill(net.RootOf(Group));
        RunUntilCounted(net, 39, most: 40);
        int before = net.RootOf(Group);
        for (int node = 40; net.RootOf(Group) == before && node < 1000; node++)
        {
            net.Add(node);
            net.Settle();
        }
        Assert.NotEqual(before, net.RootOf(Group));
        RunUntilCounted(net, 39, most: 39);
    }

    [Fact]
    public void What_the_application_combines_goes_along()
    {
        var options = new ScribeOptions { Combine = (a, b) => new[] { (byte)(a.Span[0] | b.Span[0]) } };
        ScribeNet net = Counting(30, 5, options);
        Assert.Equal([0b11111], Total(net, net.RootOf(Group)).Extra.ToArray());
    }

    [Theory]
    [InlineData(1L << 40, 0, 0, 0)]
    [InlineData(-1, 0, 0, 0)]
    [InlineData(2, 30, 10, 12)]
    [InlineData(2, 21, 12, 10)]
    [InlineData(2, double.NaN, 10, 12)]
    [InlineData(2, 21, double.NegativeInfinity, 12)]
    [InlineData(0, 5, 0, 0)]
    public void What_no_branch_can_come_to_is_refused_and_the_others_count(long count, double sum, double min, double max)
    {
        ScribeNode<int> root = Root(out Instant now, 1, 2);
        ulong round = BeginRound(root, ref now);
        root.Receive(1, Report(round, new ScribeAggregate(count, sum, min, max)), now);
        root.Receive(2, Report(round, ScribeAggregate.Of(5)), now);
        Assert.True(root.TryGetTotal(Group, out ScribeTotal total));
        Assert.Equal(new ScribeAggregate(1, 5, 5, 5, Missing: 1), total.Aggregate);
    }

    [Fact]
    public void A_child_answers_once_and_strangers_not_at_all()
    {
        ScribeNode<int> root = Root(out Instant now, 1, 2);
        ulong round = BeginRound(root, ref now);
        root.Receive(1, Report(round, ScribeAggregate.Of(3)), now);
        root.Receive(1, Report(round, ScribeAggregate.Of(3)), now);
        root.Receive(9, Report(round, ScribeAggregate.Of(100)), now);
        root.Receive(2, Report(round + 1, ScribeAggregate.Of(100)), now);
        Assert.False(root.TryGetTotal(Group, out _));
        // The other child stays silent, which the round does not wait for without end.
        now += Rules.GatherPatience;
        root.OnDeadline(now);
        Assert.True(root.TryGetTotal(Group, out ScribeTotal total));
        Assert.Equal(new ScribeAggregate(1, 3, 3, 3, Missing: 1), total.Aggregate);
        root.Receive(2, Report(round, ScribeAggregate.Of(100)), now);
        Assert.True(root.TryGetTotal(Group, out total));
        Assert.Equal(1, total.Aggregate.Count);
    }

    [Fact]
    public void All_together_claim_no_more_than_the_bound()
    {
        ScribeNode<int> root = Root(out Instant now, 1, 2);
        ulong round = BeginRound(root, ref now);
        root.Receive(1, Report(round, new ScribeAggregate(Rules.MaxCounted, 0, 0, 0)), now);
        root.Receive(2, Report(round, ScribeAggregate.Of(1)), now);
        Assert.True(root.TryGetTotal(Group, out ScribeTotal total));
        Assert.Equal((Rules.MaxCounted, 1), (total.Aggregate.Count, total.Aggregate.Missing));
    }

    [Fact]
    public void Who_is_not_our_parent_learns_so_and_sets_no_total()
    {
        ScribeNode<int> node = Root(out Instant now, 1);
        node.Receive(9, Gather(77, new ScribeAggregate(1000, 0, 0, 0)), now);
        Assert.False(node.TryGetTotal(Group, out _));
        Assert.Contains(Sent(node), s => s.To == 9 && s.Message.Kind == ScribeMessageKind.Unsubscribe);
    }

    [Fact]
    public void Contributions_beyond_the_bounds_are_misuse()
    {
        ScribeNode<int> node = Root(out Instant now);
        Assert.Throws<ArgumentOutOfRangeException>(() => node.TryContribute(Group, double.NaN, now));
        Assert.Throws<ArgumentOutOfRangeException>(() => node.TryContribute(Group, 2 * ScribeAggregate.MaxMagnitude, now));
        Assert.Throws<ArgumentOutOfRangeException>(() => node.TryContribute(Group, 1, now, new byte[ScribeAggregate.MaxExtraBytes + 1]));
    }

    [Fact]
    public void Hostile_messages_neither_throw_nor_count_beyond_the_bound()
    {
        var random = new Random(5);
        ScribeNode<int> node = Root(out Instant now, 1, 2, 3);
        node.TryContribute(Group, 1, now);
        for (int i = 0; i < 20_000; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(500));
            ulong round = Sent(node).Where(s => s.Message.Kind == ScribeMessageKind.Gather).Select(s => s.Message.Id).LastOrDefault((ulong)random.Next(4));
            var part = new ScribeAggregate(random.Next(-2, 5), random.Next(-2, 9), random.Next(-2, 3), random.Next(-2, 3), random.Next(-1, 3));
            var tree = new TreeMessage((ScribeMessageKind)random.Next(8), random.Next(9) == 0 ? RingKey.NewRandom(random) : Group, round, random.Next(-4, 80))
            {
                Contributes = random.Next(2) == 0,
                Aggregate = random.Next(4) == 0 ? null : part,
                PatienceMilliseconds = random.Next(-5, 9000),
            };
            int from = random.Next(1, 6);
            if (random.Next(20) == 0)
                node.OnUndelivered(from, new ScribeMessage<int>(null, tree), now);
            else
                node.Receive(from, new ScribeMessage<int>(null, tree), now);
            if (node.NextDeadline <= now)
                node.OnDeadline(now);
            Assert.InRange(Sent(node).Count, 0, 200);
            Assert.True(!node.TryGetTotal(Group, out ScribeTotal total) || (total.Aggregate.IsSound && total.Aggregate.Count <= Rules.MaxCounted));
        }
    }

    /// <summary>A node alone with its children.</summary>
    private static ScribeNode<int> Root(out Instant now, params int[] children)
    {
        now = Start;
        var routing = new PastryNode<int>(new RingContact<int>(Group, 0), new PastryOptions(), new Random(1), now);
        routing.BeginAlone();
        var node = new ScribeNode<int>(routing, Rules);
        foreach (int child in children)
            node.Receive(child, new ScribeMessage<int>(null, new TreeMessage(ScribeMessageKind.Subscribe, Group, 0, 0) { Contributes = true }), now);
        return node;
    }

    private static ulong BeginRound(ScribeNode<int> root, ref Instant now)
    {
        now += Rules.GatherEvery;
        root.OnDeadline(now);
        List<(int To, TreeMessage Message)> sent = [.. Sent(root).Where(s => s.Message.Kind == ScribeMessageKind.Gather)];
        Assert.Equal([1, 2], sent.Select(s => s.To).Order());
        return sent[0].Message.Id;
    }

    private static ScribeMessage<int> Report(ulong round, ScribeAggregate part) => new(null, new TreeMessage(ScribeMessageKind.Report, Group, round, 0) { Aggregate = part });

    private static ScribeMessage<int> Gather(ulong round, ScribeAggregate total) => new(null, new TreeMessage(ScribeMessageKind.Gather, Group, round, 1) { Aggregate = total, PatienceMilliseconds = 1000 });

    private static List<(int To, TreeMessage Message)> Sent(ScribeNode<int> node)
    {
        List<(int, TreeMessage)> sent = [];
        while (node.TryTransmit(out int to, out ScribeMessage<int> message))
        {
            if (message.Tree is { } tree)
                sent.Add((to, tree));
        }
        return sent;
    }
}
