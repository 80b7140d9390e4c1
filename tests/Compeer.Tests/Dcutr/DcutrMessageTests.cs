using Compeer.Formats.Multiformats;
using Compeer.Protocols.Dcutr;

namespace Compeer.Tests.Dcutr;

public sealed class DcutrMessageTests
{
    private static readonly DcutrMessage Full = new(DcutrMessageType.Connect, [Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001"), Multiaddr.Parse("/ip6/2001:db8::1/tcp/4001")]);

    [Fact]
    public void Messages_survive_a_round_trip()
    {
        Assert.True(DcutrMessage.TryDecode(Full.Encode(), out DcutrMessage? read));
        Assert.Equal((Full.Type, Full.Addresses.Count), (read.Type, read.Addresses.Count));
        Assert.Equal(Full.Addresses, read.Addresses);
        Assert.True(DcutrMessage.TryDecode([0x08, 0xAC, 0x02], out read));
        Assert.Equal((DcutrMessageType.Sync, 0), (read.Type, read.Addresses.Count));
    }

    [Fact]
    public void Addresses_beyond_the_limit_and_malformed_ones_are_left_out()
    {
        Multiaddr[] many = [.. Enumerable.Range(1, 40).Select(i => Multiaddr.Parse($"/ip4/192.0.2.1/tcp/{i}"))];
        Assert.True(DcutrMessage.TryDecode([.. new DcutrMessage(DcutrMessageType.Connect, []).Encode(), 0x12, 0x01, 0xFF, .. Addresses(many)], out DcutrMessage? read));
        Assert.Equal(many.Take(DcutrMessage.MaxAddresses), read.Addresses);
        Assert.True(DcutrMessage.TryDecode(new DcutrMessage(DcutrMessageType.Connect, many).Encode(), out read));
        Assert.Equal(DcutrMessage.MaxAddresses, read.Addresses.Count);
    }

    [Fact]
    public void What_is_cut_too_long_or_of_no_type_is_refused_or_reads_as_less()
    {
        byte[] bytes = Full.Encode();
        for (int length = 0; length < bytes.Length; length++)
        {
            if (DcutrMessage.TryDecode(bytes.AsSpan(0, length), out DcutrMessage? read))
                Assert.NotEqual(bytes, read.Encode());
        }
        Assert.False(DcutrMessage.TryDecode(new byte[DcutrMessage.MaxBytes + 1], out _));
        Assert.False(DcutrMessage.TryDecode([0x08, 0x64, 0x12], out _));
        Assert.False(DcutrMessage.TryDecode([0x08, 0x65], out _));
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] noise = new byte[random.Next(48)];
            random.NextBytes(noise);
            DcutrMessage.TryDecode(noise, out _);
        }
    }

    private static IEnumerable<byte> Addresses(Multiaddr[] addresses) => addresses.SelectMany(a => (byte[])[0x12, (byte)a.Bytes.Length, .. a.Bytes]);
}
