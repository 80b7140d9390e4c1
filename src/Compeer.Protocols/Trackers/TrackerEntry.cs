namespace Compeer.Protocols.Trackers;

/// <summary>What is known about one tracker and one swarm id.</summary>
internal sealed class TrackerSwarmState
{
    /// <summary>The tracker has listed us: an announce in this run was answered, and no stopped event was sent since.</summary>
    public bool IsListed { get; set; }

    /// <summary>The tracker knows that nothing is left.</summary>
    public bool KnowsComplete { get; set; }

    public bool InFlight { get; set; }

    public int Failures { get; set; }

    /// <summary>Not to be asked before.</summary>
    public Instant HoldUntil { get; set; } = Instant.Zero;

    public bool GivenUp { get; set; }

    /// <summary>The earliest announce outside the regular pause.</summary>
    public Instant EarliestExtra { get; set; } = Instant.Zero;

    public string? TrackerId { get; set; }

    public bool HasAnswered { get; set; }

    /// <summary>What it said last; not the whole answer, which may hold hundreds of peers.</summary>
    public int? Seeders { get; set; }

    public int? Leechers { get; set; }

    public int Peers { get; set; }

    /// <summary>It was asked in this pass over the trackers.</summary>
    public bool IsTried { get; set; }

    public string Message { get; set; } = "";

    public TrackerPhase Phase => this switch
    {
        { GivenUp: true } => TrackerPhase.GivenUp,
        { InFlight: true } => TrackerPhase.Announcing,
        { Failures: > 0 } => TrackerPhase.Failing,
        { HasAnswered: true } => TrackerPhase.Working,
        _ => TrackerPhase.Waiting,
    };
}

/// <summary>One tracker with a state for each swarm id.</summary>
internal sealed class TrackerEntry(Uri url, int swarms)
{
    private readonly TrackerSwarmState[] _states = [.. Enumerable.Range(0, swarms).Select(_ => new TrackerSwarmState())];

    public Uri Url => url;

    public TrackerSwarmState this[int swarm] => _states[swarm];
}

/// <summary>Trackers of equal rank in the order in which they are tried. Spec: BEP 12.</summary>
internal sealed class TrackerTier(int number)
{
    private readonly List<TrackerEntry> _entries = new(1);

    public int Number => number;

    public IReadOnlyList<TrackerEntry> Entries => _entries;

    public bool Has(Uri url) => _entries.Exists(entry => entry.Url == url);

    public void Add(TrackerEntry entry) => _entries.Add(entry);

    public void Shuffle(Random random)
    {
        for (int i = _entries.Count - 1; i > 0; i--)
        {
            int other = random.Next(i + 1);
            (_entries[i], _entries[other]) = (_entries[other], _entries[i]);
        }
    }

    /// <summary>A tracker that answered comes first from now on.</summary>
    public void Promote(TrackerEntry entry)
    {
        if (_entries.Remove(entry))
            _entries.Insert(0, entry);
    }
}
