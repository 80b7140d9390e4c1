using Compeer.Protocols;
using Compeer.Protocols.NeighbourSearch;

namespace Compeer.Tests.NeighbourSearch;

public sealed class SearchNodeTests
{
    private static readonly Instant Now = Instant.Zero + TimeSpan.FromHours(1);

    private static SearchNode<int> Node(SearchOptions? options = null, params int[] neighbours)
    {
        var node = new SearchNode<int>(0, options ?? new SearchOptions(), new Random(1));
        foreach (int neighbour in neighbours)
            Assert.True(node.AddNeighbour(neighbour, Now));
        return node;
    }

    private static List<(int To, SearchMessage<int> Message)> Sent(SearchNode<int> node)
    {
        var sent = new List<(int To, SearchMessage<int> Message)>();
        while (node.TryTransmit(out int to, out SearchMessage<int> message))
            sent.Add((to, message));
        return sent;
    }

    private static SearchMessage<int> Question(ulong query, ulong item, int timeToLive, SearchMessageKind kind = SearchMessageKind.Flood, int hops = 1, int origin = 99) =>
        new(kind, query, item, timeToLive, hops, origin);

    [Fact]
    public void A_question_is_passed_on_once_and_not_back()
    {
        SearchNode<int> node = Node(null, 1, 2, 3);
        node.Receive(1, Question(7, 5, 3), Now);
        List<(int To, SearchMessage<int> Message)> sent = Sent(node);
        Assert.Equal([2, 3], sent.Select(s => s.To));
        Assert.All(sent, s => Assert.Equal((2, 2), (s.Message.TimeToLive, s.Message.Hops)));
        node.Receive(2, Question(7, 5, 3), Now);
        Assert.Empty(Sent(node));
        Assert.Equal(1, node.Duplicates);
    }

    [Fact]
    public void A_copy_that_came_by_a_shorter_way_goes_on_though_it_came_later()
    {
        SearchNode<int> node = Node(null, 1, 2, 3);
        node.Share(5);
        node.Receive(1, Question(7, 5, 1, hops: 7), Now);
        Assert.Equal((1, SearchMessageKind.Hit), Assert.Single(Sent(node)) is var (to, hit) ? (to, hit.Kind) : default);
        node.Receive(2, Question(7, 5, 4, hops: 4), Now);
        List<(int To, SearchMessage<int> Message)> sent = Sent(node);
        Assert.Equal([1, 3], sent.Select(s => s.To));
        Assert.All(sent, s => Assert.Equal((SearchMessageKind.Flood, 3, 5), (s.Message.Kind, s.Message.TimeToLive, s.Message.Hops)));
        node.Receive(3, Question(7, 5, 4, hops: 4), Now);
        Assert.Empty(Sent(node));
        Assert.Equal(2, node.Duplicates);

        // Nobody is nearer to the origin than itself.
        ulong own = node.Flood(6, 2, Now);
        Sent(node);
        node.Receive(1, Question(own, 6, 7, hops: 2), Now);
        Assert.Empty(Sent(node));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(-5)]
    public void A_question_at_its_end_is_not_passed_on(int timeToLive)
    {
        SearchNode<int> node = Node(null, 1, 2);
        node.Receive(1, Question(7, 5, timeToLive), Now);
        Assert.Empty(Sent(node));
    }

    [Fact]
    public void A_question_that_wants_to_go_too_far_is_cut()
    {
        SearchNode<int> node = Node(new SearchOptions { MaxTimeToLive = 4 }, 1, 2);
        node.Receive(1, Question(7, 5, 1000), Now);
        Assert.Equal(3, Assert.Single(Sent(node)).Message.TimeToLive);
    }

    [Fact]
    public void A_hit_goes_back_the_way_the_question_came()
    {
        SearchNode<int> holder = Node(null, 1), between = Node(null, 1, 2);
        holder.Share(5);
        holder.Receive(1, Question(7, 5, 1), Now);
        (int to, SearchMessage<int> hit) = Assert.Single(Sent(holder));
        Assert.Equal((1, SearchMessageKind.Hit, 0), (to, hit.Kind, hit.Origin));
        between.Receive(2, Question(7, 5, 3), Now);
        Sent(between);
        between.Receive(1, hit, Now);
        Assert.Equal(2, Assert.Single(Sent(between)).To);
        between.Receive(1, hit with { Query = 8 }, Now);
        Assert.Empty(Sent(between));
    }

