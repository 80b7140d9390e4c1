using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>Orders keys by their distance from our own, the farthest first: when there is no room left, that one gives way, since others look after it.</summary>
internal sealed class FarthestFirst(Key256 own) : IComparer<Key256>
{
    public int Compare(Key256 x, Key256 y) => own.CompareDistance(y, x);
}
