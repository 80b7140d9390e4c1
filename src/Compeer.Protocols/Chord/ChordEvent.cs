using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Chord;

/// <summary>What a Chord node has to tell its user.</summary>
public abstract record ChordEvent<TPeer>
    where TPeer : struct, IEquatable<TPeer>
{
    private ChordEvent()
    {
    }

    /// <summary>The node is on the ring.</summary>
    public sealed record Joined : ChordEvent<TPeer>;

    /// <summary>A lookup ended.</summary>
    /// <param name="Id">The number that the lookup was given.</param>
    /// <param name="Key">The key.</param>
    /// <param name="Owners">The owner first, then those that replicate it; empty when nobody was found.</param>
    /// <param name="Hops">Nodes that answered one after the other, the owner itself included; 0 when we are the owner.</param>
    /// <param name="Timeouts">Nodes asked that did not answer.</param>
    public sealed record LookupEnded(uint Id, RingKey Key, IReadOnlyList<RingContact<TPeer>> Owners, int Hops, int Timeouts) : ChordEvent<TPeer>;

    /// <summary>Keys became another's: they are to be handed over, those nearest to <paramref name="After"/> first.</summary>
    /// <param name="After">Keys clockwise after this one ...</param>
    /// <param name="UpTo">... and up to this one.</param>
    /// <param name="NewOwner">Whose they are now.</param>
    public sealed record RangeLost(RingKey After, RingKey UpTo, RingContact<TPeer> NewOwner) : ChordEvent<TPeer>;

    /// <summary>Keys became ours, because the node before us went; what it had, its replicas have.</summary>
    /// <param name="After">Keys clockwise after this one ...</param>
    /// <param name="UpTo">... and up to this one.</param>
    public sealed record RangeGained(RingKey After, RingKey UpTo) : ChordEvent<TPeer>;

    /// <summary>Other nodes than before follow us: our keys need replicas there.</summary>
    /// <param name="Successors">The nodes that follow, nearest first.</param>
    public sealed record SuccessorsMoved(IReadOnlyList<RingContact<TPeer>> Successors) : ChordEvent<TPeer>;
}
