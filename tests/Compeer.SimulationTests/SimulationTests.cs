using Compeer.Protocols;
using Compeer.Simulator;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.SimulationTests;

public sealed class SimulationTests
{
    private static readonly NetworkOptions Rough = new() { Loss = 0.1, Duplication = 0.1, Jitter = TimeSpan.FromMilliseconds(100) };

    [Fact]
    public void The_same_seed_gives_the_same_trace()
    {
        Simulation a = Small.Ring(new Seed(1), 50, Rough, 200), b = Small.Ring(new Seed(1), 50, Rough, 200);
        a.RunFor(TimeSpan.FromMinutes(1));
        b.RunFor(TimeSpan.FromMinutes(1));
        Assert.True(a.Trace.Deliveries > 10_000);
        Assert.Equal(a.Trace.Digest, b.Trace.Digest);
        Assert.Equal(a.Trace.Lines, b.Trace.Lines);
        Assert.Equal(200, a.Trace.Lines.Count);
    }

    [Fact]
    public void Running_in_steps_changes_nothing()
    {
        Simulation a = Small.Ring(new Seed(1), 20, Rough), b = Small.Ring(new Seed(1), 20, Rough);
        a.RunFor(TimeSpan.FromSeconds(30));
        for (int i = 0; i < 300; i++)
            b.RunFor(TimeSpan.FromMilliseconds(100));
        Assert.Equal(a.Trace.Digest, b.Trace.Digest);
        Assert.Equal(a.Now, b.Now);
    }

    [Fact]
    public void Another_seed_gives_another_trace()
    {
        Simulation a = Small.Ring(new Seed(1), 20, Rough), b = Small.Ring(new Seed(2), 20, Rough);
        a.RunFor(TimeSpan.FromSeconds(10));
        b.RunFor(TimeSpan.FromSeconds(10));
        Assert.NotEqual(a.Trace.Digest, b.Trace.Digest);
    }

    [Fact]
    public void One_byte_makes_another_trace()
    {
        Assert.NotEqual(DigestOf(5), DigestOf(6));
        Assert.NotEqual(DigestOf(16), DigestOf(17));

        static ulong DigestOf(int lengthBytes)
        {
            var simulation = new Simulation(new Seed(1));
            VirtualHost a = simulation.Add("10.0.0.1:1", new PingPong());
            simulation.Add("10.0.0.2:1", new PingPong());
            ((PingPong)a.Node!).Ping(Small.At("10.0.0.2:1"), lengthBytes);
            simulation.Pump(a);
            simulation.RunFor(TimeSpan.FromSeconds(1));
            return simulation.Trace.Digest;
        }
    }

    [Fact]
    public void Events_of_one_instant_happen_in_the_order_scheduled()
    {
        var simulation = new Simulation(new Seed(1));
        var order = new List<int>();
        SeededRandom random = new(new Seed(5));
        var expected = new List<(TimeSpan At, int Number)>();
        for (int i = 0; i < 5000; i++)
        {
            int number = i;
            TimeSpan at = TimeSpan.FromSeconds(random.Next(50));
            expected.Add((at, number));
            simulation.After(at, () => order.Add(number));
        }
        simulation.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(expected.OrderBy(e => e.At).ThenBy(e => e.Number).Select(e => e.Number), order);
    }

    [Fact]
    public void Time_moves_only_as_far_as_asked()
    {
        var simulation = new Simulation(new Seed(1));
        Instant start = simulation.Now;
        bool happened = false;
        simulation.After(TimeSpan.FromSeconds(5), () => happened = true);
        simulation.RunFor(TimeSpan.FromSeconds(4));
        Assert.False(happened);
        Assert.Equal(start + TimeSpan.FromSeconds(4), simulation.Now);
        Assert.True(simulation.RunUntil(() => happened, Instant.Never));
        Assert.Equal(start + TimeSpan.FromSeconds(5), simulation.Now);
        Assert.False(simulation.RunUntil(() => false, Instant.Never));
    }

    [Fact]
    public void A_stopped_host_neither_hears_nor_speaks_and_can_start_anew()
    {
        Simulation simulation = Small.Ring(new Seed(1), 4, new NetworkOptions());
        simulation.RunFor(TimeSpan.FromSeconds(10));
        VirtualHost stopped = simulation.Hosts[0];
        simulation.Stop(stopped);
        long sent = stopped.Sent, received = stopped.Received;
        simulation.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal((sent, received, 3), (stopped.Sent, stopped.Received, simulation.UpCount));
        Assert.True(simulation.Network.Counters.Undeliverable > 0);
        var again = new PingPong { Every = TimeSpan.FromSeconds(1) };
        again.Watch(simulation.Hosts[1].EndPoint, simulation.Now);
        simulation.Start(stopped, again);
        simulation.RunFor(TimeSpan.FromSeconds(10));
        Assert.InRange(again.Pongs.Count, 9, 10);
        Assert.Equal(4, simulation.UpCount);
    }

