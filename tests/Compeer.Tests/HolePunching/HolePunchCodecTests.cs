using System.Net;
using Compeer.Protocols.HolePunching;

namespace Compeer.Tests.HolePunching;

public sealed class HolePunchCodecTests
{
    public static TheoryData<string, HolePunchMessageType, string, HolePunchError> Messages => new()
    {
        { "0000" + "0a010203" + "1b59" + "00000000", HolePunchMessageType.Rendezvous, "10.1.2.3:7001", HolePunchError.None },
        { "0100" + "ffffffff" + "ffff" + "00000000", HolePunchMessageType.Connect, "255.255.255.255:65535", HolePunchError.None },
        { "0200" + "0a010203" + "1b59" + "00000002", HolePunchMessageType.Error, "10.1.2.3:7001", HolePunchError.NotConnected },
        { "0001" + "20010db8000000000000000000000001" + "1b59" + "00000000", HolePunchMessageType.Rendezvous, "[2001:db8::1]:7001", HolePunchError.None },
        { "0201" + "20010db8000000000000000000000001" + "1b59" + "00000004", HolePunchMessageType.Error, "[2001:db8::1]:7001", HolePunchError.NoSelf },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Messages_are_the_bytes_of_BEP_55(string hex, HolePunchMessageType type, string endpoint, HolePunchError error)
    {
        var message = new HolePunchMessage(type, IPEndPoint.Parse(endpoint), error);
        byte[] target = new byte[HolePunchCodec.MaxLengthBytes];
        Assert.Equal(hex, Convert.ToHexStringLower(target.AsSpan(0, HolePunchCodec.Write(message, target))));
        Assert.True(HolePunchCodec.TryRead(Convert.FromHexString(hex), out HolePunchMessage read));
        Assert.Equal(message, read);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Cut_and_lengthened_messages_are_refused(string hex, HolePunchMessageType type, string endpoint, HolePunchError error)
    {
        byte[] whole = Convert.FromHexString(hex);
        for (int length = 0; length < whole.Length; length++)
        {
            // libtorrent leaves out the error code where there is no error.
            bool readable = error == HolePunchError.None && length == whole.Length - 4;
            Assert.Equal(readable, HolePunchCodec.TryRead(whole.AsSpan(0, length), out HolePunchMessage read));
            if (readable)
                Assert.Equal(new HolePunchMessage(type, IPEndPoint.Parse(endpoint)), read);
        }
        Assert.False(HolePunchCodec.TryRead([.. whole, 0], out _));
        Assert.False(HolePunchCodec.TryRead([.. whole, .. new byte[100_000]], out _));
    }

    [Theory]
    [InlineData("03000a0102031b5900000000")]
    [InlineData("ff000a0102031b5900000000")]
    [InlineData("00020a0102031b5900000000")]
    [InlineData("00ff0a0102031b5900000000")]
    public void Unknown_types_are_refused(string hex) => Assert.False(HolePunchCodec.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void Mapped_addresses_are_IPv4_inside_and_on_the_wire()
    {
        byte[] target = new byte[HolePunchCodec.MaxLengthBytes];
        int length = HolePunchCodec.Write(new HolePunchMessage(HolePunchMessageType.Connect, IPEndPoint.Parse("[::ffff:10.1.2.3]:7001")), target);
        Assert.Equal("01000a0102031b5900000000", Convert.ToHexStringLower(target.AsSpan(0, length)));
        Assert.True(HolePunchCodec.TryRead(Convert.FromHexString("0101" + "00000000000000000000ffff0a010203" + "1b59"), out HolePunchMessage read));
        Assert.Equal(IPEndPoint.Parse("10.1.2.3:7001"), read.EndPoint);
    }

    [Fact]
    public void An_error_code_outside_of_errors_says_nothing()
    {
        Assert.True(HolePunchCodec.TryRead(Convert.FromHexString("01000a0102031b5900000003"), out HolePunchMessage read));
        Assert.Equal(HolePunchError.None, read.Error);
    }

    [Fact]
    public void Random_bytes_never_throw_and_what_is_read_is_written_alike()
    {
        var random = new Random(55);
        byte[] again = new byte[HolePunchCodec.MaxLengthBytes];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(30)];
            random.NextBytes(bytes);
            for (int head = 0; head < Math.Min(2, bytes.Length); head++)
                bytes[head] %= 4;
            if (!HolePunchCodec.TryRead(bytes, out HolePunchMessage message))
                continue;
            Assert.True(HolePunchCodec.TryRead(again.AsSpan(0, HolePunchCodec.Write(message, again)), out HolePunchMessage read));
            Assert.Equal(message, read);
        }
    }
}
