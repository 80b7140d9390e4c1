namespace Compeer.Protocols.Pastry;

/// <summary>Bounds and times of a Pastry node. Worst case: 32 rows of 16 contacts, of which log16 N fill, and the leaf set.</summary>
public sealed record PastryOptions
{
    /// <summary>Nodes nearest to our own key on both sides together (L).</summary>
    public int LeafSet { get; init; } = 16;

    /// <summary>Steps after which a message is dropped.</summary>
    public int MaxHops { get; init; } = 32;

    /// <summary>How often the nearest leaves are asked for theirs, and one node of each row for its row.</summary>
    public TimeSpan MaintainEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether the place of a node that is gone is filled at once by asking others.</summary>
    public bool RepairsAtOnce { get; init; } = true;

    /// <summary>Nodes found gone that are believed to nobody for a while.</summary>
    public int MaxGone { get; init; } = 128;

    /// <summary>Messages for us that wait to be taken; the oldest go first.</summary>
    public int MaxDeliveries { get; init; } = 1024;
}
