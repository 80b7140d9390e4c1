using System.Diagnostics;

namespace Compeer.Simulator.Worlds;

/// <summary>
/// A scenario with a name: some cases, each a simulation of its own. Cases run on several threads, each case on one; the report
/// is the same whatever the number of threads.
/// </summary>
public abstract class World
{
    /// <summary>What <c>compeer lab run</c> calls it.</summary>
    public abstract string Name { get; }

    /// <summary>One sentence: what it shows.</summary>
    public abstract string Summary { get; }

    /// <summary>Nodes when nobody says how many.</summary>
    public abstract int DefaultNodes { get; }

    /// <summary>What <c>--svg</c> draws.</summary>
    public abstract WorldPlot Plot { get; }

    /// <summary>All worlds, by name.</summary>
    public static IReadOnlyList<World> All { get; } =
    [
        new Chord.ChordFailuresWorld(), new Chord.ChordJoinsWorld(), new Chord.ChordPathsWorld(),
        new NeighbourSearch.FloodingCostWorld(), new Gossip.GossipRumoursWorld(), new Gossipsub.GossipsubAttacksWorld(), new Gossip.HyParViewFailuresWorld(),
        new KadDht.KadDhtChurnWorld(), new KadDht.KadDhtValuesWorld(), new Kademlia.KademliaDeadWorld(), new Kademlia.KademliaHostileWorld(), new Kademlia.KademliaSybilWorld(),
        new LabNodesWorld(), new MainlineDht.MainlineDhtWorld(), new Gossip.NatBroadcastWorld(), new Gossip.PartitionBroadcastWorld(), new Pastry.PastryFailuresWorld(), new Pastry.PastryHopsWorld(),
        new Gossip.PlumtreeBroadcastWorld(), new Pastry.ScribeAggregateWorld(), new Pastry.ScribeTreesWorld(), new NeighbourSearch.SearchPointersWorld(), new NeighbourSearch.SearchWaysWorld(), new SetReconciliation.SetReconciliationWorld(),
    ];

    /// <summary>Runs every case.</summary>
    /// <exception cref="SimulationException">A case failed; the message names the world and the seed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public WorldReport Run(WorldOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Nodes, 16);
        IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> cases = Cases();
        var reports = new CaseReport[cases.Count];
        var failures = new Exception?[cases.Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.Threads) };
        Parallel.For(0, cases.Count, parallel, index =>
        {
            try
            {
                long start = Stopwatch.GetTimestamp();
                CaseReport report = cases[index](options, cancellationToken);
                reports[index] = report with { Wall = Stopwatch.GetElapsedTime(start) };
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures[index] = e;
            }
            catch (OperationCanceledException)
            {
                // Told below, once every case has stopped.
            }
        });
        cancellationToken.ThrowIfCancellationRequested();
        if (failures.FirstOrDefault(f => f is not null) is { } failure)
            throw new SimulationException($"The world '{Name}' with {options.Nodes} nodes failed; run it again with seed {options.Seed}: {failure.Message}", failure);
        return new WorldReport(Name, options, reports) { Plot = Plot };
    }

    /// <summary>The cases, each a function of the options alone.</summary>
    protected abstract IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases();
}
