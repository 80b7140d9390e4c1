using Compeer.Protocols.DomainNames;

namespace Compeer.Tests.DomainNames;

public sealed class TxtQuestionTests
{
    private readonly TxtQuestion _question = new("_dnsaddr.Lab", 0x1234);

    [Fact]
    public void The_question_is_the_one_of_RFC_1035() =>
        Assert.Equal("1234 0100 0001 0000 0000 0000 08 5f646e7361646472 03 6c6162 00 0010 0001".Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(_question.Encode()));

    [Fact]
    public void Texts_are_one_a_record_however_they_are_cut()
    {
        string longer = new('x', 700);
        Assert.Equal(TxtOutcome.Answered, _question.Read(ScriptedNameServer.Answer("_dnsaddr.lab", 0x1234, "a", longer), out IReadOnlyList<string> texts));
        Assert.Equal(["a", longer], texts);
    }

    [Fact]
    public void The_end_of_aliases_counts_and_what_was_not_asked_for_does_not()
    {
        DnsRecord[] records =
        [
            new("_dnsaddr.lab", DnsType.Cname) { Target = "b.lab" }, new("b.lab", DnsType.Cname) { Target = "c.lab" },
            new("c.lab", DnsType.Txt) { Strings = ["right"] }, new("d.lab", DnsType.Txt) { Strings = ["wrong"] },
        ];
        byte[] answer = new DnsMessage(true, [new DnsQuestion("_dnsaddr.lab", DnsType.Txt)], records) { Id = 0x1234 }.Encode();
        Assert.Equal(TxtOutcome.Answered, _question.Read(answer, out IReadOnlyList<string> texts));
        Assert.Equal(["right"], texts);

        records[1] = records[1] with { Target = "_dnsaddr.lab" };
        answer = new DnsMessage(true, [new DnsQuestion("_dnsaddr.lab", DnsType.Txt)], records) { Id = 0x1234 }.Encode();
        Assert.Equal(TxtOutcome.Answered, _question.Read(answer, out texts));
        Assert.Empty(texts);
    }

    [Fact]
    public void Only_an_answer_to_this_very_question_counts()
    {
        Assert.Equal(TxtOutcome.NotOurs, _question.Read(ScriptedNameServer.Answer("_dnsaddr.lab", 0x1235, "a"), out _));
        Assert.Equal(TxtOutcome.NotOurs, _question.Read(ScriptedNameServer.Answer("_dnsaddr.bal", 0x1234, "a"), out _));
        Assert.Equal(TxtOutcome.NotOurs, _question.Read(_question.Encode(), out _));
        Assert.Equal(TxtOutcome.NotOurs, _question.Read([], out _));
    }

    [Theory]
    [InlineData(2, 2, TxtOutcome.Truncated)]
    [InlineData(3, 2, TxtOutcome.Refused)]
    [InlineData(3, 5, TxtOutcome.Refused)]
    [InlineData(3, 3, TxtOutcome.Answered)]
    public void Flags_say_what_came_of_it(int at, byte flag, TxtOutcome outcome)
    {
        byte[] answer = ScriptedNameServer.Answer("_dnsaddr.lab", 0x1234);
        answer[at] |= flag;
        Assert.Equal(outcome, _question.Read(answer, out IReadOnlyList<string> texts));
        Assert.Empty(texts);
    }

    [Fact]
    public void Damaged_answers_do_no_harm()
    {
        byte[] answer = ScriptedNameServer.Answer("_dnsaddr.lab", 0x1234, "dnsaddr=/ip4/192.0.2.1/tcp/4001");
        var random = new Random(1);
        for (int length = 0; length < answer.Length; length++)
            Assert.Equal(TxtOutcome.NotOurs, _question.Read(answer.AsSpan(0, length), out _));
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. answer];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            _question.Read(damaged, out _);
        }
    }

    [Theory]
    [InlineData("bootstrap.libp2p.io", true)]
    [InlineData("", false)]
    [InlineData("a..b", false)]
    [InlineData("a.", false)]
    [InlineData("a b", false)]
    [InlineData("ü", false)]
    public void Names_have_labels(string name, bool isName) => Assert.Equal(isName, TxtQuestion.IsName(name));

    [Fact]
    public void Names_are_bounded()
    {
        Assert.False(TxtQuestion.IsName(new string('a', 64)));
        Assert.True(TxtQuestion.IsName(new string('a', 63)));
        Assert.False(TxtQuestion.IsName(string.Join('.', Enumerable.Repeat(new string('a', 63), 4))));
    }
}
