namespace Compeer.Protocols.Choking;

/// <summary>
/// A seed has nothing to gain, so everybody gets a turn: served until a quota of pieces and a minute are used up, then
/// whoever has waited longest is next. Cannot be gamed by speed or by reconnecting, nor by holding a slot without using it.
/// Single-threaded.
/// </summary>
/// <remarks>Holds 24 bytes a peer. Deterministic: equals are served in the order of their numbers.</remarks>
public sealed class SeedChoker(ChokerOptions options)
{
    private Dictionary<int, Progress> _progress = [];
    private Dictionary<int, Progress> _before = [];

    /// <summary>Whom to serve until the next round.</summary>
    public HashSet<int> Rechoke(IReadOnlyList<ChokeCandidate> candidates, int pieceLength, Instant now)
    {
        Count(candidates, now);
        long quota = (long)options.SeedQuotaPieces * pieceLength;
        return candidates
            .Where(c => c.IsInterested)
            .OrderBy(c => c.IsUnchoked ? IsTurnOver(c, quota, now) ? 2 : 0 : 1)
            .ThenBy(c => c.IsUnchoked ? c.UnchokedAt : c.ChokedAt)
            .ThenBy(c => c.Peer)
            .Take(options.Slots)
            .Select(c => c.Peer)
            .ToHashSet();
    }

    private bool IsTurnOver(ChokeCandidate c, long quota, Instant now)
    {
        TimeSpan turn = now - c.UnchokedAt;
        return (c.SentInTurn >= quota && turn >= options.SeedTurn)
            || turn >= options.SeedTurnLimit
            || (turn >= options.SeedIdle && now - _progress[c.Peer].At >= options.SeedIdle);
    }

    private void Count(IReadOnlyList<ChokeCandidate> candidates, Instant now)
    {
        (_before, _progress) = (_progress, _before);
        _progress.Clear();
        foreach (ChokeCandidate c in candidates)
        {
            bool stands = _before.TryGetValue(c.Peer, out Progress before) && before.SentInTurn == c.SentInTurn;
            _progress[c.Peer] = stands ? before : new Progress(c.SentInTurn, now);
        }
    }

    private readonly record struct Progress(long SentInTurn, Instant At);
}
