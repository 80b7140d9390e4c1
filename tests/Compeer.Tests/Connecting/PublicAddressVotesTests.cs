using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;

namespace Compeer.Tests.Connecting;

/// <summary>Our public address by votes: what is believed, and what a liar or a crowd of liars can do.</summary>
public sealed class PublicAddressVotesTests
{
    private static readonly IPAddress Ours = IPAddress.Parse("80.1.2.3");
    private static readonly IPAddress Lie = IPAddress.Parse("66.6.6.6");

    private readonly PublicAddressVotes _votes = new(isV6: false);
    private Instant _now = Instant.Zero + TimeSpan.FromHours(10);

    [Fact]
    public void One_STUN_server_that_a_person_named_is_enough_and_one_stranger_is_not()
    {
        Vote("20.0.0.1", Ours, AddressWitness.Tracker);
        Assert.Null(_votes.Winner);
        Assert.True(Vote("20.0.1.1", Ours, AddressWitness.Peer));
        Assert.Equal(Ours, _votes.Winner!.Address);
        Assert.Equal("tracker+peer", _votes.Winner.Witnesses.Describe());

        var other = new PublicAddressVotes(isV6: false);
        Assert.True(other.Take(IPAddress.Parse("20.0.0.1"), Ours, 7001, AddressWitness.Stun, _now));
        Assert.Equal((Ours, 7001), (other.Winner!.Address, other.Winner.UdpPort));
    }

    [Fact]
    public void A_crowd_in_one_network_has_one_vote()
    {
        for (int host = 0; host < 256; host++)
            Vote($"20.0.0.{host}", Lie, AddressWitness.Dht);
        Assert.Null(_votes.Winner);
        Believe();
        for (int host = 0; host < 256; host++)
            Vote($"20.0.0.{host}", Lie, AddressWitness.Peer);
        Assert.Equal(Ours, _votes.Winner!.Address);
    }

    [Fact]
    public void A_crowd_in_one_network_of_IPv6_has_one_vote()
    {
        var votes = new PublicAddressVotes(isV6: true);
        for (int host = 1; host < 1000; host++)
            votes.Take(IPAddress.Parse($"2a00:1:2:3::{host:x}"), IPAddress.Parse("2a00:6:6:6::6"), null, AddressWitness.Dht, _now);
        Assert.Null(votes.Winner);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Liars_that_weigh_less_than_half_never_turn_it_in_whatever_order_they_speak(int seed)
    {
        var random = new Random(seed);
        Believe();
        var voters = new List<(string Address, bool Lies, AddressWitness Witness)>();
        for (int i = 0; i < 12; i++)
            voters.Add(($"30.1.{i}.1", false, i % 2 == 0 ? AddressWitness.Dht : AddressWitness.Peer));
        for (int i = 0; i < 5; i++)
            voters.Add(($"40.1.{i}.1", true, i % 2 == 0 ? AddressWitness.Dht : AddressWitness.Peer));
        voters.Add(("40.2.0.1", true, AddressWitness.Tracker));
        for (int step = 0; step < 5000; step++)
        {
            (string address, bool lies, AddressWitness witness) = voters[random.Next(voters.Count)];
            Vote(address, lies ? Lie : Ours, witness);
            _now += TimeSpan.FromSeconds(random.Next(5));
            Assert.Equal(Ours, _votes.Winner!.Address);
        }
    }

    [Fact]
    public void Trackers_that_a_hostile_torrent_names_do_not_outweigh_the_DHT()
    {
        for (int i = 0; i < 16; i++)
            Vote($"30.0.{i}.1", Ours, AddressWitness.Dht);
        for (int i = 0; i < 100; i++)
            Vote($"40.0.{i}.1", Lie, AddressWitness.Tracker);
        Assert.Equal(Ours, _votes.Winner!.Address);
    }

    [Fact]
    public void Who_sits_beside_a_STUN_server_cannot_take_its_vote()
    {
        Vote("20.0.0.1", Ours, AddressWitness.Stun);
        Vote("20.0.0.66", Lie, AddressWitness.Peer);
        Assert.Equal((Ours, 1), (_votes.Winner!.Address, _votes.Winner.Votes));
    }

    [Theory]
    [InlineData("20.0.0.1", "192.168.1.5")]
    [InlineData("20.0.0.1", "0.0.0.0")]
    [InlineData("20.0.0.1", "127.0.0.1")]
    [InlineData("20.0.0.1", "239.1.2.3")]
    [InlineData("20.0.0.1", "2a00::1")]
    [InlineData("127.0.0.1", "80.1.2.3")]
    [InlineData("2a00::1", "80.1.2.3")]
    public void Claims_that_cannot_be_are_void(string voter, string claimed)
    {
        Vote(voter, IPAddress.Parse(claimed), AddressWitness.Stun);
        Assert.Null(_votes.Winner);
    }

    [Fact]
    public void The_local_network_counts_only_until_somebody_from_outside_speaks()
    {
        var inside = IPAddress.Parse("10.1.2.9");
        for (int host = 1; host < 100; host++)
            Vote($"10.1.2.{host}", inside, AddressWitness.Peer);
        Assert.Equal(inside, _votes.Winner!.Address);
        Vote("20.0.0.1", Ours, AddressWitness.Dht);
        Assert.Null(_votes.Winner);
        Believe();
        for (int host = 1; host < 100; host++)
            Vote($"10.1.2.{host}", Lie, AddressWitness.Peer);
        Assert.Equal(Ours, _votes.Winner!.Address);
    }

    [Fact]
    public void A_new_address_wins_when_most_have_seen_it_and_old_votes_end()
    {
        Believe();
        var next = IPAddress.Parse("80.9.9.9");
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(Ours, _votes.Winner!.Address);
            Vote($"30.0.{i}.1", next, AddressWitness.Dht);
        }
        Assert.Equal(next, _votes.Winner!.Address);
        Assert.True(_votes.Expire(_now + PublicAddressVotes.MaxAge));
        Assert.Null(_votes.Winner);
    }

