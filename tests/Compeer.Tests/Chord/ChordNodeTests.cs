using Compeer.Protocols;
using Compeer.Protocols.Chord;
using Compeer.Protocols.Overlays;

namespace Compeer.Tests.Chord;

public sealed class ChordNodeTests
{
    private static readonly Instant Start = Instant.Zero + TimeSpan.FromHours(1);

    private static RingContact<int> At(int place) => new(new RingKey((UInt128)place << 120), place);

    private static ChordNode<int> Node(int place, ChordOptions? options = null, params int[] known)
    {
        var node = new ChordNode<int>(At(place), options ?? new ChordOptions(), null, Start);
        node.Learn([.. known.Select(At)]);
        return node;
    }

    private static List<(int To, ChordMessage<int> Message)> Sent(ChordNode<int> node)
    {
        var sent = new List<(int To, ChordMessage<int> Message)>();
        while (node.TryTransmit(out int to, out ChordMessage<int> message))
            sent.Add((to, message));
        return sent;
    }

    private static T Event<T>(ChordNode<int> node)
        where T : ChordEvent<int>
    {
        while (node.TryTakeEvent(out ChordEvent<int> e))
        {
            if (e is T found)
                return found;
        }
        throw new InvalidOperationException($"There is no {typeof(T).Name}.");
    }

    private static ChordMessage<int> Message(ChordMessageKind kind, uint id = 0, int key = 0, int? before = null, params int[] contacts) =>
        new(kind, id, At(key).Key, before is { } b ? At(b) : null, [.. contacts.Select(At)]);

    [Fact]
    public void A_node_alone_owns_every_key()
    {
        ChordNode<int> node = Node(10);
        node.OwnersOf(At(200).Key, 3, Start);
        var ended = Event<ChordEvent<int>.LookupEnded>(node);
        Assert.Equal([At(10)], ended.Owners);
        Assert.Equal(0, ended.Hops);
    }

    [Fact]
    public void A_key_of_ours_is_answered_with_the_nodes_that_replicate_it()
    {
        ChordNode<int> node = Node(10, null, 20, 30, 40, 5);
        node.OwnersOf(At(7).Key, 3, Start);
        Assert.Equal([At(10), At(20), At(30)], Event<ChordEvent<int>.LookupEnded>(node).Owners);
        Assert.Empty(Sent(node));
    }

    [Fact]
    public void A_lookup_asks_nearer_nodes_and_the_owner_itself_and_goes_round_dead_ones()
    {
        ChordNode<int> node = Node(10, new ChordOptions { Successors = 3 }, 20, 30, 100, 5);
        uint id = node.OwnersOf(At(120).Key, 2, Start);
        (int to, ChordMessage<int> first) = Assert.Single(Sent(node));
        Assert.Equal((100, ChordMessageKind.FindOwner), (to, first.Kind));
        // Node 110 comes before the key; of those that follow, 130 is dead.
        node.Receive(100, Message(ChordMessageKind.Nearer, id, 120, null, 110, 130, 140, 150), Start);
        Assert.Equal(110, Assert.Single(Sent(node)).To);
        node.OnUndelivered(110, Message(ChordMessageKind.FindOwner, id, 120), Start);
        (to, ChordMessage<int> asked) = Assert.Single(Sent(node));
        Assert.Equal((130, ChordMessageKind.AskNeighbours), (to, asked.Kind));
        node.OnUndelivered(130, asked, Start);
        Assert.Equal(140, Assert.Single(Sent(node)).To);
        node.Receive(140, Message(ChordMessageKind.Neighbours, id, 140, 130, 150, 160), Start);
        var ended = Event<ChordEvent<int>.LookupEnded>(node);
        Assert.Equal([At(140), At(150)], ended.Owners);
        Assert.Equal((2, 2), (ended.Hops, ended.Timeouts));
    }

