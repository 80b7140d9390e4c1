namespace Compeer.Protocols.NeighbourSearch;

/// <summary>Somebody has what we look for.</summary>
/// <param name="Query">The search.</param>
/// <param name="Item">What was looked for.</param>
/// <param name="Holder">Who has it.</param>
/// <param name="Hops">How far away, in steps.</param>
public readonly record struct SearchHit<TPeer>(ulong Query, ulong Item, TPeer Holder, int Hops)
    where TPeer : struct, IEquatable<TPeer>;
