using System.Net;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.Reachability;
using Compeer.Protocols.Stun;

namespace Compeer.Tests.Reachability;

/// <summary>What the doctor concludes from what it saw: never more than was seen, and always something to do.</summary>
public sealed class ReachabilityVerdictTests
{
    private static readonly IPAddress Inside = IPAddress.Parse("192.168.1.5");
    private static readonly IPAddress Outside = IPAddress.Parse("80.1.2.3");
    private static readonly IPAddress Six = IPAddress.Parse("2a00:1:2:3::5");

    private static readonly ReachabilityFacts Behind = new()
    {
        Port = 7001, LocalAddresses = [Inside], StunServers = 1, Router = IPAddress.Parse("192.168.1.1"),
        PublicV4 = new PublicAddress(Outside, 7001, AddressWitness.Stun, 1, 1),
    };

    [Fact]
    public void A_NAT_that_keeps_one_port_can_be_punched_and_the_router_should_map()
    {
        var verdict = new ReachabilityVerdict(Behind with { Nat = Nat(NatMapping.EndpointIndependent), OwnPort = Nat(NatMapping.EndpointIndependent) });
        Assert.Equal((Outlook.No, Outlook.Yes, Outlook.Likely), (verdict.DirectIn.Outlook, verdict.DirectOut.Outlook, verdict.HolePunching.Outlook));
        Assert.True(verdict.IsReachable);
        Assert.Contains("forward port 7001 (TCP and UDP) there to this machine (192.168.1.5)", verdict.Advice[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_NAT_with_a_port_for_each_destination_needs_a_mapping_or_a_relay()
    {
        ReachabilityFacts facts = Behind with { Nat = Nat(NatMapping.AddressAndPortDependent), OwnPort = Nat(NatMapping.AddressAndPortDependent) };
        var verdict = new ReachabilityVerdict(facts);
        Assert.Equal((Outlook.No, Outlook.No), (verdict.DirectIn.Outlook, verdict.HolePunching.Outlook));
        Assert.False(verdict.IsReachable);
        Assert.Contains(verdict.Advice, a => a.Contains("relay", StringComparison.Ordinal));
        Assert.DoesNotContain(new ReachabilityVerdict(facts with { RelayWorks = true }).Advice, a => a.Contains("relay", StringComparison.Ordinal));
    }

    [Fact]
    public void A_mapped_port_is_likely_and_a_datagram_from_a_stranger_proves_it()
    {
        ReachabilityFacts mapped = Behind with { MappedTcp = new(Outside, 7001), MappedUdp = new(Outside, 7001), RouterOutside = Outside, Nat = Nat(NatMapping.AddressAndPortDependent) };
        Assert.Equal(Outlook.Likely, new ReachabilityVerdict(mapped).DirectIn.Outlook);
        var verdict = new ReachabilityVerdict(mapped with { OwnPort = Nat(NatMapping.EndpointIndependent, NatFiltering.EndpointIndependent) });
        Assert.Equal(Outlook.Yes, verdict.DirectIn.Outlook);
        Assert.Equal("Nothing: others can reach you.", Assert.Single(verdict.Advice));
        Assert.Equal(Outlook.No, new ReachabilityVerdict(mapped with { OwnPort = Nat(NatMapping.EndpointIndependent) }).DirectIn.Outlook);
    }

    [Fact]
    public void A_second_NAT_outside_the_router_is_seen()
    {
        var outer = IPAddress.Parse("100.64.7.7");
        var verdict = new ReachabilityVerdict(Behind with { MappedTcp = new(outer, 7001), RouterOutside = outer, Nat = Nat(NatMapping.EndpointIndependent) });
        Assert.Equal(Outlook.No, verdict.DirectIn.Outlook);
        Assert.Contains("Two routers", verdict.Advice[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_NAT_a_firewall_is_what_is_left()
    {
        ReachabilityFacts open = Behind with { LocalAddresses = [Outside], Router = null, Nat = Nat(NatMapping.NoNat) };
        Assert.Equal(Outlook.Likely, new ReachabilityVerdict(open).DirectIn.Outlook);
        var verdict = new ReachabilityVerdict(open with { OwnPort = Nat(NatMapping.NoNat) });
        Assert.Equal(Outlook.No, verdict.DirectIn.Outlook);
        Assert.Contains("Open port 7001", verdict.Advice[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Silence_is_not_taken_for_an_answer()
    {
        var verdict = new ReachabilityVerdict(Behind with { PublicV4 = null, Nat = new NatBehaviour(true, NatMapping.Unknown, NatFiltering.Unknown, [], false) });
        Assert.Equal((Outlook.Unknown, Outlook.Unknown, Outlook.No), (verdict.DirectIn.Outlook, verdict.DirectOut.Outlook, verdict.HolePunching.Outlook));
        Assert.False(verdict.IsReachable);
        Assert.Contains("Nobody answered over UDP", verdict.Advice[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_of_the_DHT_tell_the_mapping_where_no_STUN_server_was_named()
    {
        ReachabilityFacts facts = Behind with { StunServers = 0, HasDht = true, DhtNodes = 30, PublicV4 = new PublicAddress(Outside, 7001, AddressWitness.Dht, 9, 9) };
        Assert.Equal(NatMapping.EndpointIndependent, facts.Mapping);
        Assert.Equal(NatMapping.AddressAndPortDependent, (facts with { PublicV4 = new PublicAddress(Outside, null, AddressWitness.Dht, 9, 9) }).Mapping);
        Assert.Equal(NatMapping.Unknown, (facts with { PublicV4 = new PublicAddress(Outside, 7001, AddressWitness.Dht, 9, 2) }).Mapping);
        Assert.Equal(NatMapping.NoNat, (facts with { LocalAddresses = [Outside] }).Mapping);
        Assert.Equal(Outlook.Likely, new ReachabilityVerdict(facts with { StrangersHeard = 1 }).DirectIn.Outlook);
    }

    [Fact]
    public void An_IPv6_address_is_reachable_only_where_something_came_in_or_the_router_says_so()
    {
        ReachabilityFacts facts = Behind with { LocalAddresses = [Inside, Six], PublicV6 = new PublicAddress(Six, 7001, AddressWitness.Dht, 3, 3), Nat = Nat(NatMapping.AddressAndPortDependent) };
        Assert.Equal(Outlook.Unknown, InV6(facts));
        Assert.Contains(new ReachabilityVerdict(facts).Advice, a => a.Contains($"For IPv6, let port 7001 (TCP and UDP) in to this machine ({Six})", StringComparison.Ordinal));
        Assert.False(new ReachabilityVerdict(facts).IsReachable);
        Assert.Equal(Outlook.No, InV6(facts with { OwnPortV6 = Nat(NatMapping.NoNat) }));
        ReachabilityFacts pinhole = facts with { PinholeTcp = new(Six, 7001) };
        Assert.Equal(Outlook.Likely, InV6(pinhole));
        Assert.True(new ReachabilityVerdict(pinhole).IsReachable);
        Assert.DoesNotContain(new ReachabilityVerdict(pinhole).Advice, a => a.Contains("IPv6", StringComparison.Ordinal));
        Assert.Equal(Outlook.No, InV6(pinhole with { OwnPortV6 = Nat(NatMapping.NoNat) }));
        Assert.Equal(Outlook.Likely, InV6(facts with { StrangersHeardV6 = 1 }));
        Assert.Equal(Outlook.Yes, InV6(facts with { OwnPortV6 = Nat(NatMapping.NoNat, NatFiltering.EndpointIndependent) }));
    }

    [Fact]
    public void An_IPv6_address_that_leads_nowhere_or_is_translated_is_told_from_one_that_others_see()
    {
        var unique = IPAddress.Parse("fd12::5");
        Assert.Equal(Outlook.No, InV6(Behind));
        Assert.Equal(Outlook.No, InV6(Behind with { LocalAddresses = [Inside, unique] }));
        var translated = new ReachabilityVerdict(Behind with { LocalAddresses = [Inside, unique], PublicV6 = new PublicAddress(Six, 7001, AddressWitness.Stun, 1, 1) });
        Assert.Equal(Outlook.Unknown, translated.DirectInV6.Outlook);
        Assert.Contains("translated", translated.DirectInV6.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void With_IPv6_alone_the_firewall_is_punched_as_the_port_is_the_same_for_everybody()
    {
        var verdict = new ReachabilityVerdict(Behind with { LocalAddresses = [Six], PublicV4 = null, Router = null, PublicV6 = new PublicAddress(Six, 7001, AddressWitness.Stun, 1, 1), OwnPortV6 = Nat(NatMapping.NoNat) });
        Assert.Equal((Outlook.No, Outlook.No, Outlook.Likely), (verdict.DirectIn.Outlook, verdict.DirectInV6.Outlook, verdict.HolePunching.Outlook));
        Assert.True(verdict.IsReachable);
    }

    [Fact]
    public void Behind_a_proxy_nobody_comes_in()
    {
        var verdict = new ReachabilityVerdict(new ReachabilityFacts { Port = 0, HasProxy = true });
        Assert.Equal((Outlook.No, Outlook.No, Outlook.No), (verdict.DirectIn.Outlook, verdict.HolePunching.Outlook, verdict.Relay.Outlook));
        Assert.False(verdict.IsReachable);
        Assert.Single(verdict.Advice);
    }

    private static Outlook InV6(ReachabilityFacts facts) => new ReachabilityVerdict(facts).DirectInV6.Outlook;

    private static NatBehaviour Nat(NatMapping mapping, NatFiltering filtering = NatFiltering.AddressAndPortDependent) =>
        new(false, mapping, filtering, [new IPEndPoint(Outside, 7001)], true);
}