    [Fact]
    public void A_search_whose_neighbours_are_dead_goes_to_those_that_take_their_places()
    {
        SearchNode<int> node = Node(null, 1);
        node.Flood(5, 3, Now);
        (int to, SearchMessage<int> question) = Assert.Single(Sent(node));
        node.OnUndelivered(to, question, Now);
        Assert.Empty(Sent(node));
        node.AddNeighbour(2, Now + TimeSpan.FromSeconds(1));
        Assert.Equal((2, question), Assert.Single(Sent(node)));

        // Whoever looked and has found asks nobody more; nor is an old question of use.
        node.Receive(2, question with { Kind = SearchMessageKind.Hit, Origin = 9 }, Now);
        node.AddNeighbour(3, Now + TimeSpan.FromSeconds(2));
        Assert.Empty(Sent(node));
        node.Flood(6, 3, Now);
        Sent(node);
        node.AddNeighbour(4, Now + new SearchOptions().AsksLateNeighboursFor);
        Assert.Empty(Sent(node));
    }

    [Fact]
    public void A_question_that_came_by_goes_to_neighbours_that_come_late_and_not_back()
    {
        SearchNode<int> node = Node(new SearchOptions { MaxPassedOn = 2 }, 1, 2);
        for (ulong query = 7; query < 10; query++)
            node.Receive(1, Question(query, 5, 3), Now);
        List<SearchMessage<int>> passedOn = [.. Sent(node).Select(s => s.Message)];
        node.RemoveNeighbour(1);
        Assert.True(node.AddNeighbour(1, Now));
        Assert.Empty(Sent(node));
        Assert.True(node.AddNeighbour(3, Now));
        Assert.Equal(passedOn.Skip(1).Select(m => (3, m)), Sent(node));
    }

    [Fact]
    public void Walkers_of_a_node_without_neighbours_go_when_there_are_some()
    {
        SearchNode<int> node = Node();
        node.Walk(5, walkers: 2, steps: 50, Now);
        Assert.Empty(Sent(node));
        node.AddNeighbour(1, Now);
        node.OnDeadline(node.NextDeadline);
        Assert.Equal([(1, SearchMessageKind.Walk), (1, SearchMessageKind.Walk)], Sent(node).Select(s => (s.To, s.Message.Kind)));
    }

    [Fact]
    public void A_ring_widens_until_somebody_answers()
    {
        SearchNode<int> node = Node(null, 1);
        ulong search = node.ExpandRing(5, 1, 3, Now);
        Assert.Equal(1, Assert.Single(Sent(node)).Message.TimeToLive);
        node.OnDeadline(node.NextDeadline);
        SearchMessage<int> second = Assert.Single(Sent(node)).Message;
        Assert.Equal(2, second.TimeToLive);
        Assert.NotEqual(search, second.Query);
        node.Receive(1, second with { Kind = SearchMessageKind.Hit, Origin = 42, Hops = 2 }, Now);
        Assert.True(node.TryTakeHit(out SearchHit<int> hit));
        Assert.Equal(new SearchHit<int>(search, 5, 42, 2), hit);
        node.OnDeadline(node.NextDeadline);
        Assert.Empty(Sent(node));
        Assert.Equal(Instant.Never, node.NextDeadline);
    }

    [Fact]
    public void A_walker_asks_its_origin_now_and_then_and_stops_where_it_finds()
    {
        SearchNode<int> node = Node(null, 1, 2);
        node.Receive(1, Question(7, 5, 100, SearchMessageKind.Walk, hops: 3), Now);
        (int to, SearchMessage<int> next) = Assert.Single(Sent(node));
        Assert.Equal((2, SearchMessageKind.Walk, 4), (to, next.Kind, next.Hops));
        node.Receive(1, Question(7, 5, 100, SearchMessageKind.Walk, hops: 4), Now);
        (to, next) = Assert.Single(Sent(node));
        Assert.Equal((99, SearchMessageKind.MayGoOn), (to, next.Kind));
        node.Receive(99, next with { Kind = SearchMessageKind.GoOn }, Now);
        (_, next) = Assert.Single(Sent(node));
        Assert.Equal((SearchMessageKind.Walk, 5), (next.Kind, next.Hops));
        node.Share(5);
        node.Receive(1, Question(7, 5, 100, SearchMessageKind.Walk), Now);
        (to, next) = Assert.Single(Sent(node));
        Assert.Equal((99, SearchMessageKind.Hit), (to, next.Kind));
    }

