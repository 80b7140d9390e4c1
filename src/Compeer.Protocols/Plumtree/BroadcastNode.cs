using Compeer.Protocols.HyParView;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Plumtree;

/// <summary>HyParView and Plumtree together: members who come and go, and news that reaches all of them. Single-threaded.</summary>
public sealed class BroadcastNode<TPeer>(TPeer self, HyParViewOptions membership, PlumtreeOptions broadcast, Random random, Instant now) : IOverlayMachine<TPeer, BroadcastMessage<TPeer>>
    where TPeer : struct, IEquatable<TPeer>
{
    /// <summary>Who is a neighbour.</summary>
    public HyParViewNode<TPeer> Members { get; } = new(self, membership, random, now);

    /// <summary>What goes along the tree.</summary>
    public PlumtreeNode<TPeer> Tree { get; } = new(broadcast);

    public Instant NextDeadline => Instant.Min(Members.NextDeadline, Tree.NextDeadline);

    /// <summary>The connection to a neighbour broke.</summary>
    public void OnLinkDown(TPeer peer, Instant now) => Members.OnLinkDown(peer, now);

    public void Receive(TPeer from, in BroadcastMessage<TPeer> message, Instant now)
    {
        if (message.Membership is { } members)
            Members.Receive(from, members, now);
        else if (message.Broadcast is { } tree)
            Tree.Receive(from, tree, now);
        TakeChanges();
    }

    public void OnUndelivered(TPeer to, in BroadcastMessage<TPeer> message, Instant now)
    {
        if (message.Membership is { } members)
            Members.OnUndelivered(to, members, now);
        else
            Members.OnLinkDown(to, now);
        TakeChanges();
    }

    public void OnDeadline(Instant now)
    {
        if (Members.NextDeadline <= now)
            Members.OnDeadline(now);
        if (Tree.NextDeadline <= now)
            Tree.OnDeadline(now);
    }

    public bool TryTransmit(out TPeer to, out BroadcastMessage<TPeer> message)
    {
        TakeChanges();
        if (Tree.TryTransmit(out to, out PlumtreeMessage tree))
        {
            message = new BroadcastMessage<TPeer>(null, tree);
            return true;
        }
        bool any = Members.TryTransmit(out to, out HyParViewMessage<TPeer> members);
        message = new BroadcastMessage<TPeer>(members, null);
        return any;
    }

    private void TakeChanges()
    {
        while (Members.TryTakeChange(out TPeer peer, out bool isUp))
        {
            if (isUp)
                Tree.OnNeighbourUp(peer);
            else
                Tree.OnNeighbourDown(peer);
        }
    }
}
