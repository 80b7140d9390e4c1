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
    private readonly LookupOptions _options;
    private readonly Func<TContact, ulong> _networkOf;
    private readonly Func<TKey, TContact, bool>? _isTrusted;
    private readonly List<Candidate>[] _paths;
    private readonly Dictionary<TContact, Candidate> _known = [];
    private readonly HashSet<(int Path, ulong Network)> _networks = [];
    private int _turn;

    /// <param name="target">The key that is looked for.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="networkOf">A number for the network of a contact, one of which may be asked on a path; 0 for a contact that always may.</param>
    /// <param name="isTrusted">Whether a contact's key follows from something that it could not choose; null when that is true of all.</param>
    public KademliaLookup(TKey target, LookupOptions options, Func<TContact, ulong> networkOf, Func<TKey, TContact, bool>? isTrusted = null)
    {
        Target = target;
        _options = options;
        _networkOf = networkOf;
        _isTrusted = isTrusted;
        _paths = new List<Candidate>[options.Paths];
        for (int i = 0; i < _paths.Length; i++)
            _paths[i] = [];
    }

    private enum State : byte
    {
        New,
        Waiting,
        Late,
        Replied,
        Failed,
    }

    /// <summary>The key that is looked for.</summary>
    public TKey Target { get; }

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

    /// <summary>Adds a contact that <paramref name="source"/> named in its answer.</summary>
    public void Add(in TContact source, in TKey key, in TContact contact)
    {
        if (_known.TryGetValue(source, out Candidate? from))
            Add(from.Path, key, contact, from.Hops + 1);
    }

    /// <summary>Whom to ask next; false when nobody is to be asked now.</summary>
    public bool TryNext(Instant now, out TKey key, out TContact contact)
    {
        for (int i = 0; i < _paths.Length; i++)
        {
            int path = (_turn + i) % _paths.Length;
            if (NextOn(path) is not { } next)
                continue;
            _turn = (path + 1) % _paths.Length;
            next.State = State.Waiting;
            next.AskedAt = now;
            Asked++;
            (key, contact) = (next.Key, next.Contact);
            return true;
        }
        (key, contact) = (default, default);
        return false;
    }

    /// <summary>A contact answered; true when the lookup had asked it.</summary>
    public bool OnReply(in TContact contact)
    {
        if (!_known.TryGetValue(contact, out Candidate? candidate) || candidate.State is State.New or State.Replied)
            return false;
        candidate.State = State.Replied;
        Replied++;
        Hops = ClosestReplied(1) is [var nearest] && nearest.Contact.Equals(contact) ? candidate.Hops : Hops;
        return true;
    }

    /// <summary>A contact did not answer, or refused.</summary>
    public void OnFailure(in TContact contact)
    {
        if (_known.TryGetValue(contact, out Candidate? candidate) && candidate.State is State.Waiting or State.Late)
            candidate.State = State.Failed;
    }

    /// <summary>When <see cref="OnDeadline"/> has something to do; null when nothing is under way.</summary>
    public Instant? NextDeadline
    {
        get
        {
            Instant? next = null;
            foreach (List<Candidate> path in _paths)
            {
                foreach (Candidate candidate in path)
                {
                    if (candidate.State is not (State.Waiting or State.Late))
                        continue;
                    Instant due = candidate.AskedAt + (candidate.State == State.Waiting ? _options.ShortTimeout : _options.Patience);
                    next = next is { } earlier ? Instant.Min(earlier, due) : due;
                }
            }
            return next;
        }
    }

    /// <summary>Lets slow contacts no longer hold up the others.</summary>
    public void OnDeadline(Instant now)
    {
        foreach (List<Candidate> path in _paths)
        {
            foreach (Candidate candidate in path)
            {
                if (candidate.State == State.Waiting && now >= candidate.AskedAt + _options.ShortTimeout)
                    candidate.State = State.Late;
                if (candidate.State == State.Late && now >= candidate.AskedAt + _options.Patience)
                    candidate.State = State.Failed;
            }
        }
    }

    /// <summary>Nobody is left to be asked or waited for.</summary>
    public bool IsDone
    {
        get
        {
            foreach (List<Candidate> path in _paths)
            {
                if (!IsPathDone(path))
                    return false;
            }
            return true;
        }
    }

    /// <summary>The nearest contacts that answered, nearest first.</summary>
    public IReadOnlyList<(TKey Key, TContact Contact)> ClosestReplied(int count)
    {
        var nearest = new List<Candidate>();
        foreach (List<Candidate> path in _paths)
        {
            int taken = 0;
            for (int i = 0; i < path.Count && taken < count; i++)
            {
                if (path[i].State != State.Replied)
                    continue;
                nearest.Add(path[i]);
                taken++;
            }
        }
        if (_paths.Length > 1)
            nearest.Sort((a, b) => Target.CompareDistance(a.Key, b.Key));
        var result = new List<(TKey, TContact)>(Math.Min(count, nearest.Count));
        for (int i = 0; i < nearest.Count && i < count; i++)
            result.Add((nearest[i].Key, nearest[i].Contact));
        return result;
    }

    private bool Add(int path, in TKey key, in TContact contact, int hops)
    {
        List<Candidate> list = _paths[path];
        if (_known.ContainsKey(contact))
            return false;
        int at = list.Count;
        while (at > 0 && Target.CompareDistance(key, list[at - 1].Key) < 0)
            at--;
        if (at > 0 && list[at - 1].Key.Equals(key))
            return false;
        if (list.Count >= _options.MaxCandidates && (at == list.Count || !TryDropFarthest(list)))
            return false;
        while (at > 0 && (at > list.Count || Target.CompareDistance(key, list[at - 1].Key) < 0))
            at--;
        ulong network = _networkOf(contact);
        if (network != 0 && !_networks.Add((path, network)))
            return false;
        var candidate = new Candidate(key, contact, path, hops, _isTrusted is null || _isTrusted(key, contact));
        _known[contact] = candidate;
        list.Insert(Math.Min(at, list.Count), candidate);
        return true;
    }

    /// <summary>The farthest goes, but of those that are not trusted while they are more than half.</summary>
    private static int FarthestToDrop(List<Candidate> list)
    {
        int others = 0;
        foreach (Candidate candidate in list)
            others += candidate.IsTrusted ? 0 : 1;
        bool mayBeTrusted = others * 2 <= list.Count;
        for (int i = list.Count - 1; i >= 0; i--)
        {
            if (list[i].State is not (State.Waiting or State.Late) && (mayBeTrusted || !list[i].IsTrusted))
                return i;
        }
        return -1;
    }

    private bool TryDropFarthest(List<Candidate> list)
    {
        int at = FarthestToDrop(list);
        if (at < 0)
            return false;
        _known.Remove(list[at].Contact);
        list.RemoveAt(at);
        return true;
    }

    private Candidate? NextOn(int path)
    {
        int free = _options.Parallel;
        var quota = new Quota(_options.Closest);
        Candidate? next = null;
        foreach (Candidate candidate in _paths[path])
        {
            if (candidate.State == State.Waiting)
                free--;
            if (!quota.TryTake(candidate, candidate.State is not (State.Failed or State.Late)))
                continue;
            if (candidate.State == State.New)
                next ??= candidate;
        }
        return free > 0 ? next : null;
    }

    private bool IsPathDone(List<Candidate> path)
    {
        var quota = new Quota(_options.Closest);
        foreach (Candidate candidate in path)
        {
            if (quota.TryTake(candidate, candidate.State == State.Replied) && candidate.State is State.New or State.Waiting or State.Late)
                return false;
        }
        return true;
    }

    /// <summary>Counts the nearest of either kind, from the nearest on. Of those that are not trusted only so many are asked, answer or not.</summary>
    private struct Quota(int closest)
    {
        private const int Patience = 3;

        private int _trusted;
        private int _others;
        private int _othersSeen;

        /// <summary>Whether a contact is among those that matter; it uses its place up when it counts.</summary>
        public bool TryTake(Candidate candidate, bool counts)
        {
            if (candidate.IsTrusted)
            {
                if (_trusted >= closest)
                    return false;
                _trusted += counts ? 1 : 0;
                return true;
            }
            if (_others >= closest || _othersSeen >= Patience * closest)
                return false;
            _othersSeen++;
            _others += counts ? 1 : 0;
            return true;
        }
    }

    private sealed class Candidate(TKey key, TContact contact, int path, int hops, bool isTrusted)
    {
        public bool IsTrusted { get; } = isTrusted;

        public TKey Key { get; } = key;

        public TContact Contact { get; } = contact;

        public int Path { get; } = path;

        public int Hops { get; } = hops;

        public State State { get; set; }

        public Instant AskedAt { get; set; }
    }
}
