using System.Collections.Immutable;

namespace Compeer.Protocols.Gossipsub;

/// <summary>What a router tells its user.</summary>
public abstract record GossipsubEvent<TPeer>
    where TPeer : struct, IEquatable<TPeer>
{
    private GossipsubEvent()
    {
    }

    /// <summary>A message that was not seen before came. It goes no further until <see cref="GossipsubRouter{TPeer}.Judge"/> is called.</summary>
    public sealed record Arrived(MessageId Id, PubsubMessage Message, TPeer From) : GossipsubEvent<TPeer>;

    /// <summary>A peer takes part in a topic now, or does not any more.</summary>
    public sealed record SubscriptionChanged(TPeer Peer, string Topic, bool Subscribes) : GossipsubEvent<TPeer>;

    /// <summary>A peer that has too many in its mesh names others to connect to. Their records are not checked yet.</summary>
    public sealed record PeersOffered(TPeer By, string Topic, ImmutableArray<OfferedPeer> Peers) : GossipsubEvent<TPeer>;
}
