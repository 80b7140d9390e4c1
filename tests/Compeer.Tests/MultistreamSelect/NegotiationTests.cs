using System.Text;
using Compeer.Protocols.MultistreamSelect;

namespace Compeer.Tests.MultistreamSelect;

public sealed class NegotiationTests
{
    private const string Greeting = "\x13/multistream/1.0.0\n";

    [Fact]
    public void The_greeting_and_the_first_proposal_leave_together()
    {
        var dialer = new NegotiationDialer(["/noise", "/tls/1.0.0"]);

        Assert.Equal(Greeting + "\x07/noise\n", Encoding.UTF8.GetString(dialer.TakeOutput()));
        Assert.Empty(dialer.TakeOutput());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void Both_sides_agree_on_the_first_protocol_that_the_listener_has(int cut)
    {
        var dialer = new NegotiationDialer(["/a", "/" + new string('b', 300), "/c"]);
        var listener = new NegotiationListener(p => p is "/c");

        for (int round = 0; round < 10 && dialer.Agreed is null; round++)
        {
            Feed(dialer.TakeOutput(), cut, () => listener.BytesNeeded, listener.Receive);
            Feed(listener.TakeOutput(), cut, () => dialer.BytesNeeded, dialer.Receive);
        }

        Assert.Equal("/c", dialer.Agreed);
        Assert.Equal("/c", listener.Agreed);
        Assert.Equal(0, dialer.BytesNeeded + listener.BytesNeeded);
    }

    [Fact]
    public void Bytes_behind_the_agreement_are_left_to_the_protocol()
    {
        var listener = new NegotiationListener(p => p is "/a");
        byte[] sent = Encoding.UTF8.GetBytes(Greeting + "\x03/a\npayload");
        int at = 0;
        while (listener.BytesNeeded is > 0 and var needed)
        {
            listener.Receive(sent.AsSpan(at, needed));
            at += needed;
        }

        Assert.Equal("payload", Encoding.UTF8.GetString(sent[at..]));
    }

    [Fact]
    public void A_dialer_whose_proposals_are_all_refused_says_so()
    {
        var dialer = new NegotiationDialer(["/a", "/b"]);
        dialer.Receive(Encoding.UTF8.GetBytes(Greeting + "\x03na\n"));
        Assert.False(dialer.IsRefused);
        dialer.Receive("\x03na\n"u8);

        Assert.True(dialer.IsRefused);
        Assert.Equal("it does not have /a or /b", dialer.Failure);
    }

    [Theory]
    [InlineData("\x04/a/\n", "does not negotiate")]
    [InlineData(Greeting + "\x03/x\n", "not proposed")]
    [InlineData("\x01\n", "does not negotiate")]
    [InlineData("\u0002aa", "not one line")]
    [InlineData("\x03\n\n\n", "not one line")]
    public void A_dialer_refuses_what_breaks_the_rules(string answer, string failure)
    {
        var dialer = new NegotiationDialer(["/a"]);
        dialer.Receive(Encoding.UTF8.GetBytes(answer));
        Assert.Contains(failure, dialer.Failure, StringComparison.Ordinal);
        Assert.Equal(0, dialer.BytesNeeded);
    }

    [Theory]
    [InlineData(new byte[] { 0 }, "impossible")]
    [InlineData(new byte[] { 0x83, 0 }, "impossible")]
    [InlineData(new byte[] { 0x81, 0x08 }, "longer than")]
    [InlineData(new byte[] { 0xFF, 0xFF }, "longer than")]
    public void A_listener_refuses_impossible_lengths(byte[] bytes, string failure)
    {
        var listener = new NegotiationListener(_ => true);
        listener.Receive(bytes);
        Assert.Contains(failure, listener.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_may_have_1024_bytes()
    {
        var output = new List<byte>();
        string longest = "/" + new string('x', 1022);
        MultistreamCodec.Write(output, MultistreamCodec.Header);
        MultistreamCodec.Write(output, longest);
        var listener = new NegotiationListener(p => p == longest);
        listener.Receive([.. output]);

        Assert.Equal(longest, listener.Agreed);
        Assert.Throws<ArgumentException>(() => MultistreamCodec.Write(output, longest + "x"));
        Assert.Throws<ArgumentException>(() => MultistreamCodec.Write(output, "/a\n"));
        Assert.Throws<ArgumentException>(() => MultistreamCodec.Write(output, ""));
    }

    [Fact]
    public void A_listener_does_not_answer_for_ever()
    {
        var listener = new NegotiationListener(_ => false);
        listener.Receive(Encoding.UTF8.GetBytes(Greeting));
        int proposals = 0;
        for (; proposals < 1000 && listener.Failure is null; proposals++)
            listener.Receive("\x03/a\n"u8);

        Assert.Equal(NegotiationListener.MaxProposals, proposals);
    }

    [Fact]
    public void Random_bytes_end_in_a_failure_or_wait()
    {
        var random = new Random(11);
        for (int run = 0; run < 2000; run++)
        {
            byte[] noise = new byte[random.Next(40)];
            random.NextBytes(noise);
            var listener = new NegotiationListener(_ => true);
            listener.Receive(noise);
            Assert.Null(listener.Agreed);
        }
    }

    private static void Feed(byte[] bytes, int cut, Func<int> needed, FeedBytes receive)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int taken = Math.Min(Math.Min(cut, needed()), bytes.Length - at);
            receive(bytes.AsSpan(at, taken));
            at += taken;
        }
    }

    private delegate void FeedBytes(ReadOnlySpan<byte> bytes);
}
