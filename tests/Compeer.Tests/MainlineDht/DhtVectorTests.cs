using System.Net;
using System.Text;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Tests.MainlineDht;

public sealed class DhtVectorTests
{
    private const string PublicKey = "77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548";

    /// <summary>BEP 42, "test vectors".</summary>
    [Theory]
    [InlineData("124.31.75.21", 1, "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401")]
    [InlineData("21.75.31.124", 86, "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256")]
    [InlineData("65.23.51.170", 22, "a5d43220bc8f112a3d426c84764f8c2a1150e616")]
    [InlineData("84.124.73.14", 65, "1b0321dd1bb1fe518101ceef99462b947a01ff41")]
    [InlineData("43.213.53.83", 90, "e56f6cbf5b7c4be0237986d5243b87aa6d51305a")]
    public void Node_ids_follow_from_addresses(string address, byte random, string id)
    {
        var endpoint = NodeEndPoint.From(new IPEndPoint(IPAddress.Parse(address), 6881));
        Assert.Equal(Convert.ToUInt32(id[..6], 16) & 0xfffff8, DhtNodeId.Prefix(endpoint, random) >> 8 & 0xfffff8);
        Assert.True(DhtNodeId.IsValidFor(Key160.Read(Convert.FromHexString(id)), endpoint));
        Assert.False(DhtNodeId.IsValidFor(Key160.Read(Convert.FromHexString("ff" + id[2..])), endpoint));
        Assert.True(DhtNodeId.IsValidFor(DhtNodeId.Create(endpoint, new Random(1)), endpoint));
    }

    /// <summary>BEP 33, "test vectors".</summary>
    [Fact]
    public void The_scrape_filter_and_its_estimate_are_those_of_the_specification()
    {
        var filter = new ScrapeFilter();
        for (int i = 0; i < 256; i++)
            filter.Add(NodeEndPoint.From(new IPEndPoint(new IPAddress([192, 0, 2, (byte)i]), 1)));
        for (int i = 0; i <= 0x3E7; i++)
        {
            byte[] address = IPAddress.Parse("2001:db8::").GetAddressBytes();
            (address[14], address[15]) = ((byte)(i >> 8), (byte)i);
            filter.Add(NodeEndPoint.From(new IPEndPoint(new IPAddress(address), 1)));
        }
        string hex = Convert.ToHexString(filter.Span);
        Assert.StartsWith("F6C3F5EAA07FFD91BDE89F777F26FB2BFF37BDB8FB2BBAA2FD3DDDE7BACFFF75", hex, StringComparison.Ordinal);
        Assert.EndsWith("FEEE76B6FD8F72EF", hex, StringComparison.Ordinal);
        Assert.Equal(1224.9308, filter.Estimate, 3);
    }

    /// <summary>BEP 44, "test vectors".</summary>
    [Theory]
    [InlineData("", "4a533d47ec9c7d95b1ad75f576cffc641853b750", "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01")]
    [InlineData("foobar", "411eba73b6f087ca51a3795d9c8c938d365e32c1", "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08")]
    public void Mutable_items_verify(string salt, string target, string signature)
    {
        byte[] key = Convert.FromHexString(PublicKey);
        byte[] saltBytes = Encoding.ASCII.GetBytes(salt);
        Assert.Equal(target, DhtItem.TargetOf(key, saltBytes).ToString());
        Assert.NotNull(DhtItem.Verified("12:Hello World!"u8, saltBytes, 1, key, Convert.FromHexString(signature), OpenSslEd25519.Instance));
        Assert.Null(DhtItem.Verified("12:Hello World!"u8, saltBytes, 2, key, Convert.FromHexString(signature), OpenSslEd25519.Instance));
    }

    [Fact]
    public void An_immutable_item_lies_under_its_hash() =>
        Assert.Equal("e5f96f6f38320f0f33959cb4d3d656452117aadb", DhtItem.Immutable("12:Hello World!"u8).Target.ToString());

    /// <summary>BEP 46, "test vectors".</summary>
    [Theory]
    [InlineData("", "cc3f9d90b572172053626f9980ce261a850d050b")]
    [InlineData("6e", "59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f")]
    public void Mutable_torrents_lie_under_key_and_salt(string salt, string target) => Assert.Equal(
        target,
        DhtItem.TargetOf(Convert.FromHexString("8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e"), Convert.FromHexString(salt)).ToString());
}
