using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Chord;

/// <summary>What Chord nodes say to each other.</summary>
public enum ChordMessageKind : byte
{
    /// <summary>Question: who is next on the way to a key?</summary>
    FindOwner,

    /// <summary>Answer: nodes on the way, nearest to the key first; then the sender's successors at or after the key, nearest first.</summary>
    Nearer,

    /// <summary>Question: who are your neighbours?</summary>
    AskNeighbours,

    /// <summary>Answer: the predecessor, and the successors, nearest first.</summary>
    Neighbours,

    /// <summary>The sender believes that it is the receiver's predecessor.</summary>
    Notify,

    /// <summary>The sender goes: its predecessor and its successors take over.</summary>
    Leave,
}

/// <summary>One message of Chord.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">The question's number, which the answer repeats.</param>
/// <param name="Key">The key asked for; of <see cref="ChordMessageKind.Notify"/> and <see cref="ChordMessageKind.Leave"/> the sender's own.</param>
/// <param name="Predecessor">The sender's predecessor where it has one and the message tells it; of <see cref="ChordMessageKind.Notify"/> the sender itself.</param>
/// <param name="Contacts">The nodes told; never null.</param>
public readonly record struct ChordMessage<TPeer>(ChordMessageKind Kind, uint Id, RingKey Key, RingContact<TPeer>? Predecessor, RingContact<TPeer>[] Contacts) : IOverlayMessage
    where TPeer : struct, IEquatable<TPeer>
{
    public int KindNumber => (int)Kind;

    public ulong Digest
    {
        get
        {
            MessageDigest sum = new MessageDigest((ulong)Kind).Add(Id).Add(Key).Add<TPeer>(Contacts);
            return (Predecessor is { } predecessor ? sum.Add(predecessor.Key) : sum).Value;
        }
    }
}
