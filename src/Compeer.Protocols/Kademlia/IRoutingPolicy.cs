namespace Compeer.Protocols.Kademlia;

/// <summary>What one overlay demands of its routing table.</summary>
public interface IRoutingPolicy<TKey, TContact>
    where TKey : struct, IKademliaKey<TKey>
{
    /// <summary>Contacts that a bucket may hold.</summary>
    /// <param name="depth">Leading bits that its keys share with our own.</param>
    int Capacity(int depth);

    /// <summary>One host under two contacts; only one of them may be in the table.</summary>
    bool IsSameHost(in TContact a, in TContact b);

    /// <summary>Equal for contacts of one host; finds them quickly.</summary>
    int HostHash(in TContact contact);

    /// <summary>Hosts of one network that may be in a bucket.</summary>
    int MaxOfNetworkInBucket { get; }

    /// <summary>Hosts of one network that may be in the table.</summary>
    int MaxOfNetwork { get; }

    /// <summary>Two hosts of one network.</summary>
    bool IsSameNetwork(in TContact a, in TContact b);

    /// <summary>Equal for contacts of one network; finds them quickly.</summary>
    int NetworkHash(in TContact contact);

    /// <summary>The contact is worth more than others, for instance because its key follows from its address.</summary>
    bool IsPreferred(in TKey key, in TContact contact);
}
