using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Pastry;

/// <summary>What Pastry nodes say to each other.</summary>
public enum PastryMessageKind : byte
{
    /// <summary>A message on its way to the node nearest to a key.</summary>
    Route,

    /// <summary>A newcomer's request on its way to the node nearest to the newcomer's key.</summary>
    Join,

    /// <summary>Nodes that the receiver may want to know.</summary>
    Contacts,

    /// <summary>The leaf set of the node nearest to a newcomer, which ends its joining.</summary>
    Welcome,

    /// <summary>The sender has joined.</summary>
    Arrived,

    /// <summary>Question: who is in your leaf set?</summary>
    AskLeaves,

    /// <summary>Question: who is in a row of your table?</summary>
    AskRow,

    /// <summary>A newcomer's request comes back: whoever sends it has not joined itself, and is to be gone round.</summary>
    NotJoined,
}

/// <summary>One message of Pastry.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Key">Where it is routed to; of the others the sender's own key.</param>
/// <param name="Id">The number that the origin gave it.</param>
/// <param name="Hops">Steps it has made; of <see cref="PastryMessageKind.AskRow"/> the row.</param>
/// <param name="Origin">Who sent it first.</param>
/// <param name="Contacts">The nodes told; never null.</param>
public readonly record struct PastryMessage<TPeer>(PastryMessageKind Kind, RingKey Key, ulong Id, int Hops, RingContact<TPeer> Origin, RingContact<TPeer>[] Contacts) : IOverlayMessage
    where TPeer : struct, IEquatable<TPeer>
{
    public int KindNumber => (int)Kind;

    public ulong Digest => new MessageDigest((ulong)Kind).Add(Key).Add(Id).Add((ulong)Hops).Add(Origin.Key).Add<TPeer>(Contacts).Value;
}
