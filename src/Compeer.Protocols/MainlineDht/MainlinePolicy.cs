using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// The routing table of the Mainline DHT: 8 contacts a bucket, more in the far ones, which shortens lookups; one contact a
/// host; in a bucket one host a network. Contacts whose id follows from their address are preferred, never demanded.
/// </summary>
/// <remarks>Spec: BEP 5, BEP 42.</remarks>
public readonly struct MainlinePolicy : IRoutingPolicy<Key160, NodeEndPoint>
{
    /// <summary>Contacts in an ordinary bucket, and in an answer (k).</summary>
    public const int BucketSize = 8;

    public int MaxOfNetworkInBucket => 1;

    public int MaxOfNetwork => int.MaxValue;

    public int Capacity(int depth) => depth switch { 0 => 128, 1 => 64, 2 => 32, 3 => 16, _ => BucketSize };

    // Nodes on this machine are told apart by port: that is how networks are tried out.
    public bool IsSameHost(in NodeEndPoint a, in NodeEndPoint b) =>
        a.Low == b.Low && a.High == b.High && a.IsV6 == b.IsV6 && (a.Port == b.Port || !a.IsLoopback);

    public int HostHash(in NodeEndPoint contact) => (contact.High ^ contact.Low).GetHashCode();

    public bool IsSameNetwork(in NodeEndPoint a, in NodeEndPoint b) => a.IsV6 == b.IsV6 && !a.IsLocal && a.Network == b.Network;

    public int NetworkHash(in NodeEndPoint contact) => NetworkOf(contact).GetHashCode();

    public bool IsPreferred(in Key160 key, in NodeEndPoint contact) => DhtNodeId.IsValidFor(key, contact);

    /// <summary>A number for the network of a contact, 0 for local ones.</summary>
    public static ulong NetworkOf(NodeEndPoint contact) => contact.IsLocal ? 0 : contact.IsV6 ? contact.High : contact.Low >> 8;
}
