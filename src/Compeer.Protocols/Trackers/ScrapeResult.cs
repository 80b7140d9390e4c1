using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>What a tracker counts in one swarm. Spec: BEP 48, BEP 15 (scrape).</summary>
/// <param name="Seeders">Peers with everything.</param>
/// <param name="Leechers">Peers still downloading.</param>
/// <param name="Downloaded">Completions so far.</param>
public readonly record struct SwarmCounts(int Seeders, int Leechers, int Downloaded);

/// <summary>The outcome of one scrape: counts by swarm, or a failure.</summary>
public sealed class ScrapeResult
{
    public ScrapeResult(ImmutableDictionary<Sha1Hash, SwarmCounts> swarms) => Swarms = swarms;

    public ScrapeResult(TrackerFailure failure) => Failure = failure;

    /// <summary>Only swarms that were asked for and that the tracker knows.</summary>
    public ImmutableDictionary<Sha1Hash, SwarmCounts>? Swarms { get; }

    public TrackerFailure? Failure { get; }

    [MemberNotNullWhen(true, nameof(Swarms))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsSuccess => Swarms is not null;
}
