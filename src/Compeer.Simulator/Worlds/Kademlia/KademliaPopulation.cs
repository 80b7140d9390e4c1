using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Kademlia;

/// <summary>Kademlia nodes whose tables are as full as those of a network that has run for long, and what only the world knows.</summary>
public sealed class KademliaPopulation
{
    private readonly Dictionary<int, KademliaResult> _results = [];
    private readonly List<(Key160 Key, int Node)> _known = [];
    private int _lastId;

    /// <param name="seed">The case's seed.</param>
    /// <param name="dialTimeout">After so long one learns that a node is gone.</param>
    /// <param name="traceLines">Deliveries kept as text.</param>
    public KademliaPopulation(Seed seed, TimeSpan dialTimeout, int traceLines)
    {
        Random = seed.Stream("kademlia");
        var network = new MessageNetworkOptions
        {
            Latency = new ClusteredLatency(seed.Derive("places"), 8, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(150)),
            Jitter = TimeSpan.FromMilliseconds(10), DialTimeout = dialTimeout,
        };
        Simulation = new MessageSimulation<KademliaPeer, KademliaMessage>(seed, network, traceLines) { AfterStep = TakeResults };
    }

    /// <summary>Draws what the world draws.</summary>
    public SeededRandom Random { get; }

    /// <summary>What runs them.</summary>
    public MessageSimulation<KademliaPeer, KademliaMessage> Simulation { get; }

    /// <summary>Adds a node; its table is filled by <see cref="FillTables"/>.</summary>
    public int Add(KademliaPeer peer)
    {
        int node = Simulation.Count;
        Simulation.Start(node, peer);
        _known.Add((peer.Table.Own, node));
        return node;
    }

    /// <summary>Fills each bucket with random nodes that belong there, as answers would have done over time.</summary>
    public void FillTables()
    {
        (Key160 Key, int Node)[] sorted = [.. _known.OrderBy(k => k.Key.High).ThenBy(k => k.Key.Middle)];
        foreach ((Key160 own, int node) in _known)
        {
            RoutingTable<Key160, int, PlainPolicy> table = Simulation[node]!.Table;
            int low = 0, high = sorted.Length;
            for (int bit = 0; bit < 64 && high - low > 1; bit++)
            {
                ulong mask = 1UL << (63 - bit);
                int middle = low;
                int end = high;
                for (int step = end; middle < step;)
                {
                    int half = (middle + step) / 2;
                    if ((sorted[half].Key.High & mask) == 0)
                        middle = half + 1;
                    else
                        step = half;
                }
                bool isUpper = (own.High & mask) != 0;
                Offer(table, isUpper ? sorted.AsSpan(low, middle - low) : sorted.AsSpan(middle, high - middle));
                (low, high) = isUpper ? (middle, high) : (low, middle);
            }
        }
    }

    /// <summary>Looks a key up, and waits.</summary>
    /// <returns>How it ended; null when it did not within ten minutes.</returns>
    public KademliaResult? LookUp(int node, Key160 key, LookupOptions options)
    {
        int id = ++_lastId;
        Simulation[node]!.LookUp(id, key, options, Simulation.Now);
        Simulation.Pump(node);
        Simulation.RunUntil(() => _results.ContainsKey(id), TimeSpan.FromMinutes(10));
        return _results.Remove(id, out KademliaResult? result) ? result : null;
    }

    /// <summary>A random node that is up and fits.</summary>
    public int Choose(Func<int, bool>? fits = null)
    {
        while (true)
        {
            int node = Random.Next(Simulation.Count);
            if (Simulation[node] is not null && (fits is null || fits(node)))
                return node;
        }
    }

    private void Offer(RoutingTable<Key160, int, PlainPolicy> table, ReadOnlySpan<(Key160 Key, int Node)> bucket)
    {
        int start = bucket.IsEmpty ? 0 : Random.Next(bucket.Length);
        // Neighbours in the list would all lie in one corner of a large bucket; a stride spreads them.
        int stride = Math.Max(1, bucket.Length / PlainPolicy.BucketSize);
        for (int i = 0; i < Math.Min(bucket.Length, PlainPolicy.BucketSize); i++)
        {
            (Key160 key, int node) = bucket[(start + (i * stride)) % bucket.Length];
            table.OnReply(key, node, TimeSpan.FromMilliseconds(100), Simulation.Now, out _);
        }
    }

    private void TakeResults(int node, KademliaPeer peer)
    {
        while (peer.TryTakeResult(out KademliaResult result))
        {
            if (result.Signature != 0 && result.Signature != ValueSignature.Of(result.Key))
                throw new SimulationException($"Node {node} took a value at {result.Key} that is not signed (seed {Simulation.Seed}).");
            _results[result.Id] = result;
            Simulation.Trace.Mark((ulong)result.Asked);
        }
    }
}
