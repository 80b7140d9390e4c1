using System.Buffers;
using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Stun;

namespace Compeer.Tests.Stun;

public sealed class StunTransactionTests
{
    private static readonly IPEndPoint Server = IPEndPoint.Parse("192.0.2.1:3478");
    private static readonly IPEndPoint Mapped = IPEndPoint.Parse("198.51.100.7:40000");

    [Fact]
    public void A_request_is_sent_seven_times_at_doubling_distances_and_then_given_up()
    {
        var bindings = new StunBindings(new Random(1));
        Instant now = Instant.Zero;
        bindings.TryBegin(new StunBindingRequest(Server), new(), now);
        List<double> sentAt = [];
        StunBindingOutcome? outcome;
        while (!bindings.TryTakeEvent(out outcome))
        {
            now = bindings.NextDeadline!.Value;
            bindings.OnDeadline(now);
            while (bindings.TryTransmit(new ArrayBufferWriter<byte>(), out _, now))
                sentAt.Add((now - Instant.Zero).TotalMilliseconds);
        }
        Assert.Equal([0, 500, 1500, 3500, 7500, 15500, 31500], sentAt);
        Assert.Equal(TimeSpan.FromMilliseconds(39500), now - Instant.Zero);
        Assert.Null(outcome.Answer);
        Assert.Null(bindings.NextDeadline);
    }

    [Fact]
    public void An_answer_counts_only_from_the_server_asked_and_with_the_id()
    {
        var bindings = new StunBindings(new Random(1));
        int number = bindings.TryBegin(new StunBindingRequest(Server), new(), Instant.Zero)!.Value;
        byte[] request = Transmit(bindings, Instant.Zero);
        byte[] answer = Answer(request, Mapped);

        Assert.False(bindings.Receive(answer, IPEndPoint.Parse("192.0.2.1:3479"), Instant.Zero));
        Assert.False(bindings.Receive(answer, IPEndPoint.Parse("192.0.2.2:3478"), Instant.Zero));
        byte[] wrongId = [.. answer];
        wrongId[19] ^= 1;
        Assert.False(bindings.Receive(wrongId, Server, Instant.Zero));
        Assert.False(bindings.Receive(request, Server, Instant.Zero));
        Assert.False(bindings.TryTakeEvent(out _));

        Assert.True(bindings.Receive(answer, Server, Instant.Zero));
        Assert.True(bindings.TryTakeEvent(out StunBindingOutcome outcome));
        Assert.Equal((number, Mapped), (outcome.Number, outcome.Answer!.Mapped));
        Assert.False(bindings.Receive(answer, Server, Instant.Zero));
    }

    [Fact]
    public void Answers_that_say_nothing_are_no_answers_and_errors_end_the_question()
    {
        var bindings = new StunBindings(new Random(1));
        bindings.TryBegin(new StunBindingRequest(Server), new(), Instant.Zero);
        byte[] request = Transmit(bindings, Instant.Zero);
        var empty = new StunMessageWriter(new byte[100], StunClass.Success, StunMethod.Binding, IdOf(request));
        Assert.True(bindings.Receive(empty.Written, Server, Instant.Zero));
        Assert.False(bindings.TryTakeEvent(out _));
        var refusal = new StunMessageWriter(new byte[100], StunClass.Error, StunMethod.Binding, IdOf(request));
        refusal.AddError(500, "broken\u001b[31m");
        Assert.True(bindings.Receive(refusal.Written, Server, Instant.Zero));
        Assert.True(bindings.TryTakeEvent(out StunBindingOutcome outcome));
        Assert.Equal(500, outcome.Error!.Value.Code);
        Assert.DoesNotContain('\u001b', outcome.Error!.Value.Reason);
    }

    [Fact]
    public void Questions_are_bounded()
    {
        var bindings = new StunBindings(new Random(1), maxPending: 3);
        for (int i = 0; i < 3; i++)
            Assert.NotNull(bindings.TryBegin(new StunBindingRequest(Server), new(), Instant.Zero));
        Assert.Null(bindings.TryBegin(new StunBindingRequest(Server), new(), Instant.Zero));
    }

