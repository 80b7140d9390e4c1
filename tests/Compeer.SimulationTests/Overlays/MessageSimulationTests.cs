using Compeer.Protocols;
using Compeer.Protocols.Gossip;
using Compeer.Protocols.Overlays;
using Compeer.Simulator;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Randomness;

namespace Compeer.SimulationTests.Overlays;

public sealed class MessageSimulationTests
{
    private static MessageSimulation<RumourNode<int>, RumourMessage> Rumours(MessageNetworkOptions options, int nodes = 50, ulong seed = 1, int traceLines = 0)
    {
        var simulation = new MessageSimulation<RumourNode<int>, RumourMessage>(new Seed(seed), options, traceLines);
        SeededRandom random = new Seed(seed).Stream("test");
        for (int node = 0; node < nodes; node++)
            simulation.Start(node, new RumourNode<int>(new RumourOptions { K = 5 }, random, () => random.Next(nodes)));
        simulation[0]!.Tell(7, simulation.Now);
        simulation.Pump(0);
        simulation.RunFor(TimeSpan.FromMinutes(2));
        return simulation;
    }

    [Fact]
    public void Equal_seeds_give_equal_traces_and_others_do_not()
    {
        var options = new MessageNetworkOptions { Loss = 0.1, Jitter = TimeSpan.FromMilliseconds(20) };
        var a = Rumours(options, seed: 1, traceLines: 100);
        var b = Rumours(options, seed: 1, traceLines: 100);
        Assert.True(a.Trace.Deliveries > 100);
        Assert.Equal(a.Trace.Digest, b.Trace.Digest);
        Assert.Equal(a.Trace.Lines, b.Trace.Lines);
        Assert.NotEqual(a.Trace.Digest, Rumours(options, seed: 2).Trace.Digest);
    }

    [Fact]
    public void Loss_takes_its_share()
    {
        var simulation = Rumours(new MessageNetworkOptions { Loss = 0.3 }, nodes: 2000);
        Assert.InRange(1 - (simulation.Delivered[0] / (double)simulation.Sent[0]), 0.25, 0.35);
    }

    [Fact]
    public void A_message_to_nobody_comes_back_after_the_dial_timeout()
    {
        var simulation = new MessageSimulation<Caller, RumourMessage>(new Seed(1), new MessageNetworkOptions { DialTimeout = TimeSpan.FromSeconds(2) });
        simulation.Start(0, new Caller(1));
        simulation.Start(1, new Caller(null));
        simulation.Stop(1);
        simulation.RunFor(TimeSpan.FromSeconds(2));
        Assert.Empty(simulation[0]!.Undelivered);
        simulation.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(1, Assert.Single(simulation[0]!.Undelivered));
    }

    [Fact]
    public void A_partition_gives_messages_back_until_it_heals()
    {
        Instant start = Simulator.Scheduling.VirtualClock.Start;
        var plan = new FaultPlan(new Seed(3), new FaultPhase(start, start + TimeSpan.FromMinutes(1)) { CutOff = 0.5 });
        var cut = Rumours(new MessageNetworkOptions { Faults = plan }, nodes: 400);
        Assert.True(cut.Delivered[0] < cut.Sent[0]);
        Assert.InRange(cut.Delivered[0] / (double)cut.Sent[0], 0.3, 0.7);
    }

    [Fact]
    public void Nodes_come_and_go_as_a_trace_says()
    {
        var simulation = new MessageSimulation<Caller, RumourMessage>(new Seed(1));
        for (int node = 0; node < 100; node++)
            simulation.Start(node, new Caller(null));
        var churn = new ChurnOptions { MedianSession = TimeSpan.FromMinutes(5), MedianAbsence = TimeSpan.FromMinutes(5) };
        ChurnTrace trace = ChurnTrace.Draw(new Seed(2), churn, 200, 100, simulation.Now, simulation.Now + TimeSpan.FromHours(1));
        int left = 0;
        simulation.Follow(trace, node => simulation.Start(node, new Caller(null)), _ => left++);
        simulation.RunFor(TimeSpan.FromHours(1));
        Assert.Equal(trace.Events.Count(e => !e.Joins), left);
        Assert.InRange(Enumerable.Range(0, simulation.Count).Count(n => simulation[n] is not null), 60, 140);
    }

    [Fact]
    public void A_machine_that_spins_is_named_with_the_seed()
    {
        var simulation = new MessageSimulation<Caller, RumourMessage>(new Seed(77));
        simulation.Start(0, new Caller(null) { NextDeadline = Instant.Zero });
        SimulationException e = Assert.Throws<SimulationException>(() => simulation.RunFor(TimeSpan.FromSeconds(1)));
        Assert.Contains("seed 77", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Says one word to somebody, and notes what comes back.</summary>
    private sealed class Caller(int? called) : IOverlayMachine<int, RumourMessage>
    {
        private int? _called = called;

        public List<int> Undelivered { get; } = [];

        public Instant NextDeadline { get; init; } = Instant.Never;

        public void Receive(int from, in RumourMessage message, Instant now)
        {
        }

        public void OnUndelivered(int to, in RumourMessage message, Instant now) => Undelivered.Add(to);

        public void OnDeadline(Instant now)
        {
        }

        public bool TryTransmit(out int to, out RumourMessage message)
        {
            (to, message) = (_called ?? 0, new RumourMessage(1, RumourMessageKind.Tell));
            bool any = _called is not null;
            _called = null;
            return any;
        }
    }
}
