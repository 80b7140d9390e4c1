using Compeer.Simulator;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Worlds;
using Compeer.Simulator.Worlds.MainlineDht;
using Xunit.Abstractions;

namespace Compeer.SimulationTests.MainlineDht;

public sealed class MainlineDhtWorldTests(ITestOutputHelper output)
{
    [Fact]
    public void A_small_world_finds_what_it_should_and_repeats_itself()
    {
        World world = new MainlineDhtWorld();
        WorldReport report = world.Run(new WorldOptions(new Seed(1), 300) { Threads = 2, TraceLines = 500 });
        AssertFigures(report, churn: 99, dead30: 98, dead50: 95, liars4: 98);
        WorldReport again = world.Run(new WorldOptions(new Seed(1), 300) { Threads = 1, TraceLines = 500 });
        Assert.Equal(report.TraceDigest, again.TraceDigest);
        Assert.Equal(report.ToCsv(), again.ToCsv());
        Assert.Equal(report.Cases.SelectMany(c => c.Trace.Lines), again.Cases.SelectMany(c => c.Trace.Lines));
    }

    [Fact]
    public void Another_seed_is_another_world()
    {
        World world = new MainlineDhtWorld();
        string first = world.Run(new WorldOptions(new Seed(2), 32)).TraceDigest;
        Assert.NotEqual(first, world.Run(new WorldOptions(new Seed(3), 32)).TraceDigest);
        Assert.Equal(first, world.Run(new WorldOptions(new Seed(2), 32)).TraceDigest);
    }

    [Fact]
    public void Lookups_survive_drawn_faults_and_the_network_heals()
    {
        DhtLab lab = DhtLab.Settled(21, 300);
        lab.Announce();
        Protocols.Instant until = lab.Simulation.Now + TimeSpan.FromMinutes(10);
        lab.Simulation.Network.Faults = Simulator.Faults.FaultPlan.Draw(new Seed(21), new Simulator.Faults.FaultRanges(), lab.Simulation.Now, until);
        lab.AssertAtLeast(0.7, lab.Success(300, over: TimeSpan.FromMinutes(9)), "lookups while faults are on");
        lab.Simulation.RunUntil(until);
        lab.AssertAtLeast(0.98, lab.Success(300), "lookups once the network is whole again");
    }

    [Fact]
    public void A_world_that_fails_names_its_seed()
    {
        SimulationException e = Assert.Throws<SimulationException>(() => new Failing().Run(new WorldOptions(new Seed(4711), 16)));
        Assert.Contains("4711", e.Message, StringComparison.Ordinal);
        Assert.Contains("16 nodes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_world_can_be_cancelled() =>
        Assert.Throws<OperationCanceledException>(() => new MainlineDhtWorld().Run(new WorldOptions(new Seed(1), 100), new CancellationToken(true)));

    [Fact]
    public void Worlds_have_names_and_summaries() =>
        Assert.All(World.All, w => Assert.True(w.Name.All(c => char.IsAsciiLetterLower(c) || c == '-') && w.Summary.EndsWith('.')));

    [NightlyFact]
    public void Ten_thousand_nodes()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        WorldReport report = new MainlineDhtWorld().Run(new WorldOptions(new Seed(1), 10_000) { Threads = 2 });
        output.WriteLine(report.ToCsv());
        output.WriteLine($"{report.Deliveries} datagrams, {watch.Elapsed.TotalSeconds:0} s, {Environment.WorkingSet / 1_000_000} MB, trace {report.TraceDigest}");
        AssertFigures(report, churn: 99, dead30: 98, dead50: 95, liars4: 99);
        Assert.InRange(Environment.WorkingSet, 0, 4_000_000_000);
    }

    private static void AssertFigures(WorldReport report, double churn, double dead30, double dead50, double liars4)
    {
        AtLeast("churn, 20 min median", churn);
        AtLeast("0 % dead", 99.5);
        AtLeast("30 % dead", dead30);
        AtLeast("50 % dead", dead50);
        AtLeast("20 % liars, 4 paths", liars4);
        AtLeast("20 % liars, 8 paths", liars4);

        void AtLeast(string row, double wanted) =>
            Assert.True(report.Row(row)["success %"] >= wanted, $"{row}: {report.Row(row)["success %"]:0.00} % instead of {wanted} % (seed {report.Options.Seed}, {report.Options.Nodes} nodes)\n{report.ToCsv()}");
    }

    private sealed class Failing : World
    {
        public override string Name => "failing";

        public override string Summary => "Fails.";

        public override int DefaultNodes => 16;

        public override WorldPlot Plot => new(WorldPlot.Rows, "nothing");

        protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [(_, _) => throw new InvalidOperationException("on purpose")];
    }
}
