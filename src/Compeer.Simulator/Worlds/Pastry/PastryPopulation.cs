using Compeer.Protocols;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Scribe;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Pastry;

/// <summary>Nodes of Pastry, with Scribe on them, that joined one after the other; and what only the world knows of them.</summary>
public sealed class PastryPopulation
{
    /// <summary>A newcomer joins through the nearest of so many.</summary>
    private const int EntriesLookedAt = 16;

    private readonly SeededRandom _random;
    private readonly PlaneLatency _latency;
    private readonly RingContact<int>[] _contacts;
    private readonly PastryOptions _options;
    private readonly bool _isProximityAware;
    private readonly Dictionary<ulong, Instant> _sent = [];
    private RingContact<int>[] _ring = [];

    public PastryPopulation(Seed seed, int nodes, PastryOptions options, bool isProximityAware, int traceLines)
    {
        (_options, _isProximityAware) = (options, isProximityAware);
        _random = seed.Stream("nodes");
        _latency = new PlaneLatency(seed.Derive("places"), TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(200));
        _contacts = [.. Enumerable.Range(0, nodes).Select(i => new RingContact<int>(RingKey.NewRandom(_random), i))];
        Simulation = new MessageSimulation<ScribeNode<int>, ScribeMessage<int>>(seed, new MessageNetworkOptions { Latency = _latency }, traceLines) { AfterStep = TakeDeliveries };
    }

    /// <summary>What runs them.</summary>
    public MessageSimulation<ScribeNode<int>, ScribeMessage<int>> Simulation { get; }

    /// <summary>Messages that arrived at the node nearest to their key: steps, time on the way against the direct way, whether it was the right node.</summary>
    public List<(int Hops, double Stretch, bool IsRight)> Arrived { get; } = [];

    /// <summary>News that arrived: what, where, when.</summary>
    public List<(ulong Id, int Node, Instant At)> News { get; } = [];

    /// <summary>The nodes that are up, in the order of their keys.</summary>
    public RingContact<int>[] Up() => [.. _contacts.Where(c => Simulation[c.Peer] is not null).OrderBy(c => c.Key)];

    /// <summary>Lets all nodes join, ever faster as the network grows, and gives them one round of upkeep.</summary>
    public void JoinAll(CancellationToken cancellationToken)
    {
        for (int node = 0; node < _contacts.Length; node++)
        {
            int self = node;
            var routing = new PastryNode<int>(_contacts[node], _options, _random, Simulation.Now, _isProximityAware ? peer => _latency.OneWay(self, peer).Ticks : null);
            if (node == 0)
                routing.BeginAlone();
            else
                routing.Join(_contacts[Enumerable.Range(0, EntriesLookedAt).Select(_ => Joined(self)).MinBy(entry => _latency.OneWay(self, entry))], Simulation.Now);
            Simulation.Start(node, new ScribeNode<int>(routing, new ScribeOptions()));
            Simulation.RunFor(TimeSpan.FromSeconds(Math.Max(0.005, 1.0 / (node + 1))));
            if (node % 1000 == 999)
                cancellationToken.ThrowIfCancellationRequested();
        }
        Simulation.RunFor(_options.MaintainEvery);
    }

    /// <summary>A share of the nodes dies at once and without a word.</summary>
    public void Kill(double share)
    {
        RingContact<int>[] up = Up();
        _random.Shuffle(up);
        foreach (RingContact<int> dead in up.AsSpan(0, (int)(up.Length * share)))
            Simulation.Stop(dead.Peer);
    }

    /// <summary>Random nodes send messages to random keys, a thousand a second.</summary>
    public void RouteMany(int count)
    {
        Arrived.Clear();
        _sent.Clear();
        _ring = Up();
        for (int i = 0; i < count; i++)
        {
            ulong id = (ulong)i;
            int node = _ring[_random.Next(_ring.Length)].Peer;
            RingKey key = RingKey.NewRandom(_random);
            Simulation.After(TimeSpan.FromMilliseconds(i), () =>
            {
                _sent[id] = Simulation.Now;
                Simulation[node]!.Routing.Route(key, id);
                Simulation.Pump(node);
            });
        }
        Simulation.RunUntil(() => Arrived.Count == count, TimeSpan.FromMilliseconds(count) + TimeSpan.FromMinutes(1));
    }

    /// <summary>Each of some nodes sends one message to a key.</summary>
    public void RouteFrom(IEnumerable<int> nodes, RingKey key)
    {
        ulong id = 0;
        foreach (int node in nodes)
        {
            _sent[id] = Simulation.Now;
            Simulation[node]!.Routing.Route(key, id++);
            Simulation.Pump(node);
        }
        Simulation.RunFor(TimeSpan.FromSeconds(10));
    }

    /// <summary>The direct way between two nodes.</summary>
    public TimeSpan Direct(int from, int to) => _latency.OneWay(from, to);

    /// <summary>The node that is nearest to a key.</summary>
    public RingContact<int> NearestTo(RingKey key)
    {
        int low = 0, high = _ring.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ring[middle].Key < key)
                low = middle + 1;
            else
                high = middle;
        }
        RingContact<int> after = _ring[low % _ring.Length], before = _ring[(low + _ring.Length - 1) % _ring.Length];
        return after.Key.DistanceTo(key) < before.Key.DistanceTo(key) ? after : before;
    }

    /// <summary>Notes who is up, for <see cref="NearestTo"/>.</summary>
    public void NoteRing() => _ring = Up();

    private int Joined(int before)
    {
        int node;
        do
            node = _random.Next(before);
        while (!Simulation[node]!.Routing.IsJoined);
        return node;
    }

    private void TakeDeliveries(int node, ScribeNode<int> machine)
    {
        while (machine.Routing.TryTakeDelivery(out PastryDelivery<int> delivery))
        {
            bool isRight = NearestTo(delivery.Key).Peer == node;
            TimeSpan direct = Direct(delivery.Origin.Peer, node);
            double stretch = delivery.Hops == 0 ? 1 : (Simulation.Now - _sent[delivery.Id]) / direct;
            Arrived.Add((delivery.Hops, stretch, isRight));
        }
        while (machine.TryTakeDelivery(out ScribeDelivery news))
            News.Add((news.Id, node, Simulation.Now));
    }
}
