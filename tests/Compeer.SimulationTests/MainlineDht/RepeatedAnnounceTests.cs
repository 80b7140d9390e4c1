using Compeer.Simulator.Worlds.MainlineDht;

namespace Compeer.SimulationTests.MainlineDht;

/// <summary>What a node sends that announces the same swarms again and again.</summary>
public sealed class RepeatedAnnounceTests
{
    private const int Swarms = 60;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(14);

    [Fact]
    public void Who_announces_again_asks_fewer_nodes_and_is_found_as_before()
    {
        DhtLab lab = DhtLab.Settled(18, 600);
        int home = lab.Honest[20];
        double[] asked = new double[3];
        long[] sent = new long[3];
        for (int round = 0; round < asked.Length; round++)
        {
            long before = lab.Simulation.Hosts[home].Sent;
            LookupProbe[] probes = [.. Enumerable.Range(0, Swarms).Select(i => lab.Population.Announce(home, DhtLab.InfoHash(i))!)];
            lab.Simulation.RunFor(TimeSpan.FromMinutes(1));
            sent[round] = lab.Simulation.Hosts[home].Sent - before;
            Assert.All(probes, p => Assert.InRange(p.Report!.Stored, 6, 8));
            asked[round] = probes.Average(p => p.Report!.Asked);
            lab.Simulation.RunFor(Interval - TimeSpan.FromMinutes(2));
            IReadOnlyList<LookupProbe> found = lab.Population.Measure(200, TimeSpan.FromMinutes(1),
                random => lab.Population.LookUp(lab.Honest[30 + random.Next(500)], DhtLab.InfoHash(random.Next(Swarms)), host => host == home));
            lab.AssertAtLeast(0.99, found.Count(p => p.FirstPeer is not null) / 200.0, "lookups of what is announced again");
        }
        Assert.InRange(asked[1], 7, 0.85 * asked[0]);
        Assert.InRange(asked[2], 7, 0.85 * asked[0]);
        // Nothing is announced in the second round, and everything in the third.
        Assert.True(sent[1] < 0.6 * sent[0], $"{sent[0]}, then {sent[1]}");
        Assert.InRange(sent[2], 1.4 * sent[1], sent[0]);
    }
}
