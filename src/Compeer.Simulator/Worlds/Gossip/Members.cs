using Compeer.Protocols;
using Compeer.Protocols.HyParView;
using Compeer.Protocols.Plumtree;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Gossip;

/// <summary>Nodes that keep views of each other and broadcast over them, and what only the world knows: who has got what.</summary>
public sealed class Members
{
    /// <summary>How long it takes until a neighbour notices that a connection broke.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(1);

    /// <summary>Time between two joins, among few nodes and among many.</summary>
    private static readonly TimeSpan BetweenFirst = TimeSpan.FromMilliseconds(20), BetweenLater = TimeSpan.FromMilliseconds(2);

    /// <summary>Who comes waits so long for an entry to answer, and tries so many.</summary>
    private static readonly TimeSpan JoinsAgainAfter = TimeSpan.FromSeconds(5);

    private const int TriesToJoin = 10;

    /// <summary>So many nodes are few.</summary>
    private const int Few = 10_000;

    private static readonly HyParViewOptions Views = new();
    private static readonly PlumtreeOptions Tree = new();
    private readonly SeededRandom _random;
    private readonly Func<int, NatClass> _natOf;
    private readonly Dictionary<ulong, Dictionary<int, int>> _delivered = [];
    private readonly Dictionary<int, Instant> _lastLeft = [];

    /// <param name="seed">The case's seed.</param>
    /// <param name="traceLines">Deliveries kept as text.</param>
    /// <param name="network">Between the nodes; <see cref="Continents"/> when none is given.</param>
    public Members(Seed seed, int traceLines, MessageNetworkOptions? network = null)
    {
        _random = seed.Stream("members");
        network ??= Continents(seed);
        _natOf = network.NatOf;
        Simulation = new MessageSimulation<BroadcastNode<int>, BroadcastMessage<int>>(seed, network, traceLines) { AfterStep = TakeDeliveries };
    }

    /// <summary>A network where nodes are near within a continent and far between two.</summary>
    public static MessageNetworkOptions Continents(Seed seed) => new()
    {
        Latency = new ClusteredLatency(seed.Derive("places"), 8, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(150)), Jitter = TimeSpan.FromMilliseconds(5),
    };

    /// <summary>What runs them.</summary>
    public MessageSimulation<BroadcastNode<int>, BroadcastMessage<int>> Simulation { get; }

    /// <summary>The nodes that are up.</summary>
    public List<int> Up() => [.. Enumerable.Range(0, Simulation.Count).Where(n => Simulation[n] is not null)];

    /// <summary>Lets nodes join one after the other, faster once there are many, and gives them some shuffles' time.</summary>
    public void Settle(int nodes, TimeSpan settling, CancellationToken cancellationToken)
    {
        for (int node = 0; node < nodes; node++)
        {
            Join(node, node == 0 ? 0 : OpenBefore(node));
            if (node % 100 == 99)
                cancellationToken.ThrowIfCancellationRequested();
            Simulation.RunFor(node < Few ? BetweenFirst : BetweenLater);
        }
        Simulation.RunFor(settling);
    }

    /// <summary>How long <see cref="Settle"/> takes.</summary>
    public static TimeSpan SettlesWithin(int nodes, TimeSpan settling) =>
        (BetweenFirst * Math.Min(nodes, Few)) + (BetweenLater * Math.Max(0, nodes - Few)) + settling;

    /// <summary>Lets nodes come and go from now on.</summary>
    public void Follow(ChurnTrace trace) => Simulation.Follow(trace, JoinSomewhere, node =>
    {
        _lastLeft[node] = Simulation.Now;
        BreakLinks(node);
    });

    /// <summary>Per cent of some nodes that have got a broadcast, not counting those that left after it was sent.</summary>
    public double Reached(ulong number, IReadOnlyCollection<int> nodes, Instant sent)
    {
        int[] stayed = [.. nodes.Where(n => !_lastLeft.TryGetValue(n, out Instant left) || left < sent)];
        return Figures.Percent(stayed.Count(_delivered[number].ContainsKey), stayed.Length);
    }

    /// <summary>A node joins through a random one that is up, and through another one when that one did not answer.</summary>
    private void JoinSomewhere(int node)
    {
        Join(node, OtherThan(node));
        Simulation.After(JoinsAgainAfter, () => JoinAgain(node, Simulation[node], TriesToJoin));
    }

    private void JoinAgain(int node, BroadcastNode<int>? joining, int triesLeft)
    {
        if (joining is null || triesLeft == 0 || Simulation[node] != joining || joining.Members.Active.Count > 0)
            return;
        joining.Members.Join(OtherThan(node));
        Simulation.Pump(node);
        Simulation.After(JoinsAgainAfter, () => JoinAgain(node, joining, triesLeft - 1));
    }

    private int OtherThan(int node)
    {
        int entry;
        do
            entry = _random.Next(Simulation.Count);
        while (Simulation[entry] is null || entry == node);
        return entry;
    }

    /// <summary>A node goes; its neighbours notice that connections broke.</summary>
    private void BreakLinks(int node)
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

    /// <summary>A node that is up broadcasts; a random one when none is named. Gives the node.</summary>
    public int Broadcast(ulong number, int? by = null)
    {
        List<int> up = Up();
        int origin = by ?? up[_random.Next(up.Count)];
        _delivered[number] = new Dictionary<int, int> { [origin] = 0 };
        Simulation[origin]!.Tree.Broadcast(number, default);
        Simulation.Pump(origin);
        return origin;
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
