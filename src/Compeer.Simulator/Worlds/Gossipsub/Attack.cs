namespace Compeer.Simulator.Worlds.Gossipsub;

/// <summary>What the Sybils of a case do with messages.</summary>
public enum AttackKind
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>They forward nothing.</summary>
    Silent,

    /// <summary>They forward every other message.</summary>
    Degrade,

    /// <summary>They forward everything but the messages of one author.</summary>
    Censor,

    /// <summary>They forward everything until they all stop at once.</summary>
    CovertFlash,
}

/// <summary>One case: who attacks, how, and what defends.</summary>
/// <param name="Name">As the report calls it.</param>
/// <param name="Kind">What Sybils do.</param>
/// <param name="SybilsPerHonest">How many there are.</param>
/// <param name="IsColdBoot">They are there from the start, not only when the mesh stands.</param>
/// <param name="IsScored">Gossipsub 1.1 with scores; else 1.0.</param>
public sealed record Attack(string Name, AttackKind Kind, double SybilsPerHonest, bool IsColdBoot = false, bool IsScored = true)
{
    /// <summary>All messages come from one author, to whom so many Sybils connect, each; 0 for authors at random.</summary>
    public int Eclipsing { get; init; }

    /// <summary>Share of the honest that die at once, in the middle.</summary>
    public double Dying { get; init; }
}
