using System.Net;
using Compeer.Simulator;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.SimulationTests;

public sealed class NetworkTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.05)]
    [InlineData(0.5)]
    public void Loss_is_as_asked(double loss)
    {
        (Simulation simulation, VirtualHost a, VirtualHost b) = Pair(new NetworkOptions { Loss = loss });
        simulation.PingFrom(a, b.EndPoint, 20_000);
        Assert.InRange(((PingPong)b.Node!).Pings.Count, 20_000 * (1 - loss) - 400, 20_000 * (1 - loss) + 400);
    }

    [Fact]
    public void Duplication_is_as_asked()
    {
        (Simulation simulation, VirtualHost a, VirtualHost b) = Pair(new NetworkOptions { Duplication = 0.1 });
        simulation.PingFrom(a, b.EndPoint, 20_000);
        Assert.InRange(((PingPong)b.Node!).Pings.Count, 21_600, 22_400);
    }

    [Fact]
    public void Jitter_reorders_and_without_it_order_is_kept()
    {
        Assert.True(InOrder(TimeSpan.Zero));
        Assert.False(InOrder(TimeSpan.FromMilliseconds(20)));

        static bool InOrder(TimeSpan jitter)
        {
            (Simulation simulation, VirtualHost a, VirtualHost b) = Pair(new NetworkOptions { Jitter = jitter });
            simulation.PingFrom(a, b.EndPoint, 100);
            List<int> numbers = [.. ((PingPong)b.Node!).Pings.Select(p => p.Number)];
            Assert.Equal(100, numbers.Count);
            return numbers.SequenceEqual(numbers.Order());
        }
    }

    [Fact]
    public void Constant_latency_is_constant()
    {
        (Simulation simulation, VirtualHost a, VirtualHost b) = Pair(
            new NetworkOptions { Latency = new ConstantLatency(TimeSpan.FromMilliseconds(30)), Jitter = TimeSpan.Zero });
        simulation.RunFor(TimeSpan.FromSeconds(1));
        Protocols.Instant sent = simulation.Now;
        simulation.PingFrom(a, b.EndPoint);
        Assert.Equal(TimeSpan.FromMilliseconds(60), Assert.Single(((PingPong)a.Node!).Pongs).At - sent);
    }

    [Fact]
    public void Distance_is_symmetric_bounded_and_shorter_within_a_region()
    {
        TimeSpan near = TimeSpan.FromMilliseconds(5), diameter = TimeSpan.FromMilliseconds(150);
        foreach (LatencyModel model in (LatencyModel[])[new PlaneLatency(new Seed(1), near, diameter), new ClusteredLatency(new Seed(1), 6, near, diameter)])
        {
            var all = new List<double>();
            for (int a = 0; a < 60; a++)
            {
                for (int b = 0; b < 60; b++)
                {
                    Assert.Equal(model.OneWay(a, b), model.OneWay(b, a));
                    Assert.InRange(model.OneWay(a, b), near, near + diameter);
                    if (a != b)
                        all.Add(model.OneWay(a, b).TotalMilliseconds);
                }
                Assert.Equal(near, model.OneWay(a, a));
            }
            all.Sort();
            bool clustered = model is ClusteredLatency;
            Assert.True(clustered == all[all.Count / 10] < 20, $"{model.GetType().Name}: {all[all.Count / 10]} ms at the tenth part");
        }
    }

    [Fact]
    public void Regions_are_far_apart_and_some_are_nearer_by_way_of_a_third()
    {
        var model = new RegionLatency(new Seed(1));
        double within = 0, between = 0;
        int inOne = 0, inTwo = 0, detours = 0;
        for (int a = 0; a < 200; a++)
        {
            for (int b = 0; b < a; b++)
            {
                Assert.Equal(model.OneWay(a, b), model.OneWay(b, a));
                bool isOne = model.RegionOf(a) == model.RegionOf(b);
                (within, inOne) = isOne ? (within + model.OneWay(a, b).TotalMilliseconds, inOne + 1) : (within, inOne);
                (between, inTwo) = isOne ? (between, inTwo) : (between + model.OneWay(a, b).TotalMilliseconds, inTwo + 1);
                for (int by = 0; by < b; by++)
                    detours += model.OneWay(a, by) + model.OneWay(by, b) < model.OneWay(a, b) ? 1 : 0;
            }
        }
        Assert.InRange(inOne / (double)(inOne + inTwo), 0.1, 0.4);
        Assert.True(between / inTwo > 3 * within / inOne);
        Assert.True(detours > 0);
    }

    [Fact]
    public void A_partition_cuts_and_heals()
    {
        (Simulation simulation, VirtualHost a, VirtualHost b) = Pair(new NetworkOptions());
        (Seed seed, FaultPhase phase) = PlanThatCuts(simulation, a, b, oneWay: false);
        simulation.Network.Faults = new FaultPlan(seed, phase);
        simulation.PingFrom(a, b.EndPoint, 10);
        Assert.Equal(10, ((PingPong)a.Node!).Pongs.Count);
        simulation.RunUntil(phase.From);
        simulation.PingFrom(a, b.EndPoint, 10);
        simulation.PingFrom(b, a.EndPoint, 10);
        Assert.Equal(10, ((PingPong)a.Node!).Pongs.Count);
        Assert.Empty(((PingPong)b.Node!).Pongs);
        Assert.Equal(20, simulation.Network.Counters.Cut);
        simulation.RunUntil(phase.Until);
        simulation.PingFrom(a, b.EndPoint, 10);
        Assert.Equal(20, ((PingPong)a.Node!).Pongs.Count);
    }

    [Fact]
    public void A_partition_can_be_one_way()
    {
        (Simulation simulation, VirtualHost a, VirtualHost b) = Pair(new NetworkOptions());
        (Seed seed, FaultPhase phase) = PlanThatCuts(simulation, a, b, oneWay: true);
        simulation.Network.Faults = new FaultPlan(seed, phase);
        simulation.RunUntil(phase.From);
        simulation.PingFrom(a, b.EndPoint, 10);
        Assert.Empty(((PingPong)b.Node!).Pings);
        simulation.PingFrom(b, a.EndPoint, 10);
        Assert.Equal(10, ((PingPong)a.Node!).Pings.Count);
        Assert.Empty(((PingPong)b.Node!).Pongs);
    }

    [Fact]
    public void A_fault_adds_to_what_the_network_does()
    {
        (Simulation simulation, VirtualHost a, VirtualHost b) = Pair(new NetworkOptions());
        simulation.Network.Faults = new FaultPlan(new Seed(1), new FaultPhase(simulation.Now, simulation.Now + TimeSpan.FromSeconds(1)) { Loss = 0.5, Jitter = TimeSpan.FromSeconds(1) });
        simulation.PingFrom(a, b.EndPoint, 1000);
        simulation.RunFor(TimeSpan.FromSeconds(3));
        Assert.InRange(((PingPong)b.Node!).Pings.Count, 430, 570);
        Assert.Contains(((PingPong)b.Node!).Pings, p => p.At - Simulator.Scheduling.VirtualClock.Start > TimeSpan.FromMilliseconds(800));
    }

    [Fact]
    public void What_is_too_long_or_goes_nowhere_is_lost()
    {
        (Simulation simulation, VirtualHost a, VirtualHost b) = Pair(new NetworkOptions { MaxDatagramBytes = 1400 });
        ((PingPong)a.Node!).Ping(b.EndPoint, 1401);
        simulation.PingFrom(a, Small.At("10.7.7.7:7"));
        Assert.Empty(((PingPong)b.Node!).Pings);
        Assert.Equal(2, simulation.Network.Counters.Undeliverable);
        ((PingPong)a.Node!).Ping(b.EndPoint, 1400);
        simulation.Pump(a);
        simulation.RunFor(TimeSpan.FromSeconds(1));
        Assert.Single(((PingPong)b.Node!).Pings);
        Assert.Equal(0, simulation.Network.InFlightCount);
    }

    [Fact]
    public void An_address_has_one_host()
    {
        (Simulation simulation, _, _) = Pair(new NetworkOptions());
        Assert.Throws<ArgumentException>(() => simulation.AddHost(Small.At("10.0.0.1:1")));
        Assert.Throws<ArgumentException>(() => simulation.AddHost(new IPEndPoint(IPAddress.Parse("::ffff:10.0.0.1"), 1)));
        simulation.Network.AddNat(NatKind.PortKeeping, IPAddress.Parse("192.0.2.1"));
        Assert.Throws<ArgumentException>(() => simulation.AddHost(Small.At("192.0.2.1:5")));
        Assert.Throws<ArgumentException>(() => simulation.Network.AddNat(NatKind.Symmetric, IPAddress.Parse("192.0.2.1")));
    }

    private static (Simulation Simulation, VirtualHost A, VirtualHost B) Pair(NetworkOptions options)
    {
        var simulation = new Simulation(new Seed(1), options);
        return (simulation, simulation.Add("10.0.0.1:1", new PingPong()), simulation.Add("[2001:db8::2]:1", new PingPong()));
    }

    /// <summary>A seed whose partition has the first host on the cut-off side and the second not; found by what the network does.</summary>
    private static (Seed Seed, FaultPhase Phase) PlanThatCuts(Simulation simulation, VirtualHost a, VirtualHost b, bool oneWay)
    {
        Protocols.Instant from = simulation.Now + TimeSpan.FromSeconds(10);
        var phase = new FaultPhase(from, from + TimeSpan.FromSeconds(10)) { CutOff = 0.5, IsOneWay = oneWay };
        for (ulong value = 0; value < 100; value++)
        {
            (Simulation trial, VirtualHost x, VirtualHost y) = Pair(new NetworkOptions());
            trial.Network.Faults = new FaultPlan(new Seed(value), phase with { IsOneWay = true });
            trial.RunUntil(from);
            trial.PingFrom(x, y.EndPoint);
            if (trial.Network.Counters.Cut == 1 && ((PingPong)y.Node!).Pings.Count == 0)
                return (new Seed(value), phase);
        }
        throw new InvalidOperationException($"No seed cuts {a.EndPoint} from {b.EndPoint}.");
    }
}
