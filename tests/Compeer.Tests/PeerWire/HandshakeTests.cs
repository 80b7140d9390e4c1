using System.Text;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

public class HandshakeTests
{
    private static byte[] Written(Handshake handshake)
    {
        byte[] bytes = new byte[Handshake.LengthBytes];
        handshake.Write(bytes);
        return bytes;
    }

    [Fact]
    public void It_is_laid_out_as_the_specification_says()
    {
        Handshake handshake = WireSession.Handshake(WireSession.All | ReservedBits.Dht);
        byte[] bytes = Written(handshake);
        Assert.Equal(19, bytes[0]);
        Assert.Equal("BitTorrent protocol", Encoding.ASCII.GetString(bytes, 1, 19));
        Assert.Equal("0000000000100015", Convert.ToHexString(bytes, 20, 8));
        Assert.Equal(handshake.InfoHash.ToArray(), bytes[28..48]);
        Assert.Equal("-CP0100-", Encoding.ASCII.GetString(bytes, 48, 8));
    }

    [Fact]
    public void It_survives_the_wire_with_bits_nobody_knows()
    {
        Handshake handshake = WireSession.Handshake((ReservedBits)ulong.MaxValue);
        Assert.True(Handshake.TryRead(Written(handshake), out Handshake read));
        Assert.Equal((ReservedBits)ulong.MaxValue, read.Reserved);
        Assert.Equal(handshake.InfoHash, read.InfoHash);
        Assert.Equal(handshake.PeerId, read.PeerId);
    }

    [Fact]
    public void A_part_of_it_is_not_a_handshake()
    {
        byte[] bytes = Written(WireSession.Handshake(WireSession.All));
        for (int length = 0; length < bytes.Length; length++)
            Assert.False(Handshake.TryRead(bytes.AsSpan(0, length), out _));
    }

    [Theory]
    [InlineData("a length of 0", 0, 0)]
    [InlineData("a length of 255", 0, 255)]
    [InlineData("another name", 1, (byte)'b')]
    [InlineData("another last letter", 19, (byte)'L')]
    [InlineData("HTTP", 0, (byte)'G')]
    public void Another_protocol_is_refused(string name, int at, byte value)
    {
        byte[] bytes = Written(WireSession.Handshake(WireSession.All));
        bytes[at] = value;
        Assert.False(Handshake.TryRead(bytes, out _), name);
    }
}
