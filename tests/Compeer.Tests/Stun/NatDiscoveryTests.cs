using System.Net;
using Compeer.Protocols.Stun;

namespace Compeer.Tests.Stun;

public sealed class NatDiscoveryTests
{
    private const int OwnPort = 6881;

    private static readonly IPAddress Inside = IPAddress.Parse("192.168.1.5"), Outside = IPAddress.Parse("203.0.113.9");
    private static readonly IPEndPoint First = IPEndPoint.Parse("198.51.100.1:3478"), FirstOther = IPEndPoint.Parse("198.51.100.2:3479");
    private static readonly IPEndPoint Second = IPEndPoint.Parse("192.0.2.1:3478");

    [Theory]
    [InlineData(NatMapping.NoNat, NatFiltering.EndpointIndependent)]
    [InlineData(NatMapping.NoNat, NatFiltering.AddressAndPortDependent)]
    [InlineData(NatMapping.EndpointIndependent, NatFiltering.EndpointIndependent)]
    [InlineData(NatMapping.EndpointIndependent, NatFiltering.AddressDependent)]
    [InlineData(NatMapping.EndpointIndependent, NatFiltering.AddressAndPortDependent)]
    [InlineData(NatMapping.AddressDependent, NatFiltering.AddressDependent)]
    [InlineData(NatMapping.AddressAndPortDependent, NatFiltering.AddressAndPortDependent)]
    public void A_server_with_two_addresses_tells_mapping_and_filtering(NatMapping mapping, NatFiltering filtering)
    {
        NatBehaviour found = Run(new NatDiscovery([First], [Inside], OwnPort), mapping, filtering, FirstOther);
        Assert.Equal((false, mapping, filtering), (found.IsUdpBlocked, found.Mapping, found.Filtering));
        Assert.Equal(mapping == NatMapping.NoNat, found.KeepsPort);
        Assert.Equal(mapping is NatMapping.NoNat or NatMapping.EndpointIndependent, found.IsMappingStable);
    }

    [Theory]
    [InlineData(NatMapping.NoNat, NatMapping.NoNat)]
    [InlineData(NatMapping.EndpointIndependent, NatMapping.EndpointIndependent)]
    [InlineData(NatMapping.AddressAndPortDependent, NatMapping.AddressAndPortDependent)]
    public void Two_simple_servers_tell_the_mapping(NatMapping real, NatMapping told)
    {
        NatBehaviour found = Run(new NatDiscovery([First, Second], [Inside], OwnPort), real, NatFiltering.AddressDependent, other: null);
        Assert.Equal((told, NatFiltering.Unknown), (found.Mapping, found.Filtering));
    }

    [Fact]
    public void A_NAT_that_gives_another_port_towards_who_sent_unasked_is_still_known_as_stable()
    {
        // As the masquerading of Linux does: the datagram that came in unasked occupies the pair of endpoints.
        HashSet<IPEndPoint> refused = [];
        var discovery = new NatDiscovery([First], [Inside], OwnPort);
        while (discovery.TryNext(out StunBindingRequest question))
        {
            bool passes = question.AnswersFrom is null;
            if (!passes)
                refused.Add(question.AnswersFrom!);
            var seen = new IPEndPoint(Outside, refused.Contains(question.Server) ? 50_000 : OwnPort);
            discovery.OnOutcome(question, passes ? new StunBindingAnswer(seen, FirstOther) : null);
        }
        Assert.Equal((NatMapping.EndpointIndependent, NatFiltering.AddressAndPortDependent), (discovery.Result!.Mapping, discovery.Result.Filtering));
        Assert.True(discovery.Result.KeepsPort);
    }

    [Fact]
    public void One_simple_server_tells_the_address_only()
    {
        NatBehaviour found = Run(new NatDiscovery([First], [Inside], OwnPort), NatMapping.EndpointIndependent, NatFiltering.AddressDependent, other: null);
        Assert.Equal(NatMapping.Unknown, found.Mapping);
        Assert.Equal(Outside, Assert.Single(found.Mapped).Address);
    }

    [Fact]
    public void Silence_everywhere_means_that_UDP_is_blocked()
    {
        var discovery = new NatDiscovery([First, Second], [Inside], OwnPort);
        while (discovery.TryNext(out StunBindingRequest question))
            discovery.OnOutcome(question, null);
        Assert.True(discovery.Result!.IsUdpBlocked);
        Assert.Equal(NatMapping.Unknown, discovery.Result.Mapping);
    }

    [Fact]
    public void One_dead_server_of_two_does_not_matter()
    {
        var discovery = new NatDiscovery([Second, First], [Inside], OwnPort);
        Assert.True(discovery.TryNext(out StunBindingRequest dead));
        discovery.OnOutcome(dead, null);
        Assert.Equal(NatMapping.EndpointIndependent, Run(discovery, NatMapping.EndpointIndependent, NatFiltering.AddressDependent, FirstOther).Mapping);
    }

    [Theory]
    [InlineData("127.0.0.1:22")]
    [InlineData("10.0.0.1:3479")]
    [InlineData("224.0.0.1:3479")]
    [InlineData("198.51.100.1:3479")]
    [InlineData("198.51.100.2:3478")]
    [InlineData("[2001:db8::1]:3479")]
    [InlineData("192.0.2.1:3479")]
    public void A_second_address_that_makes_no_sense_is_not_asked(string other)
    {
        NatBehaviour found = Run(new NatDiscovery([First, Second], [Inside], OwnPort), NatMapping.EndpointIndependent, NatFiltering.EndpointIndependent, IPEndPoint.Parse(other));
        Assert.Equal((NatMapping.EndpointIndependent, NatFiltering.Unknown), (found.Mapping, found.Filtering));
    }

    [Fact]
    public void No_servers_tell_nothing() => Assert.False(new NatDiscovery([], [], OwnPort).Result!.IsUdpBlocked);

    private static NatBehaviour Run(NatDiscovery discovery, NatMapping mapping, NatFiltering filtering, IPEndPoint? other)
    {
        HashSet<IPEndPoint> sentTo = [];
        for (int questions = 0; discovery.TryNext(out StunBindingRequest question); questions++)
        {
            Assert.True(questions < NatDiscovery.MaxServers + 4);
            sentTo.Add(question.Server);
            IPEndPoint answersFrom = question.AnswersFrom ?? question.Server;
            bool passes = filtering switch
            {
                NatFiltering.EndpointIndependent => true,
                NatFiltering.AddressDependent => sentTo.Any(s => s.Address.Equals(answersFrom.Address)),
                _ => sentTo.Contains(answersFrom),
            };
            IPEndPoint seen = mapping switch
            {
                NatMapping.NoNat => new(Inside, OwnPort),
                NatMapping.EndpointIndependent => new(Outside, 40000),
                NatMapping.AddressDependent => new(Outside, 40000 + question.Server.Address.GetAddressBytes().Sum(b => b)),
                _ => new(Outside, 40000 + (question.Server.Address.GetAddressBytes().Sum(b => b) * 10) + (question.Server.Port % 10)),
            };
            discovery.OnOutcome(question, passes ? new StunBindingAnswer(seen, question.Server.Equals(First) ? other : null) : null);
        }
        return discovery.Result!;
    }
}
