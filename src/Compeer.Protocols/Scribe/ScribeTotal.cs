namespace Compeer.Protocols.Scribe;

/// <summary>What a group's contributions came to in the last round that we know of.</summary>
/// <param name="Aggregate">The figures.</param>
/// <param name="At">When we learnt of them: at the root the end of the round, at others the begin of the next.</param>
public readonly record struct ScribeTotal(ScribeAggregate Aggregate, Instant At);
