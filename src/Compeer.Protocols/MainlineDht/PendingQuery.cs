using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>What a question is for.</summary>
internal enum QueryPurpose : byte
{
    /// <summary>To see whether a node lives, or lives there.</summary>
    Ping,

    /// <summary>A step of a search.</summary>
    Step,

    /// <summary>A step of a search at an address whose id is not known.</summary>
    Entry,

    /// <summary>To store what was searched for.</summary>
    Store,

    /// <summary>To learn of swarms that a node knows.</summary>
    Sample,
}

/// <summary>A question that waits for its answer.</summary>
internal readonly record struct PendingQuery(
    uint Transaction, NodeEndPoint To, Key160? ExpectedId, Instant SentAt, QueryPurpose Purpose, DhtSearch? Search);
