using System.Collections.Immutable;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>What a search is for.</summary>
internal enum DhtSearchKind : byte
{
    Nodes,
    Peers,
    Item,
    Put,
}

/// <summary>One search under way and what it found.</summary>
internal sealed class DhtSearch(int id, DhtSearchKind kind, KademliaLookup<Key160, NodeEndPoint> lookup, Instant now)
{
    private const int MaxPeers = 5000;

    // Most searches are for the routing table's sake and need none of these.
    private HashSet<NodeEndPoint>? _peers;
    private Dictionary<int, int>? _storeErrors;
    private Dictionary<NodeEndPoint, byte[]>? _tokens;
    private Dictionary<NodeEndPoint, Instant>? _stored;
    private ScrapeFilter? _seeds;
    private ScrapeFilter? _others;

    public int Id { get; } = id;

    public DhtSearchKind Kind { get; } = kind;

    public KademliaLookup<Key160, NodeEndPoint> Lookup { get; } = lookup;

    public Instant StartedAt { get; } = now;

    public GetPeersOptions Peers { get; init; } = GetPeersOptions.Default;

    /// <summary>For the routing table's sake: nobody waits for its end.</summary>
    public bool IsRefresh { get; init; }

    /// <summary>The key whose item is sought; empty for an immutable one.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; init; }

    public ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>The item to put.</summary>
    public DhtItem? Item { get; init; }

    public long? CompareAndSwap { get; init; }

    /// <summary>The best item found.</summary>
    public DhtItem? Found { get; set; }

    /// <summary>It ends with storing something at the nodes it found.</summary>
    public bool WillStore => Kind == DhtSearchKind.Put || Peers.AnnouncePort is not null;

    /// <summary>The tokens that nodes gave, by node.</summary>
    public Dictionary<NodeEndPoint, byte[]> Tokens => _tokens ??= [];

    public ScrapeFilter Seeds => _seeds ??= new ScrapeFilter();

    public ScrapeFilter Others => _others ??= new ScrapeFilter();

    /// <summary>Questions to nodes that have no known key yet, and to those that are to store.</summary>
    public int AsideUnderWay { get; set; }

    public bool IsStoring { get; set; }

    /// <summary>The last search for the same key that announced something; null when there was none in time.</summary>
    public PastSearch? Past { get; set; }

    /// <summary>It begins where <see cref="Past"/> ended.</summary>
    public bool IsShortcut => Past is { Shortcuts: < PastSearch.MaxShortcuts };

    public int StoreError => _storeErrors is null ? 0 : _storeErrors.MaxBy(e => e.Value).Key;

    /// <summary>Notes a peer; true when it is new.</summary>
    public bool AddPeer(NodeEndPoint peer) => (_peers ??= []).Count < MaxPeers && _peers.Add(peer);

    /// <summary>A node holds what was to be stored, since then.</summary>
    public void OnStored(NodeEndPoint node, Instant since) => (_stored ??= [])[node] = since;

    public void OnStoreError(int code)
    {
        _storeErrors ??= [];
        _storeErrors[code] = _storeErrors.GetValueOrDefault(code) + 1;
    }

    /// <summary>What the next search for the same key may begin with.</summary>
    public PastSearch Outcome(Instant now)
    {
        IReadOnlyList<(Key160 Id, NodeEndPoint EndPoint)> near = Lookup.ClosestReplied(PastSearches.MaxContacts);
        return new PastSearch(
            Peers, now, IsShortcut ? Past!.Shortcuts + 1 : 0,
            [.. near.Select(c => new PastContact(new DhtContact(c.Id, c.EndPoint), _stored is not null && _stored.TryGetValue(c.EndPoint, out Instant at) ? at : null))],
            [.. Lookup.ClosestFailed(PastSearches.MaxSilent).Select(c => new DhtContact(c.Key, c.Contact))]);
    }

    public DhtSearchReport Report(Instant now) => new()
    {
        Asked = Lookup.Asked,
        Replied = Lookup.Replied,
        Hops = Lookup.Hops,
        Duration = now - StartedAt,
        Closest = [.. Lookup.ClosestReplied(MainlinePolicy.BucketSize).Select(c => new DhtContact(c.Key, c.Contact))],
        Stored = _stored?.Count ?? 0,
        Peers = _peers?.Count ?? 0,
        EstimatedSeeds = _seeds?.Estimate ?? 0,
        EstimatedPeers = _others?.Estimate ?? 0,
        StoreError = StoreError,
    };
}
