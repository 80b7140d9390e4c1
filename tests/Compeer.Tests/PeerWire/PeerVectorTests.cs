using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

/// <summary>The examples of BEP 6 and BEP 40.</summary>
public class PeerVectorTests
{
    private static readonly Sha1Hash Aa = new(Enumerable.Repeat((byte)0xAA, 20).ToArray());

    [Fact]
    public void Bep_6_allowed_fast_set_of_seven() =>
        Assert.Equal([1059, 431, 808, 1217, 287, 376, 1188], AllowedFastSet.Generate(IPAddress.Parse("80.4.4.200"), Aa, 1313, 7));

    [Fact]
    public void Bep_6_allowed_fast_set_of_nine() =>
        Assert.Equal([1059, 431, 808, 1217, 287, 376, 1188, 353, 508], AllowedFastSet.Generate(IPAddress.Parse("80.4.4.200"), Aa, 1313, 9));

    [Fact]
    public void Neighbours_in_a_network_and_mapped_addresses_get_the_same_set() =>
        Assert.Equal(
            AllowedFastSet.Generate(IPAddress.Parse("80.4.4.200"), Aa, 1313, 9), AllowedFastSet.Generate(IPAddress.Parse("::ffff:80.4.4.1"), Aa, 1313, 9));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(100, 10)]
    public void A_small_torrent_gives_no_more_pieces_than_it_has(int pieceCount, int expected)
    {
        List<int> set = AllowedFastSet.Generate(IPAddress.Parse("10.0.0.1"), Aa, pieceCount, 10);
        Assert.Equal(expected, set.Distinct().Count());
        Assert.All(set, piece => Assert.InRange(piece, 0, pieceCount - 1));
    }

    [Fact]
    public void Ipv6_has_no_allowed_fast_set() => Assert.Empty(AllowedFastSet.Generate(IPAddress.Parse("2001:db8::1"), Aa, 100, 10));

    [Theory]
    [InlineData("123.213.32.10", "98.76.54.32", 0xec2d7224)]
    [InlineData("98.76.54.32", "123.213.32.10", 0xec2d7224)]
    [InlineData("123.213.32.10", "123.213.32.234", 0x99568189)]
    [InlineData("::ffff:123.213.32.10", "123.213.32.234", 0x99568189)]
    public void Bep_40_priorities(string a, string b, uint priority) => Assert.Equal(priority, Priority(a, b));

    [Theory]
    [InlineData("the same /16 counts the third byte", "10.1.2.3", "10.1.4.7", "10.1.5.7", true)]
    [InlineData("the same /16 masks the fourth byte", "10.1.2.3", "10.1.4.85", "10.1.4.255", false)]
    [InlineData("another /16 masks the third byte", "10.1.2.3", "10.9.85.3", "10.9.255.3", false)]
    [InlineData("IPv6 masks beyond /48", "2001:db8:1::1", "2001:db9:2:5555::", "2001:db9:2:ffff::", false)]
    [InlineData("IPv6 in one /48 counts the next byte", "2001:db8:1:100::", "2001:db8:1:5500::", "2001:db8:1:ff00::", true)]
    [InlineData("IPv6 in one /48 masks beyond /56", "2001:db8:1:100::", "2001:db8:1:5555::", "2001:db8:1:55ff::", false)]
    [InlineData("IPv6 in one /56 counts the next byte", "2001:db8:1:100::", "2001:db8:1:155::", "2001:db8:1:1ff::", true)]
    public void Nearness_decides_which_bits_count(string name, string here, string one, string other, bool differs) =>
        Assert.True(Priority(here, one) != Priority(here, other) == differs, name);

    [Fact]
    public void One_address_is_ranked_by_ports_in_either_order()
    {
        var a = new IPEndPoint(IPAddress.Loopback, 6881);
        var b = new IPEndPoint(IPAddress.Loopback, 51413);
        var c = new IPEndPoint(IPAddress.Loopback, 51414);
        Assert.Equal(PeerPriority.Compute(a, b), PeerPriority.Compute(b, a));
        Assert.NotEqual(PeerPriority.Compute(a, b), PeerPriority.Compute(a, c));
    }

    private static uint Priority(string a, string b) =>
        PeerPriority.Compute(new IPEndPoint(IPAddress.Parse(a), 6881), new IPEndPoint(IPAddress.Parse(b), 6882));
}
