using System.Net;
using Compeer.Formats.Multiformats;

namespace Compeer.Tests.Multiformats;

public sealed class MultiaddrTests
{
    private const string Peer = "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV";

    [Fact]
    public void Published_addresses_are_read_and_written()
    {
        foreach (string[] line in VectorLines.Read("multiformats", "multiaddr-good.txt"))
        {
            Assert.True(Multiaddr.TryParse(line[0], out Multiaddr? address, out string? error), error);
            Assert.True(Multiaddr.TryDecode(address.Bytes, out Multiaddr? decoded));
            Assert.Equal(address, decoded);
            Assert.Equal(address, Multiaddr.Parse(decoded.ToString()));
            if (!line[0].Contains("/ipfs", StringComparison.Ordinal) && !line[0].Contains("/p2p/", StringComparison.Ordinal)
                && !line[0].Contains("certhash", StringComparison.Ordinal))
                Assert.Equal(line[0].TrimEnd('/'), decoded.ToString());
        }
    }

    [Fact]
    public void Published_bytes_are_read_and_written()
    {
        foreach (string[] line in VectorLines.Read("multiformats", "multiaddr-bytes.txt"))
        {
            Assert.Equal(line[1], Convert.ToHexStringLower(Multiaddr.Parse(line[0]).Bytes));
            Assert.True(Multiaddr.TryDecode(Convert.FromHexString(line[1]), out Multiaddr? address));
            Assert.Equal(line[0], address.ToString());
        }
    }

    [Fact]
    public void Published_errors_are_refused_with_a_reason()
    {
        foreach (string[] line in VectorLines.Read("multiformats", "multiaddr-bad.txt"))
        {
            Assert.False(Multiaddr.TryParse(line[0], out _, out string? error), line[0]);
            Assert.True(error.Contains("no ", StringComparison.Ordinal) && error.Length < 200, error);
        }
        Assert.Throws<FormatException>(() => Multiaddr.Parse(""));
        Assert.False(Multiaddr.TryDecode([], out _));
        Assert.False(Multiaddr.TryDecode(Convert.FromHexString("a503221221c05877cbae039d70a5e600ea02c6f9f2942439285c9e344e26f8d280c850fad6"), out _));
    }

    [Fact]
    public void What_is_cut_within_a_part_is_refused()
    {
        Multiaddr address = Multiaddr.Parse("/dns4/example.org/tcp/443/tls/sni/example.org/ws/p2p/" + Peer);
        int[] whole = [.. Enumerable.Range(0, address.Bytes.Length + 1).Where(n => Multiaddr.TryDecode(address.Bytes[..n], out _))];
        Assert.Equal(address.Components.Count, whole.Length);
    }

    [Fact]
    public void Protocols_of_the_future_survive()
    {
        byte[] bytes = [.. Multiaddr.Parse("/ip4/192.0.2.1/tcp/1").Bytes, 0x91, 0x4e, 3, 1, 2, 3, 0xb1, 0x03];
        Assert.True(Multiaddr.TryDecode(bytes, out Multiaddr? address));
        Assert.Equal("/ip4/192.0.2.1/tcp/1/unknown/914e03010203b103", address.ToString());
        Assert.Equal(bytes, address.ToBytes());
        Assert.Equal(bytes, Multiaddr.Parse(address.ToString()).ToBytes());
        Assert.True(address.TryGetTcp(out _));
    }

