using System.Net;
using Compeer.Protocols.PortMapping;

namespace Compeer.Tests.PortMapping;

public sealed class PortMapperTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(PortMappingWays.Pcp)]
    [InlineData(PortMappingWays.NatPmp)]
    [InlineData(PortMappingWays.Igd)]
    public void Each_way_alone_maps_renews_for_hours_and_removes(PortMappingWays way)
    {
        var router = new ScriptedRouter { Speaks = way };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        PortMapperStatus status = mapper.Describe();
        Assert.Equal((PortMapperPhase.Mapped, way), (status.Phase, status.Way));
        Assert.Equal(new IPEndPoint(router.External, 6881), status.ExternalOf(MappedProtocol.Tcp));
        Assert.Equal(new IPEndPoint(router.External, 6881), status.ExternalOf(MappedProtocol.Udp));
        Assert.Equal(2, router.Table.Count);

        router.Run(mapper, 5 * Hour, () => router.Table.Count != 2);
        Assert.Equal(2, router.Table.Count);
        Assert.True(router.Events.OfType<PortMapped>().Count(e => e.IsRenewal) is >= 18 and <= 22);
        Assert.DoesNotContain(router.Events, e => e is PortUnmapped or PortMappingsRemade);

        mapper.Stop(router.Now);
        router.Run(mapper, TimeSpan.FromSeconds(2), () => mapper.IsStopped);
        Assert.True(mapper.IsStopped);
        Assert.Empty(router.Table);
        Assert.Null(mapper.NextDeadline);
    }

    [Fact]
    public void The_best_way_that_answers_is_the_only_one_that_maps()
    {
        var router = new ScriptedRouter();
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        Assert.Equal(PortMappingWays.Pcp, mapper.Describe().Way);
        Assert.Equal(2, router.Log.Count(l => l == "PCP 1"));
        Assert.DoesNotContain(router.Log, l => l is "NAT-PMP 1" or "NAT-PMP 2" or "AddPortMapping");
    }

    [Fact]
    public void A_refusal_leads_to_the_next_way_and_is_told_in_words()
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.Igd };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        PortMapperStatus status = mapper.Describe();
        Assert.Equal(PortMappingWays.Igd, status.Way);
        router.Run(mapper, TimeSpan.FromSeconds(20));
        status = mapper.Describe();
        Assert.Equal("the router does not answer", status.Ways.Single(w => w.Way == PortMappingWays.Pcp).Message);
        Assert.Equal("in use", status.Ways.Single(w => w.Way == PortMappingWays.Igd).Message);
    }

    [Fact]
    public void Version_negotiation_leads_from_PCP_down_to_NAT_PMP()
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.NatPmp };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        PortMapperStatus status = mapper.Describe();
        Assert.Equal(PortMappingWays.NatPmp, status.Way);
        Assert.Equal("the router speaks NAT-PMP, not PCP", status.Ways.Single(w => w.Way == PortMappingWays.Pcp).Message);
    }

    [Fact]
    public void Nobody_answers_then_it_is_said_once_a_try_and_tried_again_ever_more_seldom()
    {
        var router = new ScriptedRouter { IsSilent = true };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        Assert.Equal(PortMapperPhase.Waiting, mapper.Describe().Phase);
        Assert.Equal("PCP: the router does not answer; NAT-PMP: the router does not answer; UPnP: no router answered the search", Assert.IsType<PortMappingFailed>(Assert.Single(router.Events)).Message);
        router.Run(mapper, 5 * Hour);
        Assert.InRange(router.Events.Count, 8, 16);
        router.IsSilent = false;
        router.Run(mapper, Hour, () => mapper.Describe().Phase == PortMapperPhase.Mapped);
        Assert.Equal(2, router.Table.Count);
    }

    [Theory]
    [InlineData(PortMappingWays.Pcp)]
    [InlineData(PortMappingWays.NatPmp)]
    [InlineData(PortMappingWays.Igd)]
    public void A_restarted_router_gets_its_mappings_again_within_the_check_interval(PortMappingWays way)
    {
        var router = new ScriptedRouter { Speaks = way };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);
        router.Run(mapper, TimeSpan.FromMinutes(7));

        router.Restart();
        router.Run(mapper, TimeSpan.FromMinutes(5.1), () => router.Table.Count == 2);

        Assert.Equal(2, router.Table.Count);
        Assert.Single(router.Events.OfType<PortMappingsRemade>());
    }

    [Theory]
    [InlineData(PortMappingWays.NatPmp)]
    [InlineData(PortMappingWays.Igd)]
    public void A_new_address_outside_is_noticed(PortMappingWays way)
    {
        var router = new ScriptedRouter { Speaks = way };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        router.External = IPAddress.Parse("9.9.9.9");
        router.Run(mapper, TimeSpan.FromMinutes(5.1));

        Assert.Equal(new IPEndPoint(router.External, 6881), mapper.Describe().ExternalOf(MappedProtocol.Tcp));
        Assert.Contains(router.Events.OfType<PortMapped>(), e => router.External.Equals(e.ExternalAddress) && !e.IsRenewal);
    }

    [Theory]
    [InlineData(PortMappingWays.Pcp)]
    [InlineData(PortMappingWays.NatPmp)]
    [InlineData(PortMappingWays.Igd)]
    public void A_port_of_another_machine_stays_its_own_and_we_get_another(PortMappingWays way)
    {
        var router = new ScriptedRouter { Speaks = way };
        router.Table[(MappedProtocol.Tcp, 6881)] = new(ScriptedRouter.Other, 6881, null, null);
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        PortMapperStatus status = mapper.Describe();
        IPEndPoint tcp = status.ExternalOf(MappedProtocol.Tcp)!;
        Assert.NotEqual(6881, tcp.Port);
        Assert.Equal(tcp, status.ExternalOf(MappedProtocol.Udp));
        Assert.Equal(ScriptedRouter.Other, router.Table[(MappedProtocol.Tcp, 6881)].Client);
        mapper.Stop(router.Now);
        router.Run(mapper, TimeSpan.FromSeconds(2));
        Assert.Single(router.Table);
    }

    [Fact]
    public void A_router_of_version_2_chooses_the_other_port_itself()
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.Igd, IsVersion2 = true };
        router.Table[(MappedProtocol.Tcp, 6881)] = new(ScriptedRouter.Other, 6881, null, null);
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        Assert.Equal(7881, mapper.Describe().ExternalOf(MappedProtocol.Tcp)!.Port);
        Assert.Contains("AddAnyPortMapping", router.Log);
    }

    [Fact]
    public void Only_permanent_leases_are_taken_and_removed()
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.Igd, OnlyPermanent = true };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        Assert.All(mapper.Describe().Mappings, m => Assert.Null(m.LeaseEnds));
        Assert.Contains("until it is removed", mapper.Describe().Ways.Single(w => w.Way == PortMappingWays.Igd).Message, StringComparison.Ordinal);
        router.Run(mapper, Hour);
        mapper.Stop(router.Now);
        router.Run(mapper, TimeSpan.FromSeconds(2));
        Assert.Empty(router.Table);
    }

    [Theory]
    [InlineData(PortMappingWays.Pcp)]
    [InlineData(PortMappingWays.NatPmp)]
    [InlineData(PortMappingWays.Igd)]
    public void A_killed_program_takes_over_what_it_left(PortMappingWays way)
    {
        var router = new ScriptedRouter { Speaks = way };
        PortMapper killed = ScriptedRouter.Mapper();
        killed.Start(router.Now);
        router.RunUntilSettled(killed);
        router.Events.Clear();

        PortMapper again = ScriptedRouter.Mapper();
        again.Start(router.Now);
        router.RunUntilSettled(again);

        Assert.Equal(new IPEndPoint(router.External, 6881), again.Describe().ExternalOf(MappedProtocol.Tcp));
        Assert.Equal(2, router.Table.Count);
        again.Stop(router.Now);
        router.Run(again, TimeSpan.FromSeconds(2));
        Assert.Empty(router.Table);
    }

    [Fact]
    public void What_a_killed_program_left_ends_by_itself()
    {
        var router = new ScriptedRouter();
        PortMapper killed = ScriptedRouter.Mapper();
        killed.Start(router.Now);
        router.RunUntilSettled(killed);
        Assert.All(router.Table.Values, e => Assert.True(e.Ends - router.Now <= Hour));
    }

    [Fact]
    public void TCP_without_UDP_is_kept_when_no_way_gives_both()
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.NatPmp };
        router.Refuses.Add(MappedProtocol.Udp);
        PortMapper mapper = ScriptedRouter.Mapper(new() { Ways = PortMappingWays.NatPmp });
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        PortMapperStatus status = mapper.Describe();
        Assert.NotNull(status.ExternalOf(MappedProtocol.Tcp));
        Assert.Null(status.ExternalOf(MappedProtocol.Udp));
        Assert.Contains("UDP was not mapped", status.Ways.Single().Message, StringComparison.Ordinal);
        router.Refuses.Clear();
        router.Run(mapper, Hour, () => router.Table.Count == 2);
        Assert.NotNull(mapper.Describe().ExternalOf(MappedProtocol.Udp));
    }

    [Fact]
    public void When_all_ways_refuse_every_reason_is_told()
    {
        var router = new ScriptedRouter();
        router.Refuses.UnionWith([MappedProtocol.Tcp, MappedProtocol.Udp]);
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        string message = Assert.IsType<PortMappingFailed>(Assert.Single(router.Events)).Message;
        Assert.Contains("PCP: TCP was not mapped: the router does not allow it", message, StringComparison.Ordinal);
        Assert.Contains("NAT-PMP: TCP was not mapped: the router does not allow it", message, StringComparison.Ordinal);
        Assert.Contains("UPnP: TCP was not mapped: the router does not allow it", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lease_that_cannot_be_renewed_ends_and_everything_begins_again()
    {
        var router = new ScriptedRouter();
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        router.IsSilent = true;
        router.Run(mapper, 1.5 * Hour);
        Assert.Equal(2, router.Events.OfType<PortUnmapped>().Count());
        Assert.Empty(mapper.Describe().Mappings);
        router.IsSilent = false;
        router.Run(mapper, Hour, () => router.Table.Count == 2);
        Assert.Equal(PortMapperPhase.Mapped, mapper.Describe().Phase);
    }

    [Fact]
    public void Stopping_ends_in_time_though_nobody_answers()
    {
        var router = new ScriptedRouter();
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);

        router.IsSilent = true;
        mapper.Stop(router.Now);
        Assert.False(mapper.IsStopped);
        router.Run(mapper, TimeSpan.FromSeconds(2.1));
        Assert.True(mapper.IsStopped);
    }

    [Fact]
    public void Stopping_amid_a_request_removes_what_the_request_makes()
    {
        foreach (PortMappingWays way in (PortMappingWays[])[PortMappingWays.Pcp, PortMappingWays.NatPmp, PortMappingWays.Igd])
        {
            var router = new ScriptedRouter { Speaks = way };
            PortMapper mapper = ScriptedRouter.Mapper();
            mapper.Start(router.Now);
            router.Run(mapper, TimeSpan.FromSeconds(60), () => mapper.Describe().Phase == PortMapperPhase.Mapping);
            mapper.Stop(router.Now);
            router.Run(mapper, TimeSpan.FromSeconds(2));
            Assert.True(mapper.IsStopped);
            Assert.Empty(router.Table);
        }
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(uint.MaxValue)]
    public void Odd_leases_are_renewed_neither_all_the_time_nor_never(uint lease)
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.NatPmp, MaxLease = lease };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);
        int before = router.Log.Count;
        router.Run(mapper, Hour);
        Assert.InRange(router.Log.Count - before, 2, 6000);
    }

    [Fact]
    public void A_router_whose_clock_goes_back_in_every_answer_is_not_asked_without_end()
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.NatPmp };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);
        int before = router.Log.Count;
        router.Run(mapper, Hour, () =>
        {
            router.Booted += TimeSpan.FromSeconds(30);
            return false;
        });
        Assert.InRange(router.Log.Count - before, 5, 2000);
    }

    [Fact]
    public void Answers_of_others_change_nothing()
    {
        var router = new ScriptedRouter { IsSilent = true };
        PortMapper mapper = ScriptedRouter.Mapper();
        mapper.Start(router.Now);
        byte[] address = [0, 128, 0, 0, 0, 0, 0, 9, 5, 6, 7, 8];
        router.Run(mapper, TimeSpan.FromMilliseconds(1));

        mapper.ReceiveFromGateway(new IPEndPoint(ScriptedRouter.Other, 5351), address, router.Now);
        mapper.ReceiveFromGateway(new IPEndPoint(ScriptedRouter.Address, 5350), address, router.Now);
        mapper.ReceiveFromGateway(new IPEndPoint(IPAddress.IPv6Loopback, 5351), address, router.Now);
        Assert.All(mapper.Describe().Ways, w => Assert.False(w.Works));
        mapper.ReceiveFromGateway(new IPEndPoint(ScriptedRouter.Address, 5351), address, router.Now);
        Assert.True(mapper.Describe().Ways.Single(w => w.Way == PortMappingWays.NatPmp).Works);
    }

    [Fact]
    public void Over_IPv6_only_PCP_is_asked_and_opens_the_firewall()
    {
        IPAddress own = IPAddress.Parse("2001:db8::20");
        var link = new PortMappingLink(IPAddress.Parse("fe80::1%2"), own, 64);
        var mapper = new PortMapper(new(), link, 6881, "key"u8, new Random(1));
        var now = Compeer.Protocols.Instant.Zero;
        mapper.Start(now);
        Assert.Equal([PortMappingWays.Pcp], mapper.Describe().Ways.Select(w => w.Way));

        for (int i = 0; i < 3; i++)
        {
            var output = new System.Buffers.ArrayBufferWriter<byte>();
            Assert.True(mapper.TryTransmit(output, out _, now));
            byte[] reply = output.WrittenSpan.ToArray();
            Assert.Equal(own.GetAddressBytes(), reply[8..24]);
            reply[1] += 128;
            reply.AsSpan(8, 16).Clear();
            reply[4] = 0;
            if (reply.Length > 24)
            {
                reply[6] = 1;
                own.TryWriteBytes(reply.AsSpan(44), out _);
            }
            mapper.ReceiveFromGateway(new IPEndPoint(IPAddress.Parse("fe80::1%2"), 5351), reply, now);
        }
        Assert.Equal(new IPEndPoint(own, 6881), mapper.Describe().ExternalOf(MappedProtocol.Udp));
    }

    [Fact]
    public void Random_answers_never_throw_and_never_map()
    {
        var random = new Random(5);
        PortMapper mapper = ScriptedRouter.Mapper();
        var now = Compeer.Protocols.Instant.Zero;
        mapper.Start(now);
        byte[] buffer = new byte[80];
        for (int i = 0; i < 50_000; i++)
        {
            var output = new System.Buffers.ArrayBufferWriter<byte>();
            mapper.TryTransmit(output, out _, now);
            Span<byte> datagram = buffer.AsSpan(0, random.Next(buffer.Length));
            random.NextBytes(datagram);
            if (datagram.Length > 1)
            {
                datagram[0] = (byte)(random.Next(3));
                datagram[1] = (byte)(128 + random.Next(4));
            }
            mapper.ReceiveFromGateway(new IPEndPoint(ScriptedRouter.Address, 5351), datagram, now);
            mapper.ReceiveSearchAnswer(new IPEndPoint(ScriptedRouter.Address, 1900), datagram, now);
            now += TimeSpan.FromMilliseconds(random.Next(500));
            if (mapper.NextDeadline <= now)
                mapper.OnDeadline(now);
            Assert.DoesNotContain(mapper.Describe().Mappings, m => m.ExternalPort is < 1 or > 65535);
        }
    }
}