    [Fact]
    public void A_newcomer_joins_through_the_only_node_there_is()
    {
        ChordNode<int> first = Node(10), second = Node(20);
        second.Join(At(10), Start);
        for (int i = 0; i < 4; i++)
        {
            foreach ((_, ChordMessage<int> message) in Sent(second))
                first.Receive(20, message, Start);
            foreach ((_, ChordMessage<int> message) in Sent(first))
                second.Receive(10, message, Start);
        }
        Event<ChordEvent<int>.Joined>(second);
        Assert.Equal((At(10), At(20)), (second.Successors[0], first.Successors[0]));
        Assert.Equal((At(20), At(20)), (first.Predecessor, first.Successors[0]));
    }

    [Fact]
    public void Neighbours_that_start_again_at_once_are_in_the_ring_again()
    {
        int[] places = [10, 40, 70, 100, 130, 160, 190, 220];
        var nodes = places.ToDictionary(p => p, p => Node(p, new ChordOptions { Successors = 4 }, [.. places.Where(other => other != p)]));
        int[] anew = [70, 100];
        foreach (int place in anew)
        {
            nodes[place] = Node(place, new ChordOptions { Successors = 4 });
            nodes[place].Join(At(10), Start);
        }
        Instant now = Start;
        for (int step = 0; step < 100; step++)
        {
            for (bool any = true; any;)
            {
                any = false;
                foreach ((int from, ChordNode<int> node) in nodes)
                {
                    foreach ((int to, ChordMessage<int> message) in Sent(node))
                    {
                        nodes[to].Receive(from, message, now);
                        any = true;
                    }
                }
            }
            now = nodes.Values.Min(n => n.NextDeadline);
            foreach (ChordNode<int> due in nodes.Values.Where(n => n.NextDeadline <= now))
                due.OnDeadline(now);
        }
        for (int i = 0; i < places.Length; i++)
        {
            Assert.Equal(Enumerable.Range(1, 4).Select(next => At(places[(i + next) % 8])), nodes[places[i]].Successors.ToArray());
            Assert.Equal(At(places[(i + 7) % 8]), nodes[places[i]].Predecessor);
        }
        Assert.All(anew, place => Event<ChordEvent<int>.Joined>(nodes[place]));
    }

    [Fact]
    public void A_node_between_the_key_and_its_believed_owner_is_the_owner()
    {
        ChordNode<int> node = Node(10, null, 20, 5);
        uint id = node.OwnersOf(At(15).Key, 1, Start);
        Assert.Equal(20, Assert.Single(Sent(node)).To);
        node.Receive(20, Message(ChordMessageKind.Neighbours, id, 20, 17, 30), Start);
        Assert.Equal(17, Assert.Single(Sent(node)).To);
        node.Receive(17, Message(ChordMessageKind.Neighbours, id, 17, 10, 20), Start);
        Assert.Equal([At(17)], Event<ChordEvent<int>.LookupEnded>(node).Owners);
    }

    [Fact]
    public void Silence_ends_a_lookup()
    {
        var options = new ChordOptions { StabiliseEvery = TimeSpan.FromDays(1), FixFingerEvery = TimeSpan.FromDays(1) };
        ChordNode<int> node = Node(10, options, 20, 5);
        node.OwnersOf(At(15).Key, 1, Start);
        Instant now = Start;
        for (int i = 0; i < 10 && node.NextDeadline < Start + TimeSpan.FromHours(1); i++)
            node.OnDeadline(now = node.NextDeadline);
        var ended = Event<ChordEvent<int>.LookupEnded>(node);
        Assert.Empty(ended.Owners);
        Assert.Equal(2, ended.Timeouts);
        Assert.True(now <= Start + (2 * options.AnswerTimeout));
    }

    [Fact]
    public void Who_comes_before_us_takes_its_keys_and_we_tell_which()
    {
        ChordNode<int> node = Node(50, null, 60, 10);
        node.Receive(30, Message(ChordMessageKind.Notify, 0, 30, 30), Start);
        var lost = Event<ChordEvent<int>.RangeLost>(node);
        Assert.Equal((At(10).Key, At(30).Key, At(30)), (lost.After, lost.UpTo, lost.NewOwner));
        Assert.Equal(At(30), node.Predecessor);
        node.Receive(20, Message(ChordMessageKind.Notify, 0, 20, 20), Start);
        Assert.Equal(At(30), node.Predecessor);
    }