    [Fact]
    public void Endpoints_come_and_go()
    {
        var four = new IPEndPoint(IPAddress.Parse("192.0.2.7"), 4001);
        var six = new IPEndPoint(IPAddress.Parse("2001:db8::7"), 65535);
        Assert.Equal("/ip4/192.0.2.7/tcp/4001", Multiaddr.FromTcp(four).ToString());
        Assert.Equal("/ip6/2001:db8::7/udp/65535", Multiaddr.FromUdp(six).ToString());
        Assert.True(Multiaddr.FromTcp(four).With(MultiaddrProtocol.Ws).TryGetTcp(out IPEndPoint? read));
        Assert.Equal(four, read);
        Assert.True(Multiaddr.FromUdp(six).With(MultiaddrProtocol.QuicV1).TryGetUdp(out read));
        Assert.Equal(six, read);
        Assert.True(Multiaddr.Parse("/ip6zone/3/ip6/fe80::1/tcp/5").TryGetTcp(out read));
        Assert.Equal(3, read.Address.ScopeId);
        Assert.False(Multiaddr.Parse("/ip6zone/eth0/ip6/fe80::1/tcp/5").TryGetTcp(out _));
        Assert.False(Multiaddr.Parse("/dns4/example.org/tcp/5").TryGetTcp(out _));
        Assert.False(Multiaddr.Parse("/ip4/1.2.3.4/udp/5").TryGetTcp(out _));
        Assert.False(Multiaddr.Parse("/ip4/1.2.3.4").TryGetTcp(out _));
    }

    [Fact]
    public void The_peer_is_the_last_one_and_never_the_relay()
    {
        PeerId peer = PeerId.Parse(Peer);
        PeerId relay = PeerId.Parse("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
        Multiaddr direct = Multiaddr.Parse("/ip4/192.0.2.1/tcp/1");
        Assert.Null(direct.PeerId);
        Assert.Equal(peer, direct.With(peer).PeerId);
        Assert.Equal(direct.With(peer), direct.With(peer).With(peer));
        Assert.Equal(direct, direct.With(peer).WithoutPeer());
        Assert.Same(direct, direct.WithoutPeer());
        Multiaddr relayed = direct.With(relay).With(MultiaddrProtocol.Circuit);
        Assert.Null(relayed.PeerId);
        Assert.Equal(peer, relayed.With(peer).PeerId);
        Assert.True(relayed.Contains(MultiaddrProtocol.Circuit));
        Assert.Null(Multiaddr.Parse("/p2p/" + Peer).WithoutPeer());
    }

    [Theory]
    [InlineData("/ip4/0177.0.0.1")]
    [InlineData("/ip4/1.2.3")]
    [InlineData("/ip6/fe80::1%eth0")]
    [InlineData("/dns/a\0b")]
    [InlineData("/nonsense")]
    [InlineData("ip4/1.2.3.4")]
    public void Doubtful_text_is_refused(string text) => Assert.False(Multiaddr.TryParse(text, out _));

    [Fact]
    public void Sizes_are_bounded()
    {
        Assert.False(Multiaddr.TryParse("/dns/" + new string('a', 5000), out _));
        Assert.False(Multiaddr.TryParse("/dns/" + new string('a', 1025), out _));
        Assert.True(Multiaddr.TryParse("/dns/" + new string('a', 1024), out _));
        Assert.False(Multiaddr.TryParse(string.Concat(Enumerable.Repeat("/ws", 33)), out _));
        Assert.False(Multiaddr.TryDecode(new byte[Multiaddr.MaxBytes + 1], out _));
        Assert.False(Multiaddr.TryDecode([0x35, 0x81, 0x08, .. new byte[1025]], out _));
    }

    [Fact]
    public void Random_bytes_are_refused_or_come_back()
    {
        var random = new Random(1);
        byte[] codes = [4, 6, 41, 42, 53, 0xbc, 3, 0xa5, 1, 0x91, 2, 0];
        int read = 0;
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = new byte[random.Next(1, 40)];
            random.NextBytes(bytes);
            bytes[0] = codes[random.Next(codes.Length)];
            if (!Multiaddr.TryDecode(bytes, out Multiaddr? address))
                continue;
            Assert.Equal(bytes, address.ToBytes());
            Assert.Equal(address, Multiaddr.Parse(address.ToString()));
            read++;
        }
        Assert.True(read > 1000);
    }
}
