using System.Collections.Immutable;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>Some of the swarms that a node stores peers of. Spec: BEP 51.</summary>
/// <param name="InfoHashes">A choice of them; at most <see cref="MaxInfoHashes"/>.</param>
/// <param name="Count">How many it stores in all, by its word.</param>
/// <param name="Interval">After how long it makes another choice, by its word; at most six hours.</param>
public sealed record DhtSamples(ImmutableArray<Key160> InfoHashes, long Count, TimeSpan Interval)
{
    /// <summary>What fits into a datagram.</summary>
    public const int MaxInfoHashes = 80;
}
