using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.Overlays;

namespace Compeer.Simulator.Worlds.Kademlia;

/// <summary>What the buckets of a simulated node take: everybody, twenty a bucket.</summary>
public readonly struct PlainPolicy : IRoutingPolicy<Key160, int>
{
    /// <summary>Nodes in a bucket (k).</summary>
    public const int BucketSize = 20;

    public int MaxOfNetworkInBucket => 1;

    public int MaxOfNetwork => int.MaxValue;

    public int Capacity(int depth) => BucketSize;

    public bool IsSameHost(in int a, in int b) => a == b;

    public int HostHash(in int contact) => contact;

    public bool IsSameNetwork(in int a, in int b) => a == b;

    public int NetworkHash(in int contact) => contact;

    public bool IsPreferred(in Key160 key, in int contact) => false;
}

/// <summary>How a lookup ended.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Closest">The nearest that answered, nearest first.</param>
/// <param name="Key">What was looked up.</param>
/// <param name="Signature">Of the value that somebody had at the key; 0 when nobody had one that is signed.</param>
/// <param name="Asked">Questions.</param>
/// <param name="Hops">Steps to the nearest.</param>
/// <param name="Duration">From the first question to the end.</param>
public sealed record KademliaResult(int Id, Key160 Key, IReadOnlyList<(Key160 Key, int Contact)> Closest, ulong Signature, int Asked, int Hops, TimeSpan Duration);

/// <summary>A bare Kademlia node: the shared routing table and lookups of Protocols, and as little around them as a simulation needs.</summary>
public class KademliaPeer : IOverlayMachine<int, KademliaMessage>
{
    private readonly List<(int Id, KademliaLookup<Key160, int> Lookup, Instant Begun, ulong Signature)> _lookups = [];
    private readonly Queue<(int To, KademliaMessage Message)> _outbox = new();
    private readonly Queue<KademliaResult> _results = new();
    private readonly HashSet<Key160> _values = [];

    /// <param name="key">Its key.</param>
    public KademliaPeer(Key160 key) => Table = new RoutingTable<Key160, int, PlainPolicy>(key, default);

    /// <summary>Whom it knows.</summary>
    public RoutingTable<Key160, int, PlainPolicy> Table { get; }

    /// <summary>Waits as long as answers usually take, instead of a fixed time.</summary>
    public RoundTripEstimate? RoundTrips { get; init; }

    public Instant NextDeadline => _lookups.Count == 0 ? Instant.Never : _lookups.Min(l => l.Lookup.NextDeadline);

    /// <summary>Begins a lookup.</summary>
    public void LookUp(int id, Key160 key, LookupOptions options, Instant now)
    {
        var lookup = new KademliaLookup<Key160, int>(key, options, _ => 0) { RoundTrips = RoundTrips };
        Span<RoutingEntry<Key160, int>> nearest = stackalloc RoutingEntry<Key160, int>[PlainPolicy.BucketSize * options.Paths];
        foreach (ref readonly RoutingEntry<Key160, int> entry in nearest[..Table.Closest(key, nearest)])
            lookup.Seed(entry.Key, entry.Contact);
        _lookups.Add((id, lookup, now, _values.Contains(key) ? ValueSignature.Of(key) : 0));
        Advance(now);
    }

    /// <summary>Asks a node to keep a value.</summary>
    public void Store(int node, Key160 key) => _outbox.Enqueue((node, new KademliaMessage(KademliaMessageKind.Store, 0, key, ValueSignature.Of(key), [])));

    /// <summary>The next lookup that ended; false when none did.</summary>
    public bool TryTakeResult(out KademliaResult result) => _results.TryDequeue(out result!);

    public bool TryTransmit(out int to, out KademliaMessage message)
    {
        bool any = _outbox.TryDequeue(out (int To, KademliaMessage Message) next);
        (to, message) = next;
        return any;
    }

    public void Receive(int from, in KademliaMessage message, Instant now)
    {
        switch (message.Kind)
        {
            case KademliaMessageKind.Find:
                _outbox.Enqueue((from, new KademliaMessage(KademliaMessageKind.Nodes, message.Id, message.Key, SignatureAt(message.Key), Answer(message.Key, from))));
                break;
            case KademliaMessageKind.Nodes:
                OnNodes(from, message, now);
                break;
            case KademliaMessageKind.Store when message.Signature == ValueSignature.Of(message.Key):
                _values.Add(message.Key);
                break;
        }
    }

    public void OnUndelivered(int to, in KademliaMessage message, Instant now)
    {
        foreach ((int _, KademliaLookup<Key160, int> lookup, Instant _, ulong _) in _lookups)
            lookup.OnFailure(to);
        Advance(now);
    }

    public void OnDeadline(Instant now)
    {
        foreach ((int _, KademliaLookup<Key160, int> lookup, Instant _, ulong _) in _lookups)
            lookup.OnDeadline(now);
        Advance(now);
    }

    /// <summary>Answers whose value was not signed as it should be, and was not taken.</summary>
    public long Forged { get; private set; }

    /// <summary>The signature of the value that it says to have at a key; 0 for none.</summary>
    protected virtual ulong SignatureAt(Key160 key) => _values.Contains(key) ? ValueSignature.Of(key) : 0;

    /// <summary>Whom it tells of.</summary>
    protected virtual (Key160 Key, int Node)[] Answer(Key160 key, int asking)
    {
        Span<RoutingEntry<Key160, int>> nearest = stackalloc RoutingEntry<Key160, int>[PlainPolicy.BucketSize];
        var told = new (Key160 Key, int Node)[Table.Closest(key, nearest)];
        for (int i = 0; i < told.Length; i++)
            told[i] = (nearest[i].Key, nearest[i].Contact);
        return told;
    }

    private void OnNodes(int from, in KademliaMessage answer, Instant now)
    {
        int id = answer.Id, at = _lookups.FindIndex(l => l.Id == id);
        if (at < 0)
            return;
        KademliaLookup<Key160, int> lookup = _lookups[at].Lookup;
        if (lookup.OnReply(from, now))
        {
            foreach ((Key160 key, int node) in answer.Nodes)
            {
                if (key != Table.Own)
                    lookup.Add(from, key, node);
            }
        }
        if (answer.Signature != 0 && answer.Signature == ValueSignature.Of(lookup.Target))
            _lookups[at] = _lookups[at] with { Signature = answer.Signature };
        else if (answer.Signature != 0)
            Forged++;
        Advance(now);
    }

    private void Advance(Instant now)
    {
        for (int i = _lookups.Count - 1; i >= 0; i--)
        {
            (int id, KademliaLookup<Key160, int> lookup, Instant begun, ulong signature) = _lookups[i];
            while (lookup.TryNext(now, out Key160 _, out int contact))
                _outbox.Enqueue((contact, new KademliaMessage(KademliaMessageKind.Find, id, lookup.Target, 0, [])));
            if (!lookup.IsDone)
                continue;
            _lookups.RemoveAt(i);
            _results.Enqueue(new KademliaResult(id, lookup.Target, lookup.ClosestReplied(PlainPolicy.BucketSize * lookup.PathCount), signature, lookup.Asked, lookup.Hops, now - begun));
            lookup.Clear();
        }
    }
}
