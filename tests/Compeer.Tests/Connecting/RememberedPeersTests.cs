using System.Net;
using Compeer.Protocols.Connecting;

namespace Compeer.Tests.Connecting;

public sealed class RememberedPeersTests
{
    [Fact]
    public void What_is_kept_comes_back()
    {
        RememberedPeer[] peers =
        [
            new(IPEndPoint.Parse("1.2.3.4:5"), PeerSource.Tracker | PeerSource.Rendezvous), new(IPEndPoint.Parse("5.6.7.8:65535"), PeerSource.PeerExchange),
            new(IPEndPoint.Parse("[2001:db8::1]:80"), PeerSource.None),
        ];
        Assert.Equal(peers, RememberedPeers.Decode(RememberedPeers.Encode(peers)));
        Assert.Empty(RememberedPeers.Decode(RememberedPeers.Encode([])));
    }

    [Fact]
    public void Two_hundred_are_kept()
    {
        RememberedPeer[] peers = [.. Enumerable.Range(1, 300).Select(i => new RememberedPeer(new IPEndPoint(new IPAddress([1, (byte)(i >> 8), (byte)i, 1]), 1), PeerSource.Dht))];
        Assert.Equal(200, RememberedPeers.Decode(RememberedPeers.Encode(peers)).Count);
    }

    [Fact]
    public void Damaged_bytes_give_no_peers_or_fewer_and_never_an_error()
    {
        byte[] good = RememberedPeers.Encode([.. Enumerable.Range(1, 50).Select(i => new RememberedPeer(new IPEndPoint(0x01010100L + i, i), PeerSource.Tracker))]);
        for (int length = 0; length < good.Length; length++)
            Assert.Empty(RememberedPeers.Decode(good.AsMemory(0, length)));
        var random = new Random(4);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = (byte[])good.Clone();
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.True(RememberedPeers.Decode(bytes).Count <= 50);
            random.NextBytes(bytes);
            Assert.Empty(RememberedPeers.Decode(bytes));
        }
    }
}
