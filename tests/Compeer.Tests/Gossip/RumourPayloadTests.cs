using Compeer.Protocols;
using Compeer.Protocols.Gossip;

namespace Compeer.Tests.Gossip;

public sealed class RumourPayloadTests
{
    private const int Honest = 1, Liar = 2, Late = 3;
    private static readonly Instant Start = Instant.Zero + TimeSpan.FromHours(1);
    private static readonly RumourOptions Rules = new() { HasPayloads = true, HasFeedback = true, Counts = true, MaxRumours = 32, MaxAsked = 8, MaxAskedOfOne = 4 };
    private static readonly byte[] Payload = "the tea is ready"u8.ToArray();
    private static readonly ulong Number = RumourMessage.NumberOf(Payload);

    private static RumourNode<int> Node(int? partner = null, RumourOptions? rules = null) => new(rules ?? Rules, new Random(1), () => partner);

    private static List<(int To, RumourMessage Message)> Sent(RumourNode<int> node)
    {
        List<(int, RumourMessage)> sent = [];
        while (node.TryTransmit(out int to, out RumourMessage message))
            sent.Add((to, message));
        return sent;
    }

    [Fact]
    public void Who_hears_a_number_asks_the_teller_and_has_the_payload_once()
    {
        RumourNode<int> teller = Node(partner: 5), hearer = Node(partner: 6);
        Assert.Equal(Number, teller.Tell(Payload, Start));
        teller.OnDeadline(teller.NextDeadline);
        (int to, RumourMessage told) = Assert.Single(Sent(teller));
        Assert.Equal((5, RumourMessageKind.Tell), (to, told.Kind));
        hearer.Receive(Honest, told, Start);
        Assert.False(hearer.Knows(Number));
        hearer.Receive(Late, told, Start);
        (to, RumourMessage ask) = Assert.Single(Sent(hearer));
        Assert.Equal((Honest, RumourMessageKind.Ask), (to, ask.Kind));
        teller.Receive(5, ask, Start);
        (_, RumourMessage answer) = Assert.Single(Sent(teller));
        hearer.Receive(Honest, answer, Start);
        hearer.Receive(Honest, answer, Start);
        Assert.True(hearer.Knows(Number) && hearer.TryTakeNews(out RumourNews news) && news.Payload.Span.SequenceEqual(Payload));
        Assert.False(hearer.TryTakeNews(out _));
        // It tells the rumour on.
        hearer.OnDeadline(hearer.NextDeadline);
        Assert.Equal((6, RumourMessageKind.Tell), Assert.Single(Sent(hearer)) is var next ? (next.To, next.Message.Kind) : default);
    }

    [Fact]
    public void A_payload_that_is_not_the_rumours_is_not_heard_and_another_teller_is_asked()
    {
        RumourNode<int> node = Node();
        node.Receive(Liar, new RumourMessage(Number, RumourMessageKind.Tell), Start);
        node.Receive(Liar, new RumourMessage(Number, RumourMessageKind.Payload, "the tea is poison"u8.ToArray()), Start);
        Assert.False(node.Knows(Number) || node.TryTakeNews(out _));
        Sent(node);
        node.Receive(Honest, new RumourMessage(Number, RumourMessageKind.Tell), Start);
        Assert.Equal((Honest, RumourMessageKind.Ask), Assert.Single(Sent(node)) is var ask ? (ask.To, ask.Message.Kind) : default);
        // Nobody else may answer in his place, and what was not asked for is not taken.
        node.Receive(Liar, new RumourMessage(Number, RumourMessageKind.Payload, Payload), Start);
        Assert.False(node.Knows(Number));
        node.Receive(Honest, new RumourMessage(Number, RumourMessageKind.Payload, Payload), Start);
        Assert.True(node.Knows(Number));
    }

    [Fact]
    public void Who_tells_and_gives_nothing_delays_a_rumour_and_does_not_stop_it()
    {
        RumourNode<int> node = Node();
        node.Receive(Liar, new RumourMessage(Number, RumourMessageKind.Tell), Start);
        Sent(node);
        node.Receive(Honest, new RumourMessage(Number, RumourMessageKind.Tell), Start);
        Assert.Empty(Sent(node));
        node.Receive(Honest, new RumourMessage(Number, RumourMessageKind.Tell), Start + Rules.AskPatience);
        Assert.Equal(Honest, Assert.Single(Sent(node)).To);
        // Whom nothing reaches is not waited for either.
        node.OnUndelivered(Honest, new RumourMessage(Number, RumourMessageKind.Ask), Start + Rules.AskPatience);
        node.Receive(Late, new RumourMessage(Number, RumourMessageKind.Tell), Start + Rules.AskPatience);
        Assert.Equal(Late, Assert.Single(Sent(node)).To);
    }

    [Fact]
    public void A_peer_that_invents_rumours_is_asked_for_few_and_leaves_room_for_others()
    {
        RumourNode<int> node = Node();
        for (ulong i = 0; i < 1000; i++)
            node.Receive(Liar, new RumourMessage(i, RumourMessageKind.Tell), Start);
        Assert.Equal(Rules.MaxAskedOfOne, Sent(node).Count);
        node.Receive(Honest, new RumourMessage(Number, RumourMessageKind.Tell), Start);
        Assert.Equal(Honest, Assert.Single(Sent(node)).To);
    }

    [Fact]
    public void Hostile_messages_neither_throw_nor_grow_anything_without_bound()
    {
        var random = new Random(3);
        RumourNode<int> node = Node(partner: 9);
        Instant now = Start;
        for (int i = 0; i < 20_000; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(300));
            byte[] payload = BitConverter.GetBytes(random.Next(100));
            ulong number = random.Next(5) == 0 ? (ulong)random.Next() : RumourMessage.NumberOf(payload);
            node.Receive(random.Next(9), new RumourMessage(number, (RumourMessageKind)random.Next(5), random.Next(9) == 0 ? new byte[5000] : payload), now);
            if (node.NextDeadline <= now)
                node.OnDeadline(now);
            while (node.TryTakeNews(out RumourNews news))
                Assert.Equal(news.Rumour, RumourMessage.NumberOf(news.Payload.Span));
            Assert.InRange(Sent(node).Count, 0, Rules.MaxRumours + 1);
            Assert.InRange(node.HotCount, 0, Rules.MaxRumours);
        }
    }

    [Fact]
    public void Payloads_beyond_the_bounds_or_where_there_are_none_are_misuse()
    {
        Assert.Throws<ArgumentException>(() => Node().Tell(new byte[Rules.MaxPayloadBytes + 1], Start));
        Assert.Throws<ArgumentException>(() => Node().Tell(ReadOnlyMemory<byte>.Empty, Start));
        Assert.Throws<InvalidOperationException>(() => Node().Tell(7, Start));
        Assert.Throws<InvalidOperationException>(() => Node(rules: new RumourOptions()).Tell(Payload, Start));
    }
}
