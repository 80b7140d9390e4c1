namespace Compeer.Protocols.Choking;

/// <summary>
/// A seed has nothing to gain, so everybody gets a turn: served until a quota of pieces and a minute are used up, then
/// whoever has waited longest is next. Cannot be gamed by speed or by reconnecting. Single-threaded.
/// </summary>
public sealed class SeedChoker(ChokerOptions options)
{
    /// <summary>Whom to serve until the next round.</summary>
    public HashSet<int> Rechoke(IReadOnlyList<ChokeCandidate> candidates, int pieceLength, Instant now)
    {
        long quota = (long)options.SeedQuotaPieces * pieceLength;
        bool IsTurnOver(ChokeCandidate c) => c.SentInTurn >= quota && now - c.UnchokedAt >= options.SeedTurn;
        return candidates
            .Where(c => c.IsInterested)
            .OrderBy(c => c.IsUnchoked ? IsTurnOver(c) ? 2 : 0 : 1)
            .ThenBy(c => c.IsUnchoked ? c.UnchokedAt : c.ChokedAt)
            .Take(options.Slots)
            .Select(c => c.Peer)
            .ToHashSet();
    }
}