    [Fact]
    public void Ports_tell_whether_everybody_sees_the_same()
    {
        for (int i = 0; i < 5; i++)
            _votes.Take(IPAddress.Parse($"30.0.{i}.1"), Ours, 7001, AddressWitness.Dht, _now);
        Assert.Equal((7001, 5), (_votes.Winner!.UdpPort, _votes.Winner.PortVotes));
        for (int i = 0; i < 5; i++)
            _votes.Take(IPAddress.Parse($"30.0.{i}.1"), Ours, 40_000 + i, AddressWitness.Dht, _now);
        Assert.Null(_votes.Winner!.UdpPort);
    }

    [Fact]
    public void Addresses_of_IPv4_in_the_form_of_IPv6_are_the_same()
    {
        for (int i = 0; i < 3; i++)
            Vote($"::ffff:30.0.{i}.1", Ours.MapToIPv6(), AddressWitness.Peer);
        Assert.Equal(Ours, _votes.Winner!.Address);
    }

    [Fact]
    public void However_many_vote_few_are_kept()
    {
        var random = new Random(1);
        AddressWitness[] kinds = [AddressWitness.Peer, AddressWitness.Dht, AddressWitness.Tracker, AddressWitness.Stun, AddressWitness.Router];
        for (int i = 0; i < 20_000; i++)
            Vote($"{random.Next(20, 100)}.{random.Next(256)}.{random.Next(256)}.1", Ours, kinds[random.Next(kinds.Length)]);
        Assert.InRange(_votes.Winner!.Votes, 1, 46);
    }

    /// <summary>Six networks agree on the true address.</summary>
    private void Believe()
    {
        for (int i = 0; i < 6; i++)
            Vote($"30.0.{i}.1", Ours, i % 2 == 0 ? AddressWitness.Dht : AddressWitness.Peer);
        Assert.Equal(Ours, _votes.Winner!.Address);
    }

    private bool Vote(string voter, IPAddress claimed, AddressWitness witness) => _votes.Take(IPAddress.Parse(voter), claimed, null, witness, _now);
}