    [Theory]
    [InlineData("198.51.100.7:40000")]
    [InlineData("[2001:db8::1]:40000")]
    public void The_responder_tells_the_sender_its_address_in_less_than_three_times_the_bytes(string from)
    {
        var responder = new StunBindingResponder(new StunRateLimit(new()));
        byte[] reply = new byte[StunBindingResponder.MaxReplyBytes];
        foreach (bool fingerprint in (bool[])[false, true])
        {
            var request = new StunMessageWriter(new byte[100], StunClass.Request, StunMethod.Binding, new(1, 2));
            if (fingerprint)
                request.AddFingerprint();
            Assert.True(responder.TryAnswer(request.Written, IPEndPoint.Parse(from), Instant.Zero, reply, out int length));
            Assert.InRange(length, 32, (3 * request.Length) - 1);
            Assert.True(StunMessage.TryRead(reply.AsSpan(0, length), out StunMessage answer));
            Assert.True(answer.TryGetXorAddress(StunAttributeType.XorMappedAddress, out IPEndPoint? mapped));
            Assert.Equal(IPEndPoint.Parse(from), mapped);
        }
    }

    [Fact]
    public void The_responder_names_what_it_does_not_understand()
    {
        var responder = new StunBindingResponder(new StunRateLimit(new()));
        byte[] reply = new byte[StunBindingResponder.MaxReplyBytes];
        var request = new StunMessageWriter(new byte[100], StunClass.Request, StunMethod.Binding, new(1, 2));
        request.AddUInt32(StunAttributeType.ChangeRequest, 6);
        Assert.True(responder.TryAnswer(request.Written, Mapped, Instant.Zero, reply, out int length));
        Assert.True(StunMessage.TryRead(reply.AsSpan(0, length), out StunMessage answer));
        Assert.True(answer.TryGetError(out StunError error));
        Assert.Equal(420, error.Code);
        Assert.True(answer.TryGet(StunAttributeType.UnknownAttributes, out ReadOnlySpan<byte> unknown));
        Assert.Equal([0, 3], unknown.ToArray());
    }

    [Fact]
    public void The_responder_takes_no_answers_and_is_silent_beyond_its_limits()
    {
        var responder = new StunBindingResponder(new StunRateLimit(new() { PerAddress = 2, Total = 3 }));
        byte[] reply = new byte[StunBindingResponder.MaxReplyBytes];
        Assert.False(responder.TryAnswer(StunVectors.ResponseV4, Mapped, Instant.Zero, reply, out _));
        byte[] request = new StunMessageWriter(new byte[100], StunClass.Request, StunMethod.Binding, new(1, 2)).Written.ToArray();
        int[] lengths = [.. Enumerable.Range(0, 6).Select(i =>
        {
            IPEndPoint from = i < 3 ? Mapped : IPEndPoint.Parse($"198.51.100.{i}:1");
            Assert.True(responder.TryAnswer(request, from, Instant.Zero, reply, out int length));
            return length;
        })];
        Assert.Equal([32, 32, 0, 32, 0, 0], lengths);
        Assert.True(responder.TryAnswer(request, Mapped, Instant.Zero + TimeSpan.FromSeconds(1), reply, out int later));
        Assert.Equal(32, later);
    }

    [Fact]
    public void A_flood_of_addresses_takes_bounded_memory()
    {
        var limit = new StunRateLimit(new() { MaxAddresses = 100, Total = int.MaxValue });
        int taken = Enumerable.Range(0, 10_000).Count(i => limit.TryTake(new IPAddress(i), Instant.Zero));
        Assert.Equal(100, taken);
    }

    internal static StunTransactionId IdOf(byte[] datagram)
    {
        Assert.True(StunMessage.TryRead(datagram, out StunMessage message));
        return message.Id;
    }

    private static byte[] Transmit(StunBindings bindings, Instant now)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.True(bindings.TryTransmit(output, out IPEndPoint to, now));
        Assert.Equal(Server, to);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Answer(byte[] request, IPEndPoint mapped)
    {
        var writer = new StunMessageWriter(new byte[100], StunClass.Success, StunMethod.Binding, IdOf(request));
        writer.AddXorAddress(StunAttributeType.XorMappedAddress, mapped);
        return writer.Written.ToArray();
    }
}
