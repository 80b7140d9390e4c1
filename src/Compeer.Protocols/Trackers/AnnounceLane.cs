namespace Compeer.Protocols.Trackers;

/// <summary>
/// A sequence of announces for one swarm id over tiers in order: each pass ends with the first tracker that answers.
/// Spec: BEP 12 (order of processing).
/// </summary>
internal sealed class AnnounceLane(List<TrackerTier> tiers, int swarm)
{
    /// <summary>Index of the swarm id.</summary>
    public int Swarm => swarm;

    /// <summary>When the next announce is due; never while one is on its way.</summary>
    public Instant Due { get; set; } = Instant.Zero;

    public bool InFlight { get; private set; }

    /// <summary>The tracker that answered last.</summary>
    public TrackerEntry? Current { get; private set; }

    /// <summary>The next tracker of this pass; when none is left the lane sleeps until the first may be asked again.</summary>
    public bool TryBegin(Instant now, out TrackerEntry? entry)
    {
        entry = null;
        if (InFlight || now < Due)
            return false;
        Instant retry = Instant.Never;
        foreach (TrackerEntry candidate in tiers.SelectMany(tier => tier.Entries))
        {
            TrackerSwarmState state = candidate[swarm];
            if (state.GivenUp)
                continue;
            if (state.HoldUntil <= now && !state.IsTried)
            {
                state.IsTried = true;
                InFlight = true;
                entry = candidate;
                return true;
            }
            retry = Instant.Min(retry, state.HoldUntil);
        }
        BeginAnew();
        Due = retry;
        return false;
    }

    public void OnSuccess(TrackerEntry entry, Instant nextDue)
    {
        InFlight = false;
        Current = entry;
        Due = nextDue;
        BeginAnew();
        tiers.FirstOrDefault(tier => tier.Entries.Contains(entry))?.Promote(entry);
    }

    private void BeginAnew()
    {
        foreach (TrackerTier tier in tiers)
        {
            foreach (TrackerEntry entry in tier.Entries)
                entry[swarm].IsTried = false;
        }
    }

    /// <summary>Trackers that failed may be tried again as soon as they may be asked out of turn.</summary>
    public void Retry(Instant now)
    {
        foreach (TrackerSwarmState state in tiers.SelectMany(tier => tier.Entries).Select(entry => entry[swarm]).Where(s => s is { Failures: > 0, GivenUp: false }))
        {
            state.HoldUntil = Instant.Min(state.HoldUntil, state.EarliestExtra);
            Due = Instant.Min(Due, state.HoldUntil > now ? state.HoldUntil : now);
        }
    }

    /// <summary>The next tracker is due at once.</summary>
    public void OnFailure() => InFlight = false;
}
