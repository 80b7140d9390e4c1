namespace Compeer.Protocols.Scribe;

/// <summary>Our place in a group's tree.</summary>
internal sealed class ScribeGroup<TPeer>
    where TPeer : struct, IEquatable<TPeer>
{
    private const int MostRounds = 16;

    private readonly Queue<ulong> _seen = new();
    private readonly Queue<ulong> _rounds = new();

    /// <summary>Whether the news is for us too, and not only to be passed on.</summary>
    public bool IsMember { get; set; }

    /// <summary>Null at the root.</summary>
    public TPeer? Parent { get; set; }

    /// <summary>The parent before; news may still come from it until the new one has taken us.</summary>
    public TPeer? OldParent { get; set; }

    /// <summary>The next hop, when it had no room and our parent is a node below it; else null.</summary>
    public TPeer? HandedDownBy { get; set; }

    /// <summary>How often we were handed down since the last refresh.</summary>
    public int HandDowns { get; set; }

    /// <summary>How often we have told the parent that we are here.</summary>
    public int Refreshes { get; set; }

    /// <summary>Which child gets the next node that is handed down.</summary>
    public int NextToHandTo { get; set; }

    /// <summary>Children, when each was last heard, and whether somebody in its branch contributes.</summary>
    public Dictionary<TPeer, (Instant Heard, bool Contributes)> Children { get; } = [];

    /// <summary>What we contribute.</summary>
    public ScribeAggregate? Own { get; set; }

    /// <summary>The round under way.</summary>
    public ScribeRound<TPeer>? Round { get; set; }

    /// <summary>When the root begins the next round, or when others find it strange that none came.</summary>
    public Instant GatherAt { get; set; } = Instant.Never;

    /// <summary>The last total that we know.</summary>
    public ScribeTotal? Total { get; set; }

    /// <summary>Whether somebody in our branch contributes.</summary>
    public bool Contributes => Own is not null || Children.Values.Any(c => c.Contributes);

    /// <summary>Whether anything keeps us in the tree.</summary>
    public bool IsNeeded => IsMember || Own is not null || Children.Count > 0;

    /// <summary>Whether news and rounds may come from there.</summary>
    public bool IsAbove(TPeer peer) => peer.Equals(Parent) || peer.Equals(OldParent);

    /// <summary>Notes news; false when it was here.</summary>
    public bool TryRemember(ulong id, int most) => TryRemember(_seen, id, most);

    /// <summary>Notes a round; false when it was here, and we have given our part.</summary>
    public bool TryRememberRound(ulong id) => TryRemember(_rounds, id, MostRounds);

    private static bool TryRemember(Queue<ulong> seen, ulong id, int most)
    {
        if (seen.Contains(id))
            return false;
        seen.Enqueue(id);
        if (seen.Count > most)
            seen.Dequeue();
        return true;
    }
}
