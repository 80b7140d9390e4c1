using System.Collections.Immutable;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Gossipsub;

/// <summary>One RPC: what two peers say to each other at once. Arrays may be default, which means empty.</summary>
/// <remarks>Spec: libp2p/specs pubsub/README.md, "The RPC"; gossipsub v1.0, v1.1 and v1.2, "Control messages".</remarks>
public readonly record struct GossipsubRpc : IOverlayMessage
{
    /// <summary>Topics that the sender begins or ends to take part in.</summary>
    public ImmutableArray<TopicSubscription> Subscriptions { get; init; }

    /// <summary>Messages.</summary>
    public ImmutableArray<PubsubMessage> Publish { get; init; }

    /// <summary>Messages that the sender has, by topic.</summary>
    public ImmutableArray<IHave> IHave { get; init; }

    /// <summary>Messages that the sender asks for.</summary>
    public ImmutableArray<MessageId> IWant { get; init; }

    /// <summary>Topics in whose mesh the sender takes us.</summary>
    public ImmutableArray<string> Graft { get; init; }

    /// <summary>Topics from whose mesh the sender drops us.</summary>
    public ImmutableArray<Prune> Prune { get; init; }

    /// <summary>Messages that the sender has and need not be sent.</summary>
    public ImmutableArray<MessageId> IDontWant { get; init; }

    /// <summary>Nothing is said.</summary>
    public bool IsEmpty =>
        Subscriptions.IsDefaultOrEmpty && Publish.IsDefaultOrEmpty && IHave.IsDefaultOrEmpty && IWant.IsDefaultOrEmpty && Graft.IsDefaultOrEmpty && Prune.IsDefaultOrEmpty
        && IDontWant.IsDefaultOrEmpty;

    /// <summary>0 with messages, 1 without.</summary>
    public int KindNumber => Publish.IsDefaultOrEmpty ? 1 : 0;

    public ulong Digest => new MessageDigest((ulong)Count(Subscriptions)).Add((ulong)Count(Publish)).Add((ulong)Count(IHave)).Add((ulong)Count(IWant)).Add((ulong)Count(Graft))
        .Add((ulong)Count(Prune)).Add((ulong)Count(IDontWant)).Value;

    private static int Count<T>(ImmutableArray<T> items) => items.IsDefault ? 0 : items.Length;
}

/// <summary>The sender takes part in a topic from now on, or does not any more.</summary>
public readonly record struct TopicSubscription(string Topic, bool Subscribes);

/// <summary>Messages of a topic that the sender has.</summary>
public readonly record struct IHave(string Topic, ImmutableArray<MessageId> Ids);

/// <summary>The sender drops us from the mesh of a topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Backoff">How long not to graft again; null when it is not said.</param>
/// <param name="Peers">Others to connect to, from who pruned because it has too many.</param>
public readonly record struct Prune(string Topic, TimeSpan? Backoff, ImmutableArray<OfferedPeer> Peers);

/// <summary>A peer to connect to.</summary>
/// <param name="PeerId">The multihash of its id.</param>
/// <param name="SignedPeerRecord">Its addresses in an envelope signed by it; empty when the sender has none.</param>
public readonly record struct OfferedPeer(ReadOnlyMemory<byte> PeerId, ReadOnlyMemory<byte> SignedPeerRecord);

/// <summary>Which protocol a peer speaks.</summary>
public enum PubsubVersion
{
    /// <summary>/floodsub/1.0.0: gets every message, knows no control messages.</summary>
    Floodsub,

    /// <summary>/meshsub/1.0.0.</summary>
    Gossipsub10,

    /// <summary>/meshsub/1.1.0.</summary>
    Gossipsub11,

    /// <summary>/meshsub/1.2.0: knows IDONTWANT.</summary>
    Gossipsub12,
}
