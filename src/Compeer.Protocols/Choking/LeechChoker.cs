namespace Compeer.Protocols.Choking;

/// <summary>
/// Tit-for-tat: serves those who gave most in the last round, and in turn some who have given nothing yet, so that
/// better partners are found and newcomers get a start. Single-threaded.
/// </summary>
/// <remarks>
/// Slots that nobody earned are given in turn too, since idle upload helps nobody, but not to debtors: a peer that has what
/// we want, took more than <see cref="ChokerOptions.UnpaidBytes"/> and gives next to nothing for it. A debtor gets the
/// optimistic slots alone, and rests between turns, so that a free rider comes last even where slots are plenty. Holds 48
/// bytes a peer; peers' numbers must not be used twice. Deterministic: equals are served in the order of their numbers.
/// Spec: BEP 3, "choking".
/// </remarks>
public sealed class LeechChoker(ChokerOptions options)
{
    /// <summary>Whoever gives less than one part in so many of what it takes gives next to nothing.</summary>
    private const int FairShare = 16;

    private readonly List<int> _optimistic = []; // in the order in which their turns began
    private Dictionary<int, Account> _accounts = [];
    private Dictionary<int, Account> _before = [];
    private Instant _nextRotation;

    /// <summary>Whether a peer that becomes interested while slots are free may be served before the next round.</summary>
    public bool MayServeAtOnce(int peer) => !_accounts.GetValueOrDefault(peer).IsDebtor;

    /// <summary>Whom to serve until the next round.</summary>
    public HashSet<int> Rechoke(IReadOnlyList<ChokeCandidate> candidates, Instant now)
    {
        Count(candidates);
        List<ChokeCandidate> interested = [.. candidates.Where(c => c.IsInterested).OrderBy(c => c.Peer)];
        var served = interested
            .Where(c => c.ReceivedInRound > 0 && !c.IsSnubbing && !IsDebtor(c.Peer))
            .OrderByDescending(c => c.ReceivedInRound)
            .ThenByDescending(c => c.IsUnchoked)
            .Take(Math.Max(0, options.Slots - options.OptimisticSlots))
            .Select(c => c.Peer)
            .ToHashSet();
        if (now >= _nextRotation)
            EndTurns(now);
        interested.RemoveAll(c => served.Contains(c.Peer));
        Keep(interested, options.Slots - served.Count);
        Fill(interested, options.Slots - served.Count, now);
        if (served.Count == 0 && _optimistic.Count == 0 && options.Slots > 0)
            _optimistic.AddRange(interested.OrderBy(WaitsSince).Take(options.OptimisticSlots).Select(c => c.Peer));
        served.UnionWith(_optimistic);
        return served;
    }

    private static Instant WaitsSince(ChokeCandidate c) => c.IsUnchoked ? Instant.Never : c.ChokedAt;

    private bool IsDebtor(int peer) => _accounts[peer].IsDebtor;

    /// <summary>Brings the accounts up to date and forgets peers that are gone.</summary>
    private void Count(IReadOnlyList<ChokeCandidate> candidates)
    {
        (_before, _accounts) = (_accounts, _before);
        _accounts.Clear();
        foreach (ChokeCandidate c in candidates)
        {
            Account account = _before.GetValueOrDefault(c.Peer);
            bool isNewTurn = c.SentInTurn < account.SentInTurn || (c.IsUnchoked && c.UnchokedAt != account.UnchokedAt);
            long sent = isNewTurn ? c.SentInTurn : c.SentInTurn - account.SentInTurn;
            account.SentInTurn = c.SentInTurn;
            account.UnchokedAt = c.IsUnchoked ? c.UnchokedAt : account.UnchokedAt;
            account.Unpaid += sent - c.ReceivedInRound;
            account.IsDebtor = c.IsInteresting && account.Unpaid > options.UnpaidBytes && c.ReceivedInRound <= sent / FairShare;
            _accounts[c.Peer] = account;
        }
    }

    private void EndTurns(Instant now)
    {
        _nextRotation = now + options.OptimisticTurn;
        foreach (int peer in _optimistic)
        {
            if (!_accounts.TryGetValue(peer, out Account account) || !account.IsDebtor)
                continue;
            account.RestUntil = now + options.OptimisticTurn * options.DebtorRestTurns;
            _accounts[peer] = account;
        }
        _optimistic.Clear();
    }

    /// <summary>Whose turn goes on: peers that are still there and within what slots are left; the oldest turns end first.</summary>
    private void Keep(List<ChokeCandidate> waiting, int slots)
    {
        _optimistic.RemoveAll(p => !waiting.Any(c => c.Peer == p));
        int restricted = 0;
        for (int i = _optimistic.Count - 1; i >= 0; i--)
        {
            if (IsRestricted(waiting.Find(c => c.Peer == _optimistic[i])!) && ++restricted > options.OptimisticSlots)
                _optimistic.RemoveAt(i);
        }
        if (_optimistic.Count > slots)
            _optimistic.RemoveRange(0, _optimistic.Count - slots);
    }

    /// <summary>Gives free slots to those who wait, longest first; those who are served now come after them.</summary>
    private void Fill(List<ChokeCandidate> waiting, int slots, Instant now)
    {
        int restricted = _optimistic.Count(p => IsRestricted(waiting.Find(c => c.Peer == p)!));
        foreach (ChokeCandidate c in waiting.OrderBy(WaitsSince))
        {
            if (_optimistic.Count >= slots)
                return;
            if (_optimistic.Contains(c.Peer) || _accounts[c.Peer].RestUntil > now)
                continue;
            if (IsRestricted(c) && ++restricted > options.OptimisticSlots)
                continue;
            _optimistic.Add(c.Peer);
        }
    }

    private bool IsRestricted(ChokeCandidate c) => c.IsSnubbing || IsDebtor(c.Peer);

    private struct Account
    {
        public long SentInTurn;
        public Instant UnchokedAt;
        public long Unpaid;
        public bool IsDebtor;
        public Instant RestUntil;
    }
}
