namespace Compeer.Protocols.Kademlia;

/// <summary>
/// Finds the contacts nearest to a key by asking ever nearer ones. It knows no message: its user asks whom it names, and
/// tells it what came of it. With several paths no contact is asked on two of them, so that one liar spoils only one.
/// Single-threaded.
/// </summary>
/// <remarks>Spec: Kademlia (2002), section 2.3; S/Kademlia (2007), section 4.4.</remarks>
public sealed class KademliaLookup<TKey, TContact>
    where TKey : struct, IKademliaKey<TKey>
    where TContact : struct, IEquatable<TContact>
{
    private readonly LookupOptions _options;
    private readonly Func<TContact, ulong> _networkOf;
    private readonly List<Candidate>[] _paths;
    private readonly Dictionary<TContact, Candidate> _known = [];
    private readonly HashSet<(int Path, ulong Network)> _networks = [];
    private int _turn;

    /// <param name="target">The key that is looked for.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="networkOf">A number for the network of a contact, one of which may be asked on a path; 0 for a contact that always may.</param>
    public KademliaLookup(TKey target, LookupOptions options, Func<TContact, ulong> networkOf)
    {
        Target = target;
        _options = options;
        _networkOf = networkOf;
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
        ulong network = _networkOf(contact);
        if (network != 0 && !_networks.Add((path, network)))
            return false;
        var candidate = new Candidate(key, contact, path, hops);
        _known[contact] = candidate;
        list.Insert(Math.Min(at, list.Count), candidate);
        return true;
    }

    private bool TryDropFarthest(List<Candidate> list)
    {
        for (int i = list.Count - 1; i >= 0; i--)
        {
            if (list[i].State is State.Waiting or State.Late)
                continue;
            _known.Remove(list[i].Contact);
            list.RemoveAt(i);
            return true;
        }
        return false;
    }

    private Candidate? NextOn(int path)
    {
        int free = _options.Parallel;
        int nearer = 0;
        Candidate? next = null;
        foreach (Candidate candidate in _paths[path])
        {
            if (candidate.State == State.Waiting)
                free--;
            if (nearer >= _options.Closest || candidate.State is State.Failed or State.Late)
                continue;
            nearer++;
            if (candidate.State == State.New)
                next ??= candidate;
        }
        return free > 0 ? next : null;
    }

    private bool IsPathDone(List<Candidate> path)
    {
        int nearer = 0;
        foreach (Candidate candidate in path)
        {
            if (nearer >= _options.Closest)
                break;
            if (candidate.State is State.New or State.Waiting or State.Late)
                return false;
            if (candidate.State == State.Replied)
                nearer++;
        }
        return true;
    }

    private sealed class Candidate(TKey key, TContact contact, int path, int hops)
    {
        public TKey Key { get; } = key;

        public TContact Contact { get; } = contact;

        public int Path { get; } = path;

        public int Hops { get; } = hops;

        public State State { get; set; }

        public Instant AskedAt { get; set; }
    }
}
