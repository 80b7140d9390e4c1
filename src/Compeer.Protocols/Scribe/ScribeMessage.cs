using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;

namespace Compeer.Protocols.Scribe;

/// <summary>What Scribe nodes say to each other.</summary>
public enum ScribeMessageKind : byte
{
    /// <summary>The sender wants to be a child of the receiver in a group's tree; also repeated, to see whether the parent is there.</summary>
    Subscribe,

    /// <summary>The sender is no child any more.</summary>
    Unsubscribe,

    /// <summary>News on its way to the root.</summary>
    Publish,

    /// <summary>News on its way down.</summary>
    Multicast,

    /// <summary>A round begins: what does your branch come to?</summary>
    Gather,

    /// <summary>What the sender's branch comes to.</summary>
    Report,

    /// <summary>The sender has no room for another child: one of its own is to be asked.</summary>
    HandDown,
}

/// <summary>One message about a group's tree.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Group">The group; its root is the node nearest to this key.</param>
/// <param name="Id">The number of the news or of the round.</param>
/// <param name="Hops">Steps from who published, or from the root.</param>
/// <param name="Payload">The news itself.</param>
public readonly record struct TreeMessage(ScribeMessageKind Kind, RingKey Group, ulong Id, int Hops, ReadOnlyMemory<byte> Payload = default)
{
    /// <summary>Of <see cref="ScribeMessageKind.Subscribe"/>: somebody in the sender's branch contributes.</summary>
    public bool Contributes { get; init; }

    /// <summary>Of <see cref="ScribeMessageKind.Gather"/> the last total, where there is one; of <see cref="ScribeMessageKind.Report"/> the branch's.</summary>
    public ScribeAggregate? Aggregate { get; init; }

    /// <summary>Of <see cref="ScribeMessageKind.Gather"/>: how long the answer is waited for.</summary>
    public int PatienceMilliseconds { get; init; }
}

/// <summary>A message of Pastry or about a tree, one of the two.</summary>
/// <param name="Routing">Of Pastry.</param>
/// <param name="Tree">About a tree.</param>
public readonly record struct ScribeMessage<TPeer>(PastryMessage<TPeer>? Routing, TreeMessage? Tree) : IOverlayMessage
    where TPeer : struct, IEquatable<TPeer>
{
    /// <summary>Of <see cref="ScribeMessageKind.HandDown"/>: whom to ask.</summary>
    public TPeer? Child { get; init; }

    /// <summary>Kinds about trees come first, those of Pastry from 8 on.</summary>
    public int KindNumber => Tree is { } tree ? (int)tree.Kind : 8 + Routing!.Value.KindNumber;

    public ulong Digest => Tree is { } tree
        ? new MessageDigest((ulong)tree.Kind).Add(tree.Group).Add(tree.Id).Add((ulong)tree.Hops).Add(tree.Contributes ? 1UL : 0).Add(tree.Aggregate?.Digest ?? 0).Value
        : Routing!.Value.Digest;
}
