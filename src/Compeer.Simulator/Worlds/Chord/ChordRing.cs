using Compeer.Protocols;
using Compeer.Protocols.Chord;
using Compeer.Protocols.Overlays;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Chord;

/// <summary>A ring of Chord nodes, and what only the world knows of it: who is where.</summary>
public sealed class ChordRing
{
    private readonly ChordOptions _options;
    private readonly SeededRandom _random;
    private readonly RingContact<int>[] _contacts;
    private RingContact<int>[]? _ring;
    private Instant _ringAt;

    /// <param name="seed">The case's seed.</param>
    /// <param name="nodes">Most nodes that there will be.</param>
    /// <param name="options">Of every node.</param>
    /// <param name="traceLines">Deliveries kept as text.</param>
    public ChordRing(Seed seed, int nodes, ChordOptions options, int traceLines = 0)
    {
        _options = options;
        _random = seed.Stream("ring");
        _contacts = [.. Enumerable.Range(0, nodes).Select(i => new RingContact<int>(RingKey.NewRandom(_random), i))];
        Simulation = new MessageSimulation<ChordNode<int>, ChordMessage<int>>(seed, traceLines: traceLines) { AfterStep = TakeEvents };
    }

    /// <summary>What runs them.</summary>
    public MessageSimulation<ChordNode<int>, ChordMessage<int>> Simulation { get; }

    /// <summary>Lookups that ended; whether the owner was the true one when it did.</summary>
    public List<(ChordEvent<int>.LookupEnded Lookup, bool IsRight)> Ended { get; } = [];

    /// <summary>The nodes that are up, in the order of their keys.</summary>
    public RingContact<int>[] Up() => [.. _contacts.Where(c => Simulation[c.Peer] is not null).OrderBy(c => c.Key)];

    /// <summary>Starts some nodes with the tables that a ring at rest has.</summary>
    public void StartSettled(int count)
    {
        RingContact<int>[] ring = [.. _contacts.Take(count).OrderBy(c => c.Key)];
        var known = new List<RingContact<int>>();
        for (int i = 0; i < count; i++)
        {
            known.Clear();
            for (int next = 1; next <= Math.Min(_options.Successors, count - 1); next++)
                known.Add(ring[(i + next) % count]);
            for (int bit = RingKey.BitLength - 1; bit >= 0; bit--)
            {
                RingContact<int> finger = OwnerIn(ring, ring[i].Key.Plus(UInt128.One << bit));
                if (finger.Key == known[0].Key)
                    break;
                known.Add(finger);
            }
            known.Add(ring[(i + count - 1) % count]);
            ChordNode<int> node = NewNode(ring[i].Peer, staggered: false);
            node.Learn([.. known]);
            Simulation.Start(ring[i].Peer, node);
        }
    }

    /// <summary>A node joins through another that is up.</summary>
    public void Join(int node, int entry)
    {
        ChordNode<int> joining = NewNode(node, staggered: true);
        joining.Join(_contacts[entry], Simulation.Now);
        Simulation.Start(node, joining);
    }

    /// <summary>A share of the nodes dies at once and without a word.</summary>
    public void Kill(double share)
    {
        RingContact<int>[] up = Up();
        _random.Shuffle(up);
        foreach (RingContact<int> dead in up.AsSpan(0, (int)(up.Length * share)))
            Simulation.Stop(dead.Peer);
    }

    /// <summary>Looks random keys up from random nodes, so many a second, and waits for the last; gives those that ended.</summary>
    public IReadOnlyList<(ChordEvent<int>.LookupEnded Lookup, bool IsRight)> LookUp(int count, int perSecond, TimeSpan patience)
    {
        Ended.Clear();
        RingContact<int>[] up = Up();
        for (int i = 0; i < count; i++)
        {
            int node = up[_random.Next(up.Length)].Peer;
            RingKey key = RingKey.NewRandom(_random);
            Simulation.After(TimeSpan.FromSeconds(i / (double)perSecond), () =>
            {
                if (Simulation[node] is not { } asking)
                    return;
                asking.OwnersOf(key, 3, Simulation.Now);
                Simulation.Pump(node);
            });
        }
        Simulation.RunUntil(() => Ended.Count == count, TimeSpan.FromSeconds(count / (double)perSecond) + patience);
        return Ended;
    }

    /// <summary>Nodes whose successor and predecessor are the true ones, as a share.</summary>
    public double Exactness()
    {
        RingContact<int>[] up = Up();
        int exact = 0;
        for (int i = 0; i < up.Length; i++)
        {
            ChordNode<int> node = Simulation[up[i].Peer]!;
            bool isRight = node.Successors.Length > 0 && node.Successors[0].Peer == up[(i + 1) % up.Length].Peer
                && node.Predecessor is { } before && before.Peer == up[(i + up.Length - 1) % up.Length].Peer;
            exact += isRight ? 1 : 0;
        }
        return exact / (double)up.Length;
    }

    /// <summary>The shares of the ring that more than one node holds for its own, and that none does.</summary>
    public (double Twice, double Unowned) Ownership()
    {
        // The number of owners changes by one at each end of a range (predecessor, node].
        var ends = new List<(UInt128 At, int Change)>();
        int owners = 0;
        foreach (RingContact<int> contact in _contacts)
        {
            if (Simulation[contact.Peer]?.Predecessor is not { } predecessor || predecessor.Key == contact.Key)
                continue;
            ends.Add((predecessor.Key.Value, 1));
            ends.Add((contact.Key.Value, -1));
            // A range that goes past the highest key begins before the lowest.
            owners += contact.Key < predecessor.Key ? 1 : 0;
        }
        UInt128 twice = 0, unowned = 0, last = 0;
        foreach ((UInt128 at, int change) in ends.OrderBy(e => e.At).Append((UInt128.MaxValue, 0)))
        {
            twice += owners > 1 ? at - last : 0;
            unowned += owners == 0 ? at - last : 0;
            (owners, last) = (owners + change, at);
        }
        double ring = Math.Pow(2, RingKey.BitLength);
        return ((double)twice / ring, (double)unowned / ring);
    }

    private ChordNode<int> NewNode(int node, bool staggered) => new(_contacts[node], _options, staggered ? _random : null, Simulation.Now);

    private void TakeEvents(int node, ChordNode<int> machine)
    {
        while (machine.TryTakeEvent(out ChordEvent<int> e))
        {
            if (e is not ChordEvent<int>.LookupEnded ended)
                continue;
            bool isRight = ended.Owners.Count > 0 && ended.Owners[0].Peer == TrueOwner(ended.Key);
            Ended.Add((ended, isRight));
            Simulation.Trace.Mark((ulong)ended.Hops ^ (isRight ? 1UL << 32 : 0));
        }
    }

    private int TrueOwner(RingKey key)
    {
        // While lookups are counted nobody comes or goes, so the order is made anew only when time has passed.
        if (_ring is null || Simulation.Now - _ringAt > TimeSpan.FromSeconds(1))
            (_ring, _ringAt) = (Up(), Simulation.Now);
        return OwnerIn(_ring, key).Peer;
    }

    private static RingContact<int> OwnerIn(RingContact<int>[] ring, RingKey key)
    {
        int low = 0, high = ring.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (ring[middle].Key < key)
                low = middle + 1;
            else
                high = middle;
        }
        return ring[low % ring.Length];
    }
}
