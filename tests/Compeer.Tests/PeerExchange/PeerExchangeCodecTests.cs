using System.Buffers;
using System.Net;
using System.Text;
using Compeer.Protocols.PeerExchange;

namespace Compeer.Tests.PeerExchange;

public sealed class PeerExchangeCodecTests
{
    private static readonly IPEndPoint V4 = IPEndPoint.Parse("1.2.3.4:6881");
    private static readonly IPEndPoint V6 = IPEndPoint.Parse("[2001:db8::1]:258");

    [Fact]
    public void A_message_is_the_bytes_that_the_BEP_says()
    {
        byte[] bytes = Write([new ExchangedPeer(V4, PeerExchangeFlags.Seed | PeerExchangeFlags.Reachable)], [IPEndPoint.Parse("5.6.7.8:80")]);
        Assert.Equal("d5:added6:\u0001\u0002\u0003\u0004\u001a\u00e17:added.f1:\u00127:dropped6:\u0005\u0006\u0007\b\0Pe", Encoding.Latin1.GetString(bytes));
    }

    [Fact]
    public void What_is_written_is_read()
    {
        ExchangedPeer[] added = [new(V4, PeerExchangeFlags.None), new(V6, PeerExchangeFlags.SupportsUtp | PeerExchangeFlags.SupportsHolePunch), new(IPEndPoint.Parse("9.9.9.9:9"), PeerExchangeFlags.PrefersEncryption)];
        IPEndPoint[] dropped = [IPEndPoint.Parse("[2001:db8::2]:1"), IPEndPoint.Parse("8.8.8.8:53")];
        Assert.True(PeerExchangeCodec.TryRead(Write(added, dropped), out PeerExchangeMessage? message, out int named));
        Assert.Equal(added.OrderBy(p => p.EndPoint.ToString()), message.Added.OrderBy(p => p.EndPoint.ToString()));
        Assert.Equal(dropped.OrderBy(p => p.ToString()), message.Dropped.OrderBy(p => p.ToString()));
        Assert.Equal(5, named);
    }

    [Theory]
    [InlineData("de", 0)]
    [InlineData("d5:added6:\u0001\u0002\u0003\u0004\u001a\u00e1e", 1)]
    [InlineData("d5:added6:\u0001\u0002\u0003\u0004\u001a\u00e17:added.f0:e", 1)]
    [InlineData("d5:added0:7:added.f0:7:dropped0:5:otheri1ee", 0)]
    [InlineData("d5:added12:\u0001\u0002\u0003\u0004\0\0\u00e0\0\0\u0001\u0001\u0001e", 0)]
    [InlineData("d6:added618:\0\0\0\0\0\0\0\0\0\0\u00ff\u00ff\u0001\u0002\u0003\u0004\0\u0001e", 1)]
    public void Other_forms_that_are_met_are_read(string text, int peers)
    {
        Assert.True(PeerExchangeCodec.TryRead(Encoding.Latin1.GetBytes(text), out PeerExchangeMessage? message, out _));
        Assert.Equal(peers, message.Added.Length);
        Assert.All(message.Added, p => Assert.False(p.EndPoint.Address.IsIPv4MappedToIPv6));
    }

    [Theory]
    [InlineData("")]
    [InlineData("le")]
    [InlineData("i1e")]
    [InlineData("d5:added5:\u0001\u0002\u0003\u0004\u001ae")]
    [InlineData("d5:addedi1ee")]
    [InlineData("d6:added66:\u0001\u0002\u0003\u0004\u001a\u00e1e")]
    [InlineData("d7:dropped7:\u0001\u0002\u0003\u0004\u001a\u00e1\u0001e")]
    [InlineData("d5:added6:\u0001\u0002\u0003\u0004\u001a\u00e17:added.f2:\u0001\u0001e")]
    [InlineData("d5:added6:\u0001\u0002\u0003\u0004\u001a\u00e17:added.fi1ee")]
    [InlineData("d5:added0:eX")]
    public void Wrong_lengths_and_kinds_are_refused(string text) =>
        Assert.False(PeerExchangeCodec.TryRead(Encoding.Latin1.GetBytes(text), out _, out _));

    [Fact]
    public void Cut_anywhere_it_is_refused()
    {
        byte[] bytes = Write([new ExchangedPeer(V4, PeerExchangeFlags.Seed), new ExchangedPeer(V6, PeerExchangeFlags.Seed)], [V4]);
        for (int length = 0; length < bytes.Length; length++)
            Assert.False(PeerExchangeCodec.TryRead(bytes.AsMemory(0, length), out _, out _));
    }

    [Fact]
    public void An_oversized_message_is_refused_unread() =>
        Assert.False(PeerExchangeCodec.TryRead(new byte[PeerExchangeCodec.MaxLengthBytes + 1], out _, out _));

    [Fact]
    public void Random_and_damaged_bytes_do_no_harm()
    {
        var random = new Random(11);
        byte[] good = Write([.. Enumerable.Range(1, 40).Select(i => new ExchangedPeer(new IPEndPoint(0x01010101L * i, i), PeerExchangeFlags.Seed))], []);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = (byte[])good.Clone();
            for (int n = random.Next(1, 8); n > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            _ = PeerExchangeCodec.TryRead(bytes, out _, out _);
            random.NextBytes(bytes);
            _ = PeerExchangeCodec.TryRead(bytes, out _, out _);
        }
    }

    internal static byte[] Write(ExchangedPeer[] added, IPEndPoint[] dropped)
    {
        var output = new ArrayBufferWriter<byte>();
        PeerExchangeCodec.Write(output, new PeerExchangeMessage([.. added], [.. dropped]));
        return output.WrittenSpan.ToArray();
    }
}
