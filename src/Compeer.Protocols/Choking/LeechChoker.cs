namespace Compeer.Protocols.Choking;

/// <summary>
/// Tit-for-tat: serves those who gave most in the last round, and in turn some who have given nothing yet, so that
/// better partners are found and newcomers get a start. Single-threaded.
/// </summary>
/// <remarks>Spec: BEP 3, "choking".</remarks>
public sealed class LeechChoker(ChokerOptions options)
{
    private readonly HashSet<int> _optimistic = [];
    private Instant _nextRotation;

    /// <summary>Whom to serve until the next round.</summary>
    public HashSet<int> Rechoke(IReadOnlyList<ChokeCandidate> candidates, Instant now)
    {
        bool rotate = now >= _nextRotation;
        if (rotate)
            _nextRotation = now + options.OptimisticTurn;
        ChokeCandidate[] interested = [.. candidates.Where(c => c.IsInterested)];
        int regular = Math.Max(0, options.Slots - options.OptimisticSlots);
        var served = interested
            .Where(c => c.ReceivedInRound > 0 && !c.IsSnubbing)
            .OrderByDescending(c => c.ReceivedInRound)
            .ThenByDescending(c => c.IsUnchoked)
            .Take(regular)
            .Select(c => c.Peer)
            .ToHashSet();
        if (rotate)
            _optimistic.Clear();
        _optimistic.RemoveWhere(p => served.Contains(p) || !interested.Any(c => c.Peer == p));

        // Slots that nobody earned are optimistic too: idle upload helps nobody.
        int optimistic = options.Slots - served.Count;
        foreach (ChokeCandidate candidate in interested
            .Where(c => !served.Contains(c.Peer) && !_optimistic.Contains(c.Peer))
            .OrderBy(c => rotate && c.IsUnchoked)
            .ThenBy(c => c.IsUnchoked ? c.UnchokedAt : c.ChokedAt))
        {
            if (_optimistic.Count >= optimistic)
                break;
            _optimistic.Add(candidate.Peer);
        }
        served.UnionWith(_optimistic.Take(optimistic));
        return served;
    }
}
