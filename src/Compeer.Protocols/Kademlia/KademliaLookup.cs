namespace Compeer.Protocols.Kademlia;

/// <summary>
/// Finds the contacts nearest to a key by asking ever nearer ones. It knows no message: its user asks whom it names, and
/// tells it what came of it. With several paths no contact is asked on two of them, so that one liar spoils only one.
/// Contacts whose key cannot have been chosen are trusted: as many of them must answer as of the others, so that nobody hides
/// a key by placing nodes of his around it. Single-threaded.
/// </summary>
/// <remarks>Spec: Kademlia (2002), section 2.3; S/Kademlia (2007), section 4.4.</remarks>
public sealed class KademliaLookup<TKey, TContact>
    where TKey : struct, IKademliaKey<TKey>
    where TContact : struct, IEquatable<TContact>
{
    private readonly Func<TContact, ulong> _networkOf;
    private readonly Func<TKey, TContact, bool>? _isTrusted;
    private readonly LookupPath<TKey, TContact>[] _paths;
    private readonly TimeSpan _shortTimeout;
    private int _turn;

    /// <param name="target">The key that is looked for.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="networkOf">A number for the network of a contact, one of which may be asked on a path; 0 for a contact that always may.</param>
    /// <param name="isTrusted">Whether a contact's key follows from something that it could not choose; null when that is true of all.</param>
    public KademliaLookup(TKey target, LookupOptions options, Func<TContact, ulong> networkOf, Func<TKey, TContact, bool>? isTrusted = null)
    {
        Target = target;
        _networkOf = networkOf;
        _isTrusted = isTrusted;
        _shortTimeout = options.ShortTimeout;
        _paths = new LookupPath<TKey, TContact>[options.Paths];
        for (int i = 0; i < _paths.Length; i++)
            _paths[i] = new LookupPath<TKey, TContact>(target, options);
    }

    /// <summary>The key that is looked for.</summary>
    public TKey Target { get; }

    /// <summary>After so long another contact may be asked beside one that has not answered; null for the options' own time.</summary>
    public RoundTripEstimate? RoundTrips { get; init; }

    /// <summary>Paths that share no contact.</summary>
    public int PathCount => _paths.Length;

    /// <summary>Questions asked.</summary>
    public int Asked { get; private set; }

    /// <summary>Answers received.</summary>
    public int Replied { get; private set; }

    /// <summary>Steps from our own table to the nearest contact that answered; 1 for one out of the table.</summary>
    public int Hops { get; private set; }

    /// <summary>Adds a contact from our own table; paths take turns.</summary>
    public void Seed(in TKey key, in TContact contact)
    {
        if (Add(_turn, key, contact, 1))
            _turn = (_turn + 1) % _paths.Length;
    }

    /// <summary>A contact that is not to be asked, whoever names it.</summary>
    public void Shun(in TKey key, in TContact contact)
    {
        if (Add(_turn, key, contact, 1) && TryFind(contact, out int path, out int at))
            _paths[path].Candidates[at].State = LookupState.Shunned;
    }

    /// <summary>Adds a contact that <paramref name="source"/> named in its answer.</summary>
    public void Add(in TContact source, in TKey key, in TContact contact)
    {
        if (TryFind(source, out int path, out int at))
            Add(path, key, contact, _paths[path].Candidates[at].Hops + 1);
    }

    /// <summary>Whom to ask next; false when nobody is to be asked now.</summary>
    public bool TryNext(Instant now, out TKey key, out TContact contact)
    {
        for (int i = 0; i < _paths.Length; i++)
        {
            int path = (_turn + i) % _paths.Length;
            int at = _paths[path].Next();
            if (at < 0)
                continue;
            _turn = (path + 1) % _paths.Length;
            ref LookupCandidate<TKey, TContact> next = ref _paths[path].Candidates[at];
            next.State = LookupState.Waiting;
            next.AskedAt = now;
            next.ShortTimeout = RoundTrips?.Timeout ?? _shortTimeout;
            Asked++;
            (key, contact) = (next.Key, next.Contact);
            return true;
        }
        (key, contact) = (default, default);
        return false;
    }

    /// <summary>A contact answered; true when the lookup had asked it.</summary>
    /// <param name="contact">Who.</param>
    /// <param name="now">The time, from which <see cref="RoundTrips"/> learns; not needed without it.</param>
    public bool OnReply(in TContact contact, Instant now = default)
    {
        if (!TryFind(contact, out int path, out int at))
            return false;
        ref LookupCandidate<TKey, TContact> candidate = ref _paths[path].Candidates[at];
        if (candidate.State is LookupState.New or LookupState.Replied or LookupState.Shunned)
            return false;
        candidate.State = LookupState.Replied;
        if (now > candidate.AskedAt)
            RoundTrips?.Add(now - candidate.AskedAt);
        Replied++;
        if (IsNearestReplied(candidate.Key))
            Hops = candidate.Hops;
        return true;
    }

    /// <summary>A contact did not answer, or refused.</summary>
    public void OnFailure(in TContact contact)
    {
        if (!TryFind(contact, out int path, out int at))
            return;
        ref LookupCandidate<TKey, TContact> candidate = ref _paths[path].Candidates[at];
        if (candidate.State is LookupState.Waiting or LookupState.Late)
            candidate.State = LookupState.Failed;
    }

    /// <summary>When <see cref="OnDeadline"/> has something to do; <see cref="Instant.Never"/> when nothing is under way.</summary>
    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Never;
            foreach (LookupPath<TKey, TContact> path in _paths)
                next = Instant.Min(next, path.NextDeadline());
            return next;
        }
    }

    /// <summary>Lets slow contacts no longer hold up the others.</summary>
    public void OnDeadline(Instant now)
    {
        foreach (LookupPath<TKey, TContact> path in _paths)
            path.OnDeadline(now);
    }

    /// <summary>Nobody is left to be asked or waited for.</summary>
    public bool IsDone => Array.TrueForAll(_paths, p => p.IsDone());

    /// <summary>The nearest contacts that answered, nearest first.</summary>
    public IReadOnlyList<(TKey Key, TContact Contact)> ClosestReplied(int count) => Closest(count, LookupState.Replied);

    /// <summary>The nearest contacts that were asked and did not answer, nearest first.</summary>
    public IReadOnlyList<(TKey Key, TContact Contact)> ClosestFailed(int count) => Closest(count, LookupState.Failed);

    /// <summary>Gives its memory back when its outcome has been read: it knows nobody any more.</summary>
    public void Clear()
    {
        foreach (LookupPath<TKey, TContact> path in _paths)
            path.Clear();
    }

    private List<(TKey Key, TContact Contact)> Closest(int count, LookupState state)
    {
        var nearest = new List<(TKey Key, TContact Contact)>();
        foreach (LookupPath<TKey, TContact> path in _paths)
        {
            int taken = 0;
            foreach (ref readonly LookupCandidate<TKey, TContact> candidate in path.Candidates)
            {
                if (taken == count)
                    break;
                if (candidate.State != state)
                    continue;
                nearest.Add((candidate.Key, candidate.Contact));
                taken++;
            }
        }
        if (_paths.Length > 1)
            nearest.Sort((a, b) => Target.CompareDistance(a.Key, b.Key));
        return nearest.Count <= count ? nearest : nearest[..count];
    }

    private bool Add(int path, in TKey key, in TContact contact, int hops)
    {
        if (TryFind(contact, out _, out _))
            return false;
        var added = new LookupCandidate<TKey, TContact>
        {
            Key = key, Contact = contact, Hops = hops, IsTrusted = _isTrusted is null || _isTrusted(key, contact),
        };
        return _paths[path].TryAdd(added, contact.GetHashCode(), _networkOf(contact));
    }

    private bool TryFind(in TContact contact, out int path, out int at)
    {
        int hash = contact.GetHashCode();
        for (path = 0; path < _paths.Length; path++)
        {
            at = _paths[path].IndexOf(contact, hash);
            if (at >= 0)
                return true;
        }
        at = -1;
        return false;
    }

    private bool IsNearestReplied(in TKey key)
    {
        foreach (LookupPath<TKey, TContact> path in _paths)
        {
            foreach (ref readonly LookupCandidate<TKey, TContact> other in path.Candidates)
            {
                if (other.State != LookupState.Replied)
                    continue;
                if (Target.CompareDistance(other.Key, key) < 0)
                    return false;
                break;
            }
        }
        return true;
    }
}
