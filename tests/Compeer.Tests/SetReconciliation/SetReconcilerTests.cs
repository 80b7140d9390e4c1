using System.Buffers;
using Compeer.Formats.Hashing;
using Compeer.Protocols.SetReconciliation;

namespace Compeer.Tests.SetReconciliation;

public sealed class SetReconcilerTests
{
    private static ReconciledItem Item(int i) =>
        new(1_700_000_000 + ((ulong)i / 3), Sha256Hash.Of(System.Text.Encoding.ASCII.GetBytes($"item {i}")));

    private static SealedItemSet Set(IEnumerable<int> items) => new(items.Select(Item));

    private static SetReconciler Asks(IEnumerable<int> items, int maxMessage = 64 * 1024) => new(Set(items), new ReconciliationOptions { MaxMessageBytes = maxMessage }, asks: true);

    private static SetReconciler Answers(IEnumerable<int> items, int maxMessage = 64 * 1024) => new(Set(items), new ReconciliationOptions { MaxMessageBytes = maxMessage }, asks: false);

    private static byte[] Begin(SetReconciler asks)
    {
        var output = new ArrayBufferWriter<byte>();
        asks.Begin(output);
        return output.WrittenSpan.ToArray();
    }

    private static (ReconciliationStep Step, byte[] Answer) Receive(SetReconciler side, byte[] message)
    {
        var output = new ArrayBufferWriter<byte>();
        ReconciliationStep step = side.Receive(message, output);
        return (step, output.WrittenSpan.ToArray());
    }

    private static int Rounds(SetReconciler asks, SetReconciler answers)
    {
        byte[] question = Begin(asks);
        for (int round = 1; round < 100; round++)
        {
            (ReconciliationStep step, byte[] answer) = Receive(answers, question);
            Assert.Equal(ReconciliationStep.Answer, step);
            (step, question) = Receive(asks, answer);
            if (step == ReconciliationStep.Done)
                return round;
            Assert.Equal(ReconciliationStep.Answer, step);
        }
        throw new InvalidOperationException("It does not end.");
    }

    private static IEnumerable<int> VectorAsks => Enumerable.Range(0, 1000).Where(i => i % 97 != 0);

    private static IEnumerable<int> VectorAnswers => Enumerable.Range(0, 1010).Where(i => i % 131 != 0);

    /// <summary>Every byte of an exchange between two sides of the reference implementation.</summary>
    [Fact]
    public void Both_sides_write_what_the_reference_implementation_writes()
    {
        string[] lines = [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "vectors", "negentropy", "exchange.txt")).Where(l => l[0] is '>' or '<')];
        Assert.Equal(4, lines.Length);
        SetReconciler asks = Asks(VectorAsks), answers = Answers(VectorAnswers);
        byte[] ours = Begin(asks);
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(lines[i][2..], Convert.ToHexStringLower(ours));
            ours = Receive(lines[i][0] == '>' ? answers : asks, Convert.FromHexString(lines[i][2..])).Answer;
        }
        Assert.Equal(VectorAsks.Except(VectorAnswers).Select(i => Item(i).Id.ToString()).Order(), asks.Had.Select(h => h.ToString()).Order());
        Assert.Equal(VectorAnswers.Except(VectorAsks).Select(i => Item(i).Id.ToString()).Order(), asks.Needed.Select(h => h.ToString()).Order());
    }

    [Fact]
    public void Equal_sets_cost_one_short_message_each_way()
    {
        SetReconciler asks = Asks(Enumerable.Range(0, 20_000)), answers = Answers(Enumerable.Range(0, 20_000));
        byte[] question = Begin(asks);
        byte[] answer = Receive(answers, question).Answer;
        Assert.InRange(question.Length + answer.Length, 16 * 16, 512);
        Assert.Equal(ReconciliationStep.Done, Receive(asks, answer).Step);
        Assert.Empty(asks.Had);
        Assert.Empty(asks.Needed);
    }

    [Theory]
    [InlineData(0, 0, 64 * 1024)]
    [InlineData(0, 500, 64 * 1024)]
    [InlineData(500, 0, 64 * 1024)]
    [InlineData(3000, 2000, 4096)]
    [InlineData(1, 1, 4096)]
    public void The_difference_is_found_whatever_its_size(int onlyAsks, int onlyAnswers, int maxMessage)
    {
        var random = new Random(onlyAsks + onlyAnswers);
        int[] items = [.. Enumerable.Range(0, 6000)];
        random.Shuffle(items);
        int[] mine = items[..onlyAsks], theirs = items[onlyAsks..(onlyAsks + onlyAnswers)], both = items[5000..];
        SetReconciler asks = Asks(both.Concat(mine), maxMessage), answers = Answers(both.Concat(theirs), maxMessage);
        Rounds(asks, answers);
        Assert.Equal(mine.Select(i => Item(i).Id).ToHashSet(), asks.Had.ToHashSet());
        Assert.Equal(theirs.Select(i => Item(i).Id).ToHashSet(), asks.Needed.ToHashSet());
        Assert.Equal(asks.Had.Count, asks.Had.Distinct().Count());
    }

    [Fact]
    public void Messages_that_are_cut_off_or_random_are_refused_or_understood_but_never_thrown_at()
    {
        byte[] message = Receive(Answers(VectorAnswers), Begin(Asks(VectorAsks))).Answer;
        int refused = 0;
        for (int length = 0; length < message.Length; length++)
            refused += Receive(Asks(VectorAsks.Take(100)), message[..length]).Step == ReconciliationStep.Malformed ? 1 : 0;
        Assert.InRange(refused, message.Length / 2, message.Length);
        var random = new Random(11);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (bytes.Length > 0)
                bytes[0] = 0x61;
            Receive(i % 2 == 0 ? Asks([1, 2, 3]) : Answers([1, 2, 3]), bytes);
        }
    }

    [Fact]
    public void What_is_too_long_or_another_version_or_too_much_is_named()
    {
        Assert.Equal(ReconciliationStep.Malformed, Receive(Asks([1]), new byte[(1 << 20) + 1]).Step);
        (ReconciliationStep step, byte[] answer) = Receive(Answers([1]), [0x62]);
        Assert.Equal((ReconciliationStep.UnknownVersion, (byte)0x61), (step, Assert.Single(answer)));
        byte[] many = Begin(Asks(Enumerable.Range(0, 30)));
        var few = new SetReconciler(Set([]), new ReconciliationOptions { MaxNeeded = 10 }, asks: true);
        Assert.Equal(ReconciliationStep.TooMuch, Receive(few, many).Step);
        Assert.Throws<InvalidOperationException>(() => Begin(Answers([1])));
        Assert.Throws<ArgumentException>(() => new SealedItemSet([new ReconciledItem(ulong.MaxValue, default)]));
    }
}