    [Fact]
    public void A_machine_that_spins_is_named_with_the_seed()
    {
        var simulation = new Simulation(new Seed(77));
        VirtualHost host = simulation.AddHost(Small.At("10.0.0.1:1"));
        simulation.Start(host, new Spinning());
        SimulationException e = Assert.Throws<SimulationException>(() => simulation.RunFor(TimeSpan.FromSeconds(1)));
        Assert.Contains("seed 77", e.Message, StringComparison.Ordinal);
        Assert.Contains("10.0.0.1:1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_datagram_under_way_costs_no_allocation()
    {
        Simulation simulation = Small.Ring(new Seed(1), 2, new NetworkOptions());
        VirtualHost quiet = simulation.AddHost(Small.At("10.9.0.1:1"));
        simulation.Start(quiet, new Echo(Small.At("10.9.0.2:1"), 64));
        VirtualHost other = simulation.AddHost(Small.At("10.9.0.2:1"));
        simulation.Stop(simulation.Hosts[0]);
        simulation.Stop(simulation.Hosts[1]);
        simulation.Start(other, new Echo(Small.At("10.9.0.1:1"), 64));
        simulation.RunFor(TimeSpan.FromSeconds(60));
        long before = GC.GetAllocatedBytesForCurrentThread();
        long deliveries = simulation.Trace.Deliveries;
        simulation.RunFor(TimeSpan.FromSeconds(600));
        Assert.True(simulation.Trace.Deliveries - deliveries > 500_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }

    [Fact]
    public void A_drawn_fault_plan_is_the_seeds_and_ends_in_time()
    {
        Instant from = Instant.Zero, until = Instant.Zero + TimeSpan.FromHours(1);
        FaultPlan a = FaultPlan.Draw(new Seed(4), new FaultRanges(), from, until), b = FaultPlan.Draw(new Seed(4), new FaultRanges(), from, until);
        Assert.Equal(a.Phases, b.Phases);
        Assert.NotEqual(a.Phases, FaultPlan.Draw(new Seed(5), new FaultRanges(), from, until).Phases);
        Assert.InRange(a.Phases.Count, 15, 180);
        Assert.All(a.Phases, p => Assert.True(p.Until <= until && p.Loss <= 0.3 && p.Duplication <= 0.5 && p.CutOff <= 0.5));
        Assert.Contains(a.Phases, p => p.CutOff > 0);
        Assert.Contains(a.Phases, p => p.CutOff == 0 && p.Loss > 0);
        Assert.Throws<ArgumentException>(() => new FaultPlan(default, new FaultPhase(until, from)));
    }

    [Theory]
    [InlineData(SessionShape.Exponential)]
    [InlineData(SessionShape.Weibull)]
    public void Sessions_have_the_median_asked_for(SessionShape shape)
    {
        var options = new ChurnOptions { Shape = shape, MedianSession = TimeSpan.FromMinutes(20) };
        SeededRandom random = new(new Seed(6));
        double[] minutes = [.. Enumerable.Range(0, 20_001).Select(_ => ChurnTrace.Session(options, random).TotalMinutes).Order()];
        Assert.InRange(minutes[10_000], 19, 21);
        double tail = minutes[19_000] / minutes[10_000];
        Assert.InRange(tail, shape == SessionShape.Weibull ? 9 : 4, shape == SessionShape.Weibull ? 14 : 4.7);
    }

    [Fact]
    public void Churn_alternates_for_each_host_and_keeps_the_balance()
    {
        Instant until = Instant.Zero + TimeSpan.FromHours(3);
        ChurnTrace trace = ChurnTrace.Draw(new Seed(8), new ChurnOptions(), 1000, 500, Instant.Zero, until);
        bool[] up = new bool[1000];
        Array.Fill(up, true, 0, 500);
        Instant last = Instant.Zero;
        foreach (ChurnEvent e in trace.Events)
        {
            Assert.True(e.At >= last && e.At < until);
            Assert.Equal(!up[e.Host], e.Joins);
            up[e.Host] = e.Joins;
            last = e.At;
        }
        Assert.InRange(up.Count(u => u), 440, 560);
        Assert.InRange(trace.Events.Count, 5000, 7500);
        Assert.Equal(trace.Events, ChurnTrace.Draw(new Seed(8), new ChurnOptions(), 1000, 500, Instant.Zero, until).Events);
    }

    private sealed class Spinning : IVirtualNode
    {
        public Instant? NextDeadline => Instant.Zero;

        public void Receive(ReadOnlySpan<byte> datagram, System.Net.IPEndPoint from, Instant now)
        {
        }

        public bool TryTransmit(System.Buffers.IBufferWriter<byte> output, out System.Net.IPEndPoint to, Instant now)
        {
            to = null!;
            return false;
        }

        public void OnDeadline(Instant now)
        {
        }
    }

    /// <summary>Keeps some datagrams bouncing for ever.</summary>
    private sealed class Echo(System.Net.IPEndPoint peer, int pending) : IVirtualNode
    {
        private int _pending = pending;

        public Instant? NextDeadline => null;

        public void Receive(ReadOnlySpan<byte> datagram, System.Net.IPEndPoint from, Instant now) => _pending++;

        public bool TryTransmit(System.Buffers.IBufferWriter<byte> output, out System.Net.IPEndPoint to, Instant now)
        {
            to = peer;
            if (_pending == 0)
                return false;
            _pending--;
            output.GetSpan(100)[..100].Fill(7);
            output.Advance(100);
            return true;
        }

        public void OnDeadline(Instant now)
        {
        }
    }
}
