using Compeer.Formats.Multiformats;
using Compeer.Protocols;
using Compeer.Protocols.Dialling;

namespace Compeer.Tests.Dialling;

public sealed class DiallingTests
{
    private static readonly PeerId Peer = PeerId.FromPublicKey(new PublicKey(KeyType.Ed25519, new byte[32]));
    private static readonly PeerId Other = PeerId.FromPublicKey(new PublicKey(KeyType.Ed25519, [.. Enumerable.Repeat((byte)1, 32)]));
    private static readonly Instant Now = Instant.Zero + TimeSpan.FromHours(1);

    [Fact]
    public void Near_addresses_come_first_then_IPv6_and_relays_last_each_a_little_later()
    {
        string relay = $"/ip4/8.8.8.8/tcp/1/p2p/{Other}/p2p-circuit";
        IReadOnlyList<RankedAddress> ranked = AddressRanking.Rank(
            new[] { relay, "/ip4/8.8.4.4/tcp/1", "/ip6/2600::1/tcp/1", "/ip4/192.168.1.2/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/8.8.4.4/tcp/1" }.Select(Multiaddr.Parse));

        Assert.Equal(["/ip4/192.168.1.2/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip6/2600::1/tcp/1", "/ip4/8.8.4.4/tcp/1", relay], ranked.Select(r => r.Address.ToString()));
        Assert.Equal([0, 30, 280, 530, 1030], ranked.Select(r => r.Delay.TotalMilliseconds));
    }

    [Fact]
    public void An_address_that_fails_rests_twice_as_long_each_time_and_a_success_clears_it()
    {
        var book = new AddressBook();
        var address = Multiaddr.Parse("/ip4/192.0.2.1/tcp/1");
        book.Add(Peer, [address.With(Peer), address], Now);
        Assert.Equal([address], book.AddressesOf(Peer, Now));

        book.Note(Peer, address, succeeded: false, Now);
        Assert.Empty(book.AddressesOf(Peer, Now + TimeSpan.FromSeconds(4.9)));
        Assert.NotEmpty(book.AddressesOf(Peer, Now + TimeSpan.FromSeconds(5)));
        book.Note(Peer, address, succeeded: false, Now);
        Assert.Empty(book.AddressesOf(Peer, Now + TimeSpan.FromSeconds(9.9)));
        for (int i = 0; i < 100; i++)
            book.Note(Peer, address, succeeded: false, Now);
        Assert.NotEmpty(book.AddressesOf(Peer, Now + TimeSpan.FromMinutes(10)));
        book.Note(Peer, address, succeeded: true, Now);
        Assert.NotEmpty(book.AddressesOf(Peer, Now));
    }

    [Fact]
    public void An_address_of_another_peer_is_not_taken()
    {
        var book = new AddressBook();
        book.Add(Peer, [Multiaddr.Parse("/ip4/192.0.2.1/tcp/1").With(Other)], Now);
        Assert.Empty(book.AddressesOf(Peer, Now));
    }

    [Fact]
    public void The_book_is_bounded_in_peers_and_addresses()
    {
        var book = new AddressBook();
        var random = new Random(1);
        byte[] key = new byte[32];
        book.Add(Peer, Enumerable.Range(1, 100).Select(p => Multiaddr.Parse($"/ip4/192.0.2.1/tcp/{p}")), Now);
        Assert.Equal(AddressBook.MaxAddresses, book.AddressesOf(Peer, Now).Count);
        for (int i = 0; i < AddressBook.MaxPeers; i++)
        {
            random.NextBytes(key);
            book.Add(PeerId.FromPublicKey(new PublicKey(KeyType.Ed25519, key)), [Multiaddr.Parse("/ip4/192.0.2.1/tcp/1")], Now + TimeSpan.FromSeconds(i + 1));
        }
        Assert.Empty(book.AddressesOf(Peer, Now));
    }
}
