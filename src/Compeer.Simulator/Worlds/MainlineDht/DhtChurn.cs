using Compeer.Protocols.Kademlia;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>
/// A network whose nodes stay 20 minutes in the median and then vanish without a word; who comes back has a new id and an
/// empty table. Nodes announce themselves a minute after they came and every 15 minutes.
/// </summary>
internal sealed class DhtChurn
{
    private const int PeersPerSwarm = 10;
    private static readonly TimeSpan Joining = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Turning = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan Looking = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AnnounceDelay = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AnnounceInterval = TimeSpan.FromMinutes(15);

    private readonly int _nodes;
    private readonly Seed _seed;
    private readonly bool[] _announced;

    /// <param name="population">Twice as many hosts as nodes.</param>
    /// <param name="nodes">Nodes that are up at a time.</param>
    /// <param name="seed">Who comes and goes when.</param>
    public DhtChurn(DhtPopulation population, int nodes, Seed seed)
    {
        Population = population;
        _nodes = nodes;
        _seed = seed;
        _announced = new bool[population.Simulation.Hosts.Count];
    }

    public DhtPopulation Population { get; }

    private Simulation Simulation => Population.Simulation;

    private int Swarms => Math.Max(1, _nodes / PeersPerSwarm);

    public WorldRow Run(CancellationToken cancellationToken)
    {
        Population.JoinAll([.. Enumerable.Range(0, _nodes)], Joining, Join);
        Advance(Joining, cancellationToken);
        ChurnTrace trace = ChurnTrace.Draw(_seed, new ChurnOptions(), Simulation.Hosts.Count, _nodes, Simulation.Now, Simulation.Now + Turning + Looking + Looking);
        foreach (ChurnEvent change in trace.Events.Where(c => c.Host >= DhtPopulation.BootstrapHosts))
        {
            Simulation.At(change.At, () =>
            {
                if (change.Joins)
                    Join(change.Host);
                else
                    Leave(change.Host);
            });
        }
        Advance(Turning, cancellationToken);
        IReadOnlyList<LookupProbe> probes = Population.Measure(_nodes, Looking, LookUp);
        cancellationToken.ThrowIfCancellationRequested();
        return LookupFigures.Row("churn, 20 min median", probes);
    }

    private void Join(int host)
    {
        DhtPeer peer = Population.Join(host);
        Simulation.After(AnnounceDelay, () => Announce(host, peer));
    }

    private void Leave(int host)
    {
        _announced[host] = false;
        Simulation.Stop(Simulation.Hosts[host]);
    }

    private void Announce(int host, DhtPeer peer)
    {
        if (Population.Peer(host) != peer)
            return;
        Population.Announce(host, InfoHashOf(host % Swarms));
        Simulation.After(TimeSpan.FromSeconds(30), () => _announced[host] |= Population.Peer(host) == peer);
        Simulation.After(AnnounceInterval, () => Announce(host, peer));
    }

    /// <summary>A node that is up looks for a swarm of which somebody is up who has announced himself; finding such a one is success.</summary>
    private LookupProbe? LookUp(SeededRandom random)
    {
        int host = random.Next(Simulation.Hosts.Count);
        int swarm = random.Next(Swarms);
        if (!_announced[host] || host % Swarms == swarm)
            return null;
        for (int other = swarm; other < _announced.Length; other += Swarms)
        {
            if (_announced[other])
                return Population.LookUp(host, InfoHashOf(swarm), found => _announced[found] && found % Swarms == swarm);
        }
        return null;
    }

    private void Advance(TimeSpan span, CancellationToken cancellationToken)
    {
        for (int i = 0; i < 100; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Simulation.RunFor(span / 100);
        }
    }

    private static Key160 InfoHashOf(int swarm) => DhtPopulation.InfoHash(swarm);
}
