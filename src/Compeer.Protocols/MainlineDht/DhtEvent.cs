using System.Collections.Immutable;
using System.Net;

namespace Compeer.Protocols.MainlineDht;

/// <summary>Something that a DHT node tells its user.</summary>
public abstract record DhtEvent;

/// <summary>A search found peers; each endpoint is told once a search.</summary>
public sealed record DhtPeersFound(int Search, ImmutableArray<IPEndPoint> Peers) : DhtEvent;

/// <summary>A search found an item: the immutable one, or a mutable one newer than those told before.</summary>
public sealed record DhtItemFound(int Search, DhtItem Item) : DhtEvent;

/// <summary>A node told of swarms that it knows; null when it did not answer, or does not tell.</summary>
public sealed record DhtSampled(uint Question, DhtSamples? Samples) : DhtEvent;

/// <summary>A search is over.</summary>
public sealed record DhtSearchEnded(int Search, DhtSearchReport Report) : DhtEvent;

/// <summary>A node told under which address and port it sees us. Its own address is proved.</summary>
public sealed record DhtAddressSeen(NodeEndPoint Voter, NodeEndPoint Ours) : DhtEvent;

/// <summary>Several nodes agree on our address; the node's id now follows from it.</summary>
public sealed record DhtAddressLearnt(IPAddress Address) : DhtEvent;

/// <summary>What a search cost and gave.</summary>
public sealed record DhtSearchReport
{
    /// <summary>Questions asked.</summary>
    public required int Asked { get; init; }

    /// <summary>Answers received.</summary>
    public required int Replied { get; init; }

    /// <summary>Steps from our own table to the nearest node.</summary>
    public required int Hops { get; init; }

    /// <summary>From the first question to the end.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>The nearest nodes that answered, nearest first.</summary>
    public required ImmutableArray<DhtContact> Closest { get; init; }

    /// <summary>Nodes that hold our announcement, since now or since the last search, or that took our item.</summary>
    public required int Stored { get; init; }

    /// <summary>Peers found.</summary>
    public required int Peers { get; init; }

    /// <summary>About how many seeds the swarm has, when it was asked for. Spec: BEP 33.</summary>
    public double EstimatedSeeds { get; init; }

    /// <summary>About how many other peers the swarm has, when it was asked for.</summary>
    public double EstimatedPeers { get; init; }

    /// <summary>The error that most of those who refused to store gave, or 0. Spec: BEP 5, BEP 44.</summary>
    public int StoreError { get; init; }

    /// <summary>Both reports of a search that ran over IPv4 and IPv6.</summary>
    public DhtSearchReport JoinedWith(DhtSearchReport other) => new()
    {
        Asked = Asked + other.Asked,
        Replied = Replied + other.Replied,
        Hops = Math.Max(Hops, other.Hops),
        Duration = Duration > other.Duration ? Duration : other.Duration,
        Closest = [.. Closest, .. other.Closest],
        Stored = Stored + other.Stored,
        Peers = Peers + other.Peers,
        EstimatedSeeds = Math.Max(EstimatedSeeds, other.EstimatedSeeds),
        EstimatedPeers = Math.Max(EstimatedPeers, other.EstimatedPeers),
        StoreError = StoreError != 0 ? StoreError : other.StoreError,
    };
}

/// <summary>A node of the DHT.</summary>
public readonly record struct DhtContact(Kademlia.Key160 Id, NodeEndPoint EndPoint);
