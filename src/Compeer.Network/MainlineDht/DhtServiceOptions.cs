using System.Collections.Immutable;
using System.Net;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Network.MainlineDht;

/// <summary>How the DHT is run. Worst-case memory: that of one or two <see cref="DhtOptions"/>.</summary>
public sealed record DhtServiceOptions
{
    /// <summary>Nodes to begin with when nothing is known from last time; as many as there are, since any of them may be dead.</summary>
    public static readonly ImmutableArray<DnsEndPoint> PublicEntries =
    [
        new("router.bittorrent.com", 6881), new("dht.transmissionbt.com", 6881), new("dht.libtorrent.org", 25401), new("router.utorrent.com", 6881),
    ];

    /// <summary>Where to begin.</summary>
    public ImmutableArray<DnsEndPoint> Entries { get; init; } = PublicEntries;

    /// <summary>File in which ids and nodes are kept, so that a restart needs no entry; null keeps nothing.</summary>
    public string? CachePath { get; init; }

    /// <summary>Told, in a sentence for a person, that the file cannot be used.</summary>
    public Action<string>? Note { get; init; }

    /// <summary>Told what each node says under which address and port it sees us, under the DHT's lock: it only posts.</summary>
    public Action<IPEndPoint, IPEndPoint>? AddressSeen { get; init; }

    /// <summary>The node's own bounds.</summary>
    public DhtOptions Node { get; init; } = new();
}
