using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.KadDht;

/// <summary>
/// Timers and bounds of a node of libp2p's DHT. Worst case: <see cref="MaxRecords"/> times 10.5 KiB of values, <see cref="MaxProvided"/>
/// entries of providers with 16 addresses, each less than 2 KiB of which most take 300 bytes, and the searches under way.
/// </summary>
public sealed record KadOptions
{
    /// <summary>What makes values right.</summary>
    public required RecordRules Rules { get; init; }

    /// <summary>Where a peer may be dialled, for what is told to others; our own addresses for our own id.</summary>
    public required Func<PeerId, IReadOnlyList<Multiaddr>> AddressesOf { get; init; }

    /// <summary>The time of day, which signed records are compared with.</summary>
    public required Func<DateTimeOffset> Clock { get; init; }

    /// <summary>Questions of one search under way at once (alpha), over all its paths.</summary>
    public int Parallel { get; init; } = 10;

    /// <summary>Nearest peers that must have answered when a peer is looked for, or the table refreshed (resiliency, beta).</summary>
    public int Resiliency { get; init; } = 3;

    /// <summary>Paths without a peer in common by which values and providers are looked for.</summary>
    public int DisjointPaths { get; init; } = 2;

    /// <summary>Values that are kept: those nearest to us.</summary>
    public int MaxRecords { get; init; } = 1024;

    /// <summary>Values that one peer gave us; of more its farthest gives way.</summary>
    public int MaxRecordsOfPeer { get; init; } = 256;

    /// <summary>How long a value is kept that has no end of its own.</summary>
    public TimeSpan RecordLifetime { get; init; } = TimeSpan.FromHours(48);

    /// <summary>How long a value is kept at most whose own end is later.</summary>
    public TimeSpan LongestRecordLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// A value that so long nobody has given to us is given to the peers that are nearest to it now, after up to half as much again by chance; null
    /// for never, as go-libp2p does.
    /// </summary>
    public TimeSpan? ReplicationInterval { get; init; } = TimeSpan.FromHours(4);

    /// <summary>The least time between two values that are given so.</summary>
    public TimeSpan ReplicationPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Entries of providers that are kept: those of the keys nearest to us.</summary>
    public int MaxProvided { get; init; } = 32_768;

    /// <summary>Providers of one key.</summary>
    public int MaxProvidersOfKey { get; init; } = 256;

    /// <summary>Keys of one provider; its oldest gives way.</summary>
    public int MaxKeysOfProvider { get; init; } = 1024;

    /// <summary>How long a provider is kept.</summary>
    public TimeSpan ProviderLifetime { get; init; } = TimeSpan.FromHours(48);

    /// <summary>How long the addresses that came with a provider are told.</summary>
    public TimeSpan ProviderAddressLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How often we say again what we provide, and what we published.</summary>
    public TimeSpan RepublishInterval { get; init; } = TimeSpan.FromHours(22);

    /// <summary>What shall outlive the node; null for nothing.</summary>
    public IKadArchive? Archive { get; init; }

    /// <summary>Keys that are said again at once, our own and those of others.</summary>
    public int MaxRepublishing { get; init; } = 4;

    /// <summary>A part of the table that was quiet so long is looked up.</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The least time between two such lookups.</summary>
    public TimeSpan RefreshPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A peer that has not answered so long holds up no search.</summary>
    public TimeSpan ShortTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A search goes on without a peer that has not answered so long.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Unanswered questions in a row after which a peer leaves the table.</summary>
    public int MaxFailures { get; init; } = 2;
}
