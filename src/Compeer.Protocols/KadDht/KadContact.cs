using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.KadDht;

/// <summary>A peer in a routing table or lookup; two contacts with the same peer are one.</summary>
/// <param name="Peer">Who.</param>
/// <param name="Network">A number for the part of the Internet where it answered; 0 for local networks and where it is not known.</param>
public readonly record struct KadContact(PeerId Peer, ulong Network)
{
    /// <summary>The place of a peer in the key space.</summary>
    public static Key256 KeyOf(PeerId peer) => Key256.HashOf(peer.Bytes);

    /// <summary>The network of an address: 16 bits of IPv4, 32 of IPv6; 0 for an address that is not of the Internet.</summary>
    public static ulong NetworkOf(Multiaddr address)
    {
        if (!address.TryGetTcp(out IPEndPoint? endPoint) || AddressReaches.Of(endPoint.Address) != AddressReach.Global)
            return 0;
        byte[] bytes = endPoint.Address.GetAddressBytes();
        return bytes.Length == 4 ? 1UL << 32 | (uint)(bytes[0] << 8 | bytes[1])
            : 1UL << 33 | (uint)(bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]);
    }

    public bool Equals(KadContact other) => Peer == other.Peer;

    public override int GetHashCode() => Peer.GetHashCode();
}

/// <summary>
/// The routing table of libp2p's DHT: 20 contacts a bucket, of which two may be of one network, and three in the whole table.
/// Spec: libp2p/specs kad-dht, "Kademlia routing table".
/// </summary>
public readonly struct KadPolicy : IRoutingPolicy<Key256, KadContact>
{
    /// <summary>Contacts in a bucket and in an answer, and holders of a value (k).</summary>
    public const int BucketSize = 20;

    public int MaxOfNetworkInBucket => 2;

    public int MaxOfNetwork => 3;

    public int Capacity(int depth) => BucketSize;

    public bool IsSameHost(in KadContact a, in KadContact b) => a.Equals(b);

    public int HostHash(in KadContact contact) => contact.GetHashCode();

    public bool IsSameNetwork(in KadContact a, in KadContact b) => a.Network != 0 && a.Network == b.Network;

    public int NetworkHash(in KadContact contact) => contact.Network.GetHashCode();

    public bool IsPreferred(in Key256 key, in KadContact contact) => false;
}
