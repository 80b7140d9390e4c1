using System.Buffers;
using System.Net;
using Compeer.Protocols.Proxies;

namespace Compeer.Tests.Proxies;

/// <summary>The client's side of SOCKS 5. Spec: RFC 1928, RFC 1929.</summary>
public class Socks5ClientTests
{
    private static readonly ProxyEndPoint Plain = new(ProxyKind.Socks5, new IPEndPoint(IPAddress.Loopback, 1080));
    private static readonly ProxyEndPoint Secret = Plain with { User = "me", Password = "pass" };
    private static readonly byte[] Open = [5, 0, 5, 0, 0, 1, 10, 0, 0, 1, 0x1f, 0x90];

    [Fact]
    public void A_name_is_given_to_the_proxy_as_a_name()
    {
        var client = new Socks5Client(Plain, Socks5Command.Connect, new ProxyTarget("tracker.example", 80));
        Assert.Equal([5, 1, 0], Sent(client));
        Assert.Equal(2, client.BytesNeeded);
        client.Receive([5, 0]);
        Assert.Equal([5, 1, 0, 3, 15, .. "tracker.example"u8, 0, 80], Sent(client));
        client.Receive(Open.AsSpan(2));
        Assert.True(client.IsDone);
        Assert.Equal(0, client.BytesNeeded);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 8080), client.Bound);
    }

    [Theory]
    [InlineData("1.2.3.4", new byte[] { 1, 1, 2, 3, 4, 0x1a, 0xe1 })]
    [InlineData("::ffff:1.2.3.4", new byte[] { 1, 1, 2, 3, 4, 0x1a, 0xe1 })]
    [InlineData("2001:db8::1", new byte[] { 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x1a, 0xe1 })]
    public void Addresses_have_their_own_form(string address, byte[] field)
    {
        var client = new Socks5Client(Plain, Socks5Command.Connect, new ProxyTarget(new IPEndPoint(IPAddress.Parse(address), 6881)));
        Sent(client);
        client.Receive([5, 0]);
        Assert.Equal([5, 1, 0, .. field], Sent(client));
    }

    [Fact]
    public void A_user_and_password_are_given_when_asked_for()
    {
        var client = new Socks5Client(Secret, Socks5Command.UdpAssociate, new ProxyTarget("0.0.0.0", 1));
        Assert.Equal([5, 2, 0, 2], Sent(client));
        client.Receive([5, 2]);
        Assert.Equal([1, 2, .. "me"u8, 4, .. "pass"u8], Sent(client));
        client.Receive([1, 0]);
        Assert.Equal([5, 3, 0, 1, 0, 0, 0, 0, 0, 1], Sent(client));
    }

    [Fact]
    public void A_password_is_not_shown_to_a_proxy_that_does_not_ask()
    {
        var client = new Socks5Client(Secret, Socks5Command.Connect, new ProxyTarget("h.example", 1));
        Sent(client);
        client.Receive([5, 0]);
        Assert.Equal([5, 1, 0, 3, 9, .. "h.example"u8, 0, 1], Sent(client));
    }

    [Theory]
    [InlineData(new byte[] { 4, 0 }, true)]
    [InlineData(new byte[] { 5, 255 }, true)]
    [InlineData(new byte[] { 5, 2 }, true)]
    [InlineData(new byte[] { 5, 1 }, true)]
    [InlineData(new byte[] { 5, 0, 4, 0, 0, 1, 0 }, true)]
    [InlineData(new byte[] { 5, 0, 5, 1, 0, 1, 0 }, false)]
    [InlineData(new byte[] { 5, 0, 5, 5, 0, 1, 0 }, false)]
    [InlineData(new byte[] { 5, 0, 5, 2, 0, 1, 0 }, true)]
    [InlineData(new byte[] { 5, 0, 5, 0, 0, 9, 0 }, true)]
    public void Refusals_end_it_in_words(byte[] answer, bool proxyFault)
    {
        var client = new Socks5Client(Plain, Socks5Command.Connect, new ProxyTarget("h.example", 1));
        client.Receive(answer);
        Assert.NotNull(client.Failure);
        Assert.Equal(proxyFault, client.IsProxyFault);
        Assert.Equal(0, client.BytesNeeded);
        Assert.False(client.TryTransmit(new ArrayBufferWriter<byte>()));
    }

    [Fact]
    public void A_wrong_password_is_told()
    {
        var client = new Socks5Client(Secret, Socks5Command.Connect, new ProxyTarget("h.example", 1));
        client.Receive([5, 2, 1, 1]);
        Assert.Contains("password", client.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_is_the_same_cut_at_every_byte()
    {
        byte[] answer = [5, 0, 5, 0, 0, 3, 4, .. "name"u8, 0, 9];
        for (int cut = 0; cut <= answer.Length; cut++)
        {
            var client = new Socks5Client(Plain, Socks5Command.Connect, new ProxyTarget("h.example", 1));
            client.Receive(answer.AsSpan(0, cut));
            client.Receive(answer.AsSpan(cut));
            Assert.True(client.IsDone, $"cut at {cut}");
            Assert.Null(client.Bound);
        }
    }

    [Fact]
    public void Not_a_byte_behind_the_answer_is_asked_for()
    {
        var client = new Socks5Client(Plain, Socks5Command.Connect, new ProxyTarget("h.example", 1));
        int read = 0;
        byte[] stream = [.. Open, 1, 2, 3];
        while (client.BytesNeeded is > 0 and var needed)
        {
            client.Receive(stream.AsSpan(read, needed));
            read += needed;
        }
        Assert.Equal(Open.Length, read);
    }

    [Fact]
    public void Truncated_answers_fail_when_it_hangs_up()
    {
        for (int length = 0; length < Open.Length; length++)
        {
            var client = new Socks5Client(Plain, Socks5Command.Connect, new ProxyTarget("h.example", 1));
            client.Receive(Open.AsSpan(0, length));
            client.OnEnd();
            Assert.NotNull(client.Failure);
        }
    }

    [Fact]
    public void Random_answers_do_no_harm()
    {
        var random = new Random(7);
        byte[] noise = new byte[600];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(noise);
            if (i % 2 == 0)
                (noise[0], noise[1]) = (5, (byte)(i % 4));
            var client = new Socks5Client(Secret, Socks5Command.Connect, new ProxyTarget("h.example", 1));
            client.Receive(noise);
            client.OnEnd();
            Assert.True(client.IsDone || client.Failure is not null);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\r\nb")]
    [InlineData("ü.example")]
    public void Names_that_cannot_be_said_are_refused(string name)
    {
        Assert.NotNull(new Socks5Client(Plain, Socks5Command.Connect, new ProxyTarget(name, 80)).Failure);
        Assert.NotNull(new HttpConnect(Plain, new ProxyTarget(name, 80)).Failure);
        Assert.Equal(0, Socks5Datagram.WriteHeader(new byte[400], new ProxyTarget(name, 80)));
    }

    [Theory]
    [InlineData("10.1.2.3", 1)]
    [InlineData("2001:db8::7", 65535)]
    public void Datagrams_come_back_as_they_went(string address, int port)
    {
        byte[] datagram = new byte[400];
        var target = new IPEndPoint(IPAddress.Parse(address), port);
        int header = Socks5Datagram.WriteHeader(datagram, new ProxyTarget(target));
        "payload"u8.CopyTo(datagram.AsSpan(header));
        Assert.True(Socks5Datagram.TryRead(datagram.AsSpan(0, header + 7), out IPEndPoint? from, out ReadOnlySpan<byte> payload));
        Assert.Equal(target, from);
        Assert.Equal("payload"u8, payload);
        for (int length = 0; length < header; length++)
            Assert.False(Socks5Datagram.TryRead(datagram.AsSpan(0, length), out _, out _));
        datagram[2] = 1;
        Assert.False(Socks5Datagram.TryRead(datagram, out _, out _));
    }

    [Fact]
    public void A_datagram_for_a_name_carries_the_name()
    {
        byte[] header = new byte[Socks5Datagram.MaxHeaderBytes];
        int length = Socks5Datagram.WriteHeader(header, new ProxyTarget("t.example", 6969));
        Assert.Equal([0, 0, 0, 3, 9, .. "t.example"u8, 0x1b, 0x39], header[..length]);
    }

    private static byte[] Sent(Socks5Client client)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.True(client.TryTransmit(output));
        return output.WrittenSpan.ToArray();
    }
}
