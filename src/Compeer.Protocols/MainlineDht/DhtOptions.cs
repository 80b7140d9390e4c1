using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// Bounds and timers of a DHT node. Worst-case memory at the defaults: 40 KB of contacts, 0.6 MB of address budgets, 35 MB
/// of peers when 2,000 swarms of 500 are stored, 1.5 MB of items, 0.5 MB for searches, 6 MB of past searches.
/// </summary>
public sealed record DhtOptions
{
    /// <summary>The lookups.</summary>
    public LookupOptions Lookup { get; init; } = new();

    /// <summary>A question without an answer for so long has failed.</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Questions under way at once; beyond it the oldest counts as failed.</summary>
    public int MaxPending { get; init; } = 512;

    /// <summary>Searches at once; beyond it they wait.</summary>
    public int MaxSearches { get; init; } = 16;

    /// <summary>Unanswered questions in a row after which a contact is dropped.</summary>
    public int MaxFailures { get; init; } = 3;

    /// <summary>A bucket in which nothing happened for so long is looked up.</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>At least so long between two lookups for the table's sake.</summary>
    public TimeSpan RefreshPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Swarms whose peers are stored.</summary>
    public int MaxSwarms { get; init; } = 2000;

    /// <summary>Peers stored for a swarm.</summary>
    public int MaxPeersPerSwarm { get; init; } = 500;

    /// <summary>Peers in one answer.</summary>
    public int MaxPeersInReply { get; init; } = 100;

    /// <summary>How long an announced peer is kept.</summary>
    public TimeSpan PeerLifetime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Announcing searches whose outcome is remembered for as long as announcements are kept; 0 remembers none.</summary>
    public int MaxPastSearches { get; init; } = 4096;

    /// <summary>
    /// Where the last announcement is younger than this, the next search does not repeat it. Nodes keep one for 30 minutes at least:
    /// whoever announces every 14 minutes renews each of them after 28.
    /// </summary>
    public TimeSpan RenewAfter { get; init; } = TimeSpan.FromMinutes(14.5);

    /// <summary>Items stored.</summary>
    public int MaxItems { get; init; } = 700;

    /// <summary>How long an item is kept.</summary>
    public TimeSpan ItemLifetime { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Longest datagram sent, in bytes, without headers.</summary>
    public int MaxDatagramBytes { get; init; } = 1200;

    /// <summary>Answers to an address that has not proved that it is there are at most so many times as long as its question.</summary>
    public double MaxAmplification { get; init; } = 2.95;

    /// <summary>Questions a second taken from one address.</summary>
    public int QueriesPerSecond { get; init; } = 5;

    /// <summary>Questions taken from one address at once after a pause.</summary>
    public int QueryBurst { get; init; } = 50;

    /// <summary>How long an address that asks too much is not heard.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes of answers a second, in all; 0 means no limit.</summary>
    public int ReplyBytesPerSecond { get; init; } = 16 * 1024;

    /// <summary>Addresses whose budget is remembered.</summary>
    public int MaxAddresses { get; init; } = 4096;

    /// <summary>Sets the read-only mark: the node cannot be reached, so others should not list it. Spec: BEP 43.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Without an unasked question from a stranger for so long the node takes itself for unreachable.</summary>
    public TimeSpan UnreachableAfter { get; init; } = TimeSpan.FromMinutes(20);
}
