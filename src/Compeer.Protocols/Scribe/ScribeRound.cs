namespace Compeer.Protocols.Scribe;

/// <summary>A round of counting that is under way at one node.</summary>
/// <param name="id">Its number.</param>
/// <param name="asker">Who asked us; null at the root, which asks itself.</param>
/// <param name="deadline">When we answer with what we have.</param>
/// <param name="waiting">Children that have not answered.</param>
/// <param name="sum">What we contribute ourselves.</param>
internal sealed class ScribeRound<TPeer>(ulong id, TPeer? asker, Instant deadline, HashSet<TPeer> waiting, ScribeAggregate sum)
    where TPeer : struct, IEquatable<TPeer>
{
    public ulong Id => id;

    public TPeer? Asker => asker;

    public Instant Deadline => deadline;

    public HashSet<TPeer> Waiting => waiting;

    public ScribeAggregate Sum { get; set; } = sum;
}