    [Fact]
    public void When_the_node_before_us_dies_its_keys_become_ours()
    {
        ChordNode<int> node = Node(50, null, 60, 30);
        node.OnUndelivered(30, Message(ChordMessageKind.AskNeighbours), Start);
        Assert.Null(node.Predecessor);
        node.Receive(10, Message(ChordMessageKind.Notify, 0, 10, 10), Start);
        var gained = Event<ChordEvent<int>.RangeGained>(node);
        Assert.Equal((At(10).Key, At(30).Key), (gained.After, gained.UpTo));
    }

    [Fact]
    public void Good_byes_close_the_ring_at_once()
    {
        ChordNode<int> leaving = Node(30, null, 50, 60, 10), before = Node(10, null, 30, 50, 60), after = Node(50, null, 60, 10, 30);
        leaving.Leave();
        foreach ((int to, ChordMessage<int> message) in Sent(leaving))
            (to == 10 ? before : after).Receive(30, message, Start);
        Assert.Equal(50, before.Successors[0].Peer);
        Assert.Equal(At(10), after.Predecessor);
    }

    [Fact]
    public void The_list_of_successors_follows_the_successor_and_says_when_it_moved()
    {
        ChordNode<int> node = Node(10, new ChordOptions { Successors = 3 }, 20, 30, 40, 5);
        node.OnDeadline(node.NextDeadline);
        uint id = Sent(node).First(s => s.To == 20).Message.Id;
        // 30 is gone, and 15 came between.
        node.Receive(20, Message(ChordMessageKind.Neighbours, id, 20, 15, 40, 50, 10), Start);
        Assert.Equal([15, 20, 40], node.Successors.ToArray().Select(s => s.Peer));
        Assert.Equal(3, Event<ChordEvent<int>.SuccessorsMoved>(node).Successors.Count);
        List<(int To, ChordMessage<int> Message)> sent = Sent(node);
        Assert.Contains(sent, s => s.To == 15 && s.Message.Kind == ChordMessageKind.Notify);
        Assert.Contains(sent, s => s.To == 15 && s.Message.Kind == ChordMessageKind.AskNeighbours);
    }

    [Fact]
    public void Hostile_messages_neither_throw_nor_grow_anything_without_bound()
    {
        var random = new Random(3);
        var options = new ChordOptions { MaxLookups = 8, MaxQuestions = 16, Successors = 4, MaxEvents = 32 };
        ChordNode<int> node = Node(10, options, 20, 30, 5);
        Instant now = Start;
        long sent = 0;
        for (int i = 0; i < 50_000; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(200));
            var kind = (ChordMessageKind)random.Next(9);
            RingContact<int>[] contacts = [.. Enumerable.Range(0, random.Next(20)).Select(_ => At(random.Next(256)))];
            RingContact<int>? before = random.Next(2) == 0 ? null : At(random.Next(256));
            var message = new ChordMessage<int>(kind, (uint)random.Next(40), At(random.Next(256)).Key, before, contacts);
            if (random.Next(10) == 0)
                node.OnUndelivered(random.Next(256), message, now);
            else
                node.Receive(random.Next(256), message, now);
            if (random.Next(20) == 0)
                node.OwnersOf(At(random.Next(256)).Key, 3, now);
            if (node.NextDeadline <= now)
                node.OnDeadline(now);
            sent += Sent(node).Count;
            Assert.True(node.Successors.Length <= options.Successors && node.Fingers.Length <= RingKey.BitLength);
            Assert.DoesNotContain(At(10), node.Successors.ToArray());
        }
        Assert.True(sent < 20 * 50_000);
        int events = 0;
        while (node.TryTakeEvent(out _))
            events++;
        Assert.InRange(events, 1, options.MaxEvents);
    }
}
