using System.Net;
using Compeer.Simulator;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.SimulationTests;

/// <summary>The semantics of RFC 4787 that the virtual NATs claim.</summary>
public sealed class NatTests
{
    private readonly Simulation _simulation = new(new Seed(1), new NetworkOptions { Jitter = TimeSpan.Zero });
    private readonly VirtualHost _server, _otherPort, _otherServer;

    public NatTests()
    {
        _server = _simulation.Add("198.51.100.1:10", new PingPong());
        _otherPort = _simulation.Add("198.51.100.1:11", new PingPong());
        _otherServer = _simulation.Add("198.51.100.2:10", new PingPong());
    }

    [Theory]
    [InlineData(NatKind.PortKeeping, true)]
    [InlineData(NatKind.Symmetric, false)]
    public void One_mapping_for_all_remotes_or_one_for_each(NatKind kind, bool oneMapping)
    {
        VirtualHost inner = Inside(kind, "192.0.2.1");
        _simulation.PingFrom(inner, _server.EndPoint);
        _simulation.PingFrom(inner, _otherPort.EndPoint);
        _simulation.PingFrom(inner, _otherServer.EndPoint);
        IPEndPoint[] seen = [SeenBy(_server), SeenBy(_otherPort), SeenBy(_otherServer)];
        Assert.All(seen, s => Assert.Equal(IPAddress.Parse("192.0.2.1"), s.Address));
        Assert.Equal(oneMapping ? 1 : 3, seen.Distinct().Count());
        Assert.Equal(oneMapping, seen[0].Port == 6881);
        Assert.Equal(3, ((PingPong)inner.Node!).Pongs.Count);
    }

    [Theory]
    [InlineData(NatKind.PortKeeping)]
    [InlineData(NatKind.Symmetric)]
    public void Only_who_was_spoken_to_gets_in(NatKind kind)
    {
        VirtualHost inner = Inside(kind, "192.0.2.1");
        _simulation.PingFrom(_server, Small.At("192.0.2.1:6881"));
        Assert.Empty(((PingPong)inner.Node!).Pings);
        _simulation.PingFrom(inner, _server.EndPoint);
        IPEndPoint outer = SeenBy(_server);
        _simulation.PingFrom(_otherPort, outer);
        _simulation.PingFrom(_otherServer, outer);
        Assert.Empty(((PingPong)inner.Node!).Pings);
        _simulation.PingFrom(_server, outer);
        Assert.Single(((PingPong)inner.Node!).Pings);
        Assert.Equal(3, _simulation.Network.Counters.Filtered);
    }

    [Theory]
    [InlineData(NatKind.PortKeeping, NatKind.PortKeeping, true)]
    [InlineData(NatKind.PortKeeping, NatKind.Symmetric, false)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, false)]
    public void Both_punching_at_what_a_server_saw(NatKind first, NatKind second, bool works)
    {
        VirtualHost a = Inside(first, "192.0.2.1"), b = Inside(second, "192.0.2.2");
        _simulation.PingFrom(a, _server.EndPoint);
        IPEndPoint outerA = SeenBy(_server);
        _simulation.PingFrom(b, _server.EndPoint);
        IPEndPoint outerB = SeenBy(_server);
        for (int i = 0; i < 3; i++)
        {
            _simulation.PingFrom(a, outerB);
            _simulation.PingFrom(b, outerA);
        }
        Assert.Equal(works, ((PingPong)a.Node!).Pongs.Any(p => p.From.Equals(outerB)));
        Assert.Equal(works, ((PingPong)b.Node!).Pongs.Any(p => p.From.Equals(outerA)));
    }

    [Fact]
    public void A_taken_port_is_not_kept()
    {
        NatBox nat = _simulation.Network.AddNat(NatKind.PortKeeping, IPAddress.Parse("192.0.2.1"));
        VirtualHost a = _simulation.Add("192.168.0.1:6881", new PingPong(), nat), b = _simulation.Add("192.168.0.2:6881", new PingPong(), nat);
        _simulation.PingFrom(a, _server.EndPoint);
        Assert.Equal(6881, SeenBy(_server).Port);
        _simulation.PingFrom(b, _server.EndPoint);
        Assert.NotEqual(6881, SeenBy(_server).Port);
        Assert.Single(((PingPong)b.Node!).Pongs);
        Assert.Equal(2, nat.MappingCount);
    }

    [Fact]
    public void Neighbours_meet_inside_and_not_at_the_outer_address()
    {
        NatBox nat = _simulation.Network.AddNat(NatKind.PortKeeping, IPAddress.Parse("192.0.2.1"));
        VirtualHost a = _simulation.Add("192.168.0.1:1", new PingPong(), nat), b = _simulation.Add("192.168.0.2:2", new PingPong(), nat);
        _simulation.PingFrom(b, _server.EndPoint);
        _simulation.PingFrom(a, Small.At("192.0.2.1:2"));
        Assert.Empty(((PingPong)b.Node!).Pings);
        _simulation.PingFrom(a, b.EndPoint);
        Assert.Equal(a.EndPoint, Assert.Single(((PingPong)b.Node!).Pings).From);
        VirtualHost stranger = Inside(NatKind.PortKeeping, "192.0.2.9");
        _simulation.PingFrom(stranger, b.EndPoint);
        Assert.Single(((PingPong)b.Node!).Pings);
    }

    [Theory]
    [InlineData(NatKind.PortKeeping)]
    [InlineData(NatKind.Symmetric)]
    public void An_unused_mapping_ends_and_a_used_one_stays(NatKind kind)
    {
        VirtualHost inner = Inside(kind, "192.0.2.1");
        _simulation.PingFrom(inner, _server.EndPoint);
        IPEndPoint outer = SeenBy(_server);
        for (int i = 0; i < 5; i++)
        {
            _simulation.RunFor(TimeSpan.FromSeconds(100));
            _simulation.PingFrom(inner, _server.EndPoint);
            Assert.Equal(outer, SeenBy(_server));
        }
        _simulation.RunFor(TimeSpan.FromSeconds(110));
        _simulation.PingFrom(_server, outer);
        Assert.Single(((PingPong)inner.Node!).Pings);
        // The answer to that ping went out and used the mapping; from then on nothing does.
        _simulation.RunFor(TimeSpan.FromSeconds(121));
        _simulation.PingFrom(_server, outer);
        Assert.Single(((PingPong)inner.Node!).Pings);
    }

    [Fact]
    public void The_table_of_a_nat_is_purged()
    {
        NatBox nat = _simulation.Network.AddNat(NatKind.Symmetric, IPAddress.Parse("192.0.2.1"));
        VirtualHost inner = _simulation.Add("192.168.0.1:6881", new PingPong(), nat);
        for (int i = 0; i < 2000; i++)
        {
            ((PingPong)inner.Node!).Ping(new IPEndPoint(_server.EndPoint.Address, 10 + (i % 2)));
            _simulation.Pump(inner);
            _simulation.RunFor(TimeSpan.FromMinutes(3));
            Assert.InRange(nat.MappingCount, 1, 300);
        }
    }

    private VirtualHost Inside(NatKind kind, string outer) =>
        _simulation.Add("192.168.0.1:6881", new PingPong(), _simulation.Network.AddNat(kind, IPAddress.Parse(outer)));

    private static IPEndPoint SeenBy(VirtualHost server) => ((PingPong)server.Node!).Pings[^1].From;
}