    [Fact]
    public void An_origin_that_found_lets_its_walkers_go_no_further()
    {
        SearchNode<int> node = Node(null, 1);
        ulong search = node.Walk(5, walkers: 4, steps: 50, Now);
        ulong[] walkers = [.. Sent(node).Select(s => s.Message.Query)];
        Assert.Equal(4, walkers.Distinct().Count());
        node.Receive(9, Question(walkers[0], 5, 40, SearchMessageKind.MayGoOn, hops: 4), Now);
        Assert.Equal(SearchMessageKind.GoOn, Assert.Single(Sent(node)).Message.Kind);
        node.Receive(9, Question(walkers[0], 5, 40, SearchMessageKind.Hit, hops: 5, origin: 9), Now);
        Assert.True(node.TryTakeHit(out SearchHit<int> hit));
        Assert.Equal((search, 9), (hit.Query, hit.Holder));
        node.Receive(8, Question(walkers[1], 5, 40, SearchMessageKind.MayGoOn, hops: 4), Now);
        Assert.Empty(Sent(node));
    }

    [Fact]
    public void A_walker_that_is_lost_goes_on_from_where_it_was_last_heard_of_and_then_from_its_origin()
    {
        var rules = new SearchOptions();
        SearchNode<int> node = Node(null, 1);
        node.Walk(5, walkers: 1, steps: 50, Now);
        ulong first = Assert.Single(Sent(node)).Message.Query;
        node.Receive(9, Question(first, 5, 40, SearchMessageKind.MayGoOn, hops: 4), Now);
        Sent(node);
        Instant now = Now;
        var sent = new List<(int To, SearchMessageKind Kind)>();
        for (int lost = 0; lost < rules.WalkerRestarts + 5 && node.NextDeadline < Instant.Never; lost++)
        {
            now = node.NextDeadline;
            node.OnDeadline(now);
            sent.AddRange(Sent(node).Select(s => (s.To, s.Message.Kind)));
            // The one that was given up has nobody to walk for any more.
            node.Receive(9, Question(first, 5, 40, SearchMessageKind.MayGoOn, hops: 8), now);
            Assert.Empty(Sent(node));
        }
        Assert.Equal([(9, SearchMessageKind.GoOn), (9, SearchMessageKind.GoOn), (1, SearchMessageKind.Walk)], sent.Take(3));
        Assert.Equal(rules.WalkerRestarts, sent.Count);
        Assert.Equal(Instant.Never, node.NextDeadline);
    }

    [Fact]
    public void The_last_step_goes_only_where_a_table_may_have_it()
    {
        SearchNode<int> node = Node(null, 1, 2, 3);
        var table = new QueryRoutingTable(1024);
        table.Add(5);
        node.Receive(2, new SearchMessage<int>(SearchMessageKind.Routing, 0, 0, 0, 0, 2, table), Now);
        node.Receive(3, new SearchMessage<int>(SearchMessageKind.Routing, 0, 0, 0, 0, 3, new QueryRoutingTable(1024)), Now);
        node.Receive(1, Question(7, 5, 2), Now);
        Assert.Equal(2, Assert.Single(Sent(node)).To);
        node.Receive(1, Question(8, 5, 3), Now);
        Assert.Equal([2, 3], Sent(node).Select(s => s.To));
    }

    [Fact]
    public void A_table_never_denies_what_is_shared_and_seldom_grants_what_is_not()
    {
        var table = new QueryRoutingTable(1 << 14);
        for (ulong item = 0; item < 1000; item++)
            table.Add(item);
        for (ulong item = 0; item < 1000; item++)
            Assert.True(table.MayHave(item));
        int wrong = 0;
        for (ulong item = 1000; item < 101_000; item++)
            wrong += table.MayHave(item) ? 1 : 0;
        Assert.InRange(wrong, 1, 500);
        Assert.Throws<ArgumentException>(() => new QueryRoutingTable(100));
        Assert.Throws<ArgumentException>(() => new QueryRoutingTable(1 << 17));
    }

    [Fact]
    public void Hostile_messages_neither_throw_nor_grow_anything_without_bound()
    {
        var random = new Random(5);
        SearchNode<int> node = Node(new SearchOptions { MaxNeighbours = 4, MaxRemembered = 16, MaxSearches = 4, MaxPassedOn = 16 }, 1, 2, 3);
        node.Share(1);
        for (int i = 0; i < 50_000; i++)
        {
            var message = new SearchMessage<int>((SearchMessageKind)random.Next(8), (ulong)random.Next(50), (ulong)random.Next(4), random.Next(-5, 2000), random.Next(-5, 2000), random.Next(6));
            if (random.Next(20) == 0)
                node.OnUndelivered(random.Next(6), message, Now);
            else
                node.Receive(random.Next(6), message, Now);
            node.AddNeighbour(random.Next(10), Now);
            Assert.True(node.NeighbourCount <= 4);
            Assert.InRange(Sent(node).Count, 0, 8 + 16);
        }
    }
}
