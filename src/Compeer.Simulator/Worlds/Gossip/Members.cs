using Compeer.Protocols.HyParView;
using Compeer.Protocols.Plumtree;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Gossip;

/// <summary>Nodes that keep views of each other and broadcast over them, and what only the world knows: who has got what.</summary>
public sealed class Members
{
    /// <summary>How long it takes until a neighbour notices that a connection broke.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(1);

    private static readonly HyParViewOptions Views = new();
    private static readonly PlumtreeOptions Tree = new();
    private readonly SeededRandom _random;
    private readonly Func<int, NatClass> _natOf;
    private readonly Dictionary<ulong, Dictionary<int, int>> _delivered = [];

    public Members(Seed seed, int traceLines, Func<int, NatClass>? natOf = null, double punches = 0)
    {
        _random = seed.Stream("members");
        _natOf = natOf ?? (_ => NatClass.Open);
        // Continents: near within one, far between two.
        var network = new MessageNetworkOptions
        {
            Latency = new ClusteredLatency(seed.Derive("places"), 8, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(150)), Jitter = TimeSpan.FromMilliseconds(5),
            NatOf = _natOf, Punches = punches,
        };
        Simulation = new MessageSimulation<BroadcastNode<int>, BroadcastMessage<int>>(seed, network, traceLines) { AfterStep = TakeDeliveries };
    }

    /// <summary>What runs them.</summary>
    public MessageSimulation<BroadcastNode<int>, BroadcastMessage<int>> Simulation { get; }

    /// <summary>The nodes that are up.</summary>
    public List<int> Up() => [.. Enumerable.Range(0, Simulation.Count).Where(n => Simulation[n] is not null)];

    /// <summary>Lets nodes join one after the other, and gives them some shuffles' time.</summary>
    public void Settle(int nodes, TimeSpan settling, CancellationToken cancellationToken)
    {
        for (int node = 0; node < nodes; node++)
        {
            Join(node, node == 0 ? 0 : OpenBefore(node));
            if (node % 100 == 99)
                cancellationToken.ThrowIfCancellationRequested();
            Simulation.RunFor(TimeSpan.FromMilliseconds(20));
        }
        Simulation.RunFor(settling);
    }

    /// <summary>A node joins through a random one that is up.</summary>
    public void JoinSomewhere(int node)
    {
        int entry;
        do
            entry = _random.Next(Simulation.Count);
        while (Simulation[entry] is null || entry == node);
        Join(node, entry);
    }

    /// <summary>A node goes; its neighbours notice that connections broke.</summary>
    public void BreakLinks(int node)
    {
        foreach (int peer in Simulation[node]!.Members.Active)
        {
            Simulation.After(Noticed, () =>
            {
                Simulation[peer]?.OnLinkDown(node, Simulation.Now);
                Simulation.Pump(peer);
            });
        }
    }

    /// <summary>A share of the nodes dies at once; those that remain.</summary>
    public List<int> Kill(double share)
    {
        int[] up = [.. Up()];
        _random.Shuffle(up);
        foreach (int dead in up.AsSpan(0, (int)(up.Length * share)))
        {
            BreakLinks(dead);
            Simulation.Stop(dead);
        }
        return Up();
    }

    /// <summary>A node that is up broadcasts; a random one when none is named.</summary>
    public void Broadcast(ulong number, int? by = null)
    {
        List<int> up = Up();
        int origin = by ?? up[_random.Next(up.Count)];
        _delivered[number] = new Dictionary<int, int> { [origin] = 0 };
        Simulation[origin]!.Tree.Broadcast(number, default);
        Simulation.Pump(origin);
    }

    /// <summary>Who has got a broadcast, and over how many steps.</summary>
    public IReadOnlyDictionary<int, int> Receivers(ulong number) => _delivered[number];

    /// <summary>The largest part of the nodes that hang together by their neighbours, as a share.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="orInReserve">Nodes in reserve count as neighbours too: more can never hang together by what is known.</param>
    public double LargestPart(IReadOnlyCollection<int> nodes, bool orInReserve = false)
    {
        var components = new Components(Simulation.Count);
        foreach (int node in nodes)
        {
            HyParViewNode<int> members = Simulation[node]!.Members;
            foreach (int peer in orInReserve ? members.Active.Concat(members.Passive) : members.Active)
            {
                if (Simulation[peer] is not null)
                    components.Join(node, peer);
            }
        }
        return components.LargestShare(nodes);
    }

    /// <summary>Neighbours a node that are up, in the mean.</summary>
    public double MeanNeighbours(IReadOnlyCollection<int> nodes) =>
        nodes.Average(n => Simulation[n]!.Members.Active.Count(peer => Simulation[peer] is not null));

    private int OpenBefore(int node)
    {
        int entry;
        do
            entry = _random.Next(node);
        while (_natOf(entry) != NatClass.Open);
        return entry;
    }

    private void Join(int node, int entry)
    {
        var joining = new BroadcastNode<int>(node, Views, Tree, _random, Simulation.Now);
        joining.Members.Join(entry);
        foreach (Dictionary<int, int> receivers in _delivered.Values)
            receivers.Remove(node);
        Simulation.Start(node, joining);
    }

    private void TakeDeliveries(int node, BroadcastNode<int> machine)
    {
        while (machine.Tree.TryTakeDelivery(out PlumtreeMessage delivery))
        {
            if (!_delivered[delivery.Broadcast].TryAdd(node, delivery.Round))
                throw new SimulationException($"Broadcast {delivery.Broadcast} was delivered twice to node {node} (seed {Simulation.Seed}).");
        }
    }
}
