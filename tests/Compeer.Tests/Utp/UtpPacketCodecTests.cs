using Compeer.Protocols.Utp;

namespace Compeer.Tests.Utp;

public sealed class UtpPacketCodecTests
{
    private static readonly UtpHeader Header = new(UtpPacketType.State, 0x1234, 0x01020304, 0x05060708, 0x090A0B0C, 0xABCD, 0xFFFE);

    [Fact]
    public void Fields_stand_where_the_specification_has_them()
    {
        byte[] packet = new byte[64];
        int length = UtpPacketCodec.Write(packet, Header, [1, 2, 3, 4]);
        Assert.Equal("2101123401020304050607080" + "90A0B0CABCDFFFE" + "000401020304", Convert.ToHexString(packet, 0, length));
    }

    [Fact]
    public void What_is_written_is_read()
    {
        var random = new Random(1);
        byte[] packet = new byte[400];
        for (int i = 0; i < 1000; i++)
        {
            var header = new UtpHeader((UtpPacketType)random.Next(5), (ushort)random.Next(65536), (uint)random.NextInt64(1L << 32), (uint)random.NextInt64(1L << 32), (uint)random.NextInt64(1L << 32), (ushort)random.Next(65536), (ushort)random.Next(65536));
            byte[] ack = new byte[random.Next(64) * 4];
            random.NextBytes(ack);
            int length = UtpPacketCodec.Write(packet, header, ack);
            packet[length++] = 0x42;
            Assert.True(UtpPacketCodec.TryRead(packet.AsSpan(0, length), out UtpHeader read, out ReadOnlySpan<byte> readAck, out ReadOnlySpan<byte> payload));
            Assert.Equal(header, read);
            Assert.True(readAck.SequenceEqual(ack));
            Assert.Equal([0x42], payload.ToArray());
        }
    }

    [Fact]
    public void Every_cut_within_header_or_extensions_is_refused()
    {
        byte[] packet = new byte[64];
        int length = UtpPacketCodec.Write(packet, Header, [1, 2, 3, 4]);
        for (int cut = 0; cut < length; cut++)
            Assert.False(UtpPacketCodec.TryRead(packet.AsSpan(0, cut), out _, out _, out _), $"{cut}");
        Assert.True(UtpPacketCodec.TryRead(packet.AsSpan(0, length), out _, out _, out _));
    }

    [Fact]
    public void Unknown_extensions_are_passed_over()
    {
        byte[] packet = new byte[64];
        UtpPacketCodec.Write(packet, Header);
        packet[1] = 2;
        byte[] rest = [1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0xFF, 0, 0, 0x80, 7, 7];
        rest.CopyTo(packet, 20);
        Assert.True(UtpPacketCodec.TryRead(packet.AsSpan(0, 20 + rest.Length), out _, out ReadOnlySpan<byte> ack, out ReadOnlySpan<byte> payload));
        Assert.Equal("FF000080", Convert.ToHexString(ack));
        Assert.Equal([7, 7], payload.ToArray());
    }

    [Fact]
    public void Selective_acks_of_any_length_are_read_as_libtorrent_sends_them()
    {
        byte[] packet = new byte[64];
        UtpPacketCodec.Write(packet, Header);
        packet[1] = 1;
        byte[] rest = [0, 5, 1, 2, 3, 4, 5];
        rest.CopyTo(packet, 20);
        Assert.True(UtpPacketCodec.TryRead(packet.AsSpan(0, 27), out _, out ReadOnlySpan<byte> ack, out ReadOnlySpan<byte> payload));
        Assert.Equal("0102030405", Convert.ToHexString(ack));
        Assert.True(payload.IsEmpty);
    }

    [Theory]
    [InlineData(0x20)]
    [InlineData(0x22)]
    [InlineData(0x51)]
    [InlineData(0xF1)]
    [InlineData('d')]
    public void Other_versions_types_and_protocols_are_not_ours(int first)
    {
        byte[] packet = new byte[32];
        packet[0] = (byte)first;
        Assert.False(UtpPacketCodec.TryRead(packet, out _, out _, out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(7);
        for (int i = 0; i < 200_000; i++)
        {
            byte[] packet = new byte[random.Next(80)];
            random.NextBytes(packet);
            if (packet.Length > 1)
                packet[0] = (byte)((random.Next(5) << 4) | 1);
            UtpPacketCodec.TryRead(packet, out _, out _, out _);
        }
    }
}
