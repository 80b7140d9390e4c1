using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// Decides for one torrent which tracker to tell what and when: tiers, order, events, intervals, pauses after failures.
/// A hybrid torrent is announced under each of its swarm ids, since v1-only and v2-only peers gather under different ones.
/// Spec: BEP 3 (events), BEP 12 (tiers; <see cref="TrackerAnnouncerOptions.AnnounceToAllTiers"/> says where the default differs), BEP 31, BEP 52.
/// Holds at most <see cref="TrackerAnnouncerOptions.MaxTrackers"/> trackers; single-threaded.
/// </summary>
public sealed class TrackerAnnouncer
{
    private readonly TrackerAnnouncerOptions _options;
    private readonly Sha1Hash[] _swarms;
    private readonly Random _random;
    private readonly List<TrackerTier> _tiers = new(1);
    private readonly List<AnnounceLane> _lanes = new(1);
    private Queue<(TrackerEntry Tracker, int Swarm)>? _stops;
    private bool _isComplete;
    private bool _isStopping;
    private int _inFlight;

    /// <param name="options">Times and limits.</param>
    /// <param name="tiers">Addresses by tier; those that cannot be used, and repeated ones, are left out.</param>
    /// <param name="swarmIds">One name of the swarm, or both of a hybrid.</param>
    /// <param name="isComplete">Nothing was left when the torrent was started: then no completed event is sent.</param>
    /// <param name="random">The order within a tier, and jitter.</param>
    public TrackerAnnouncer(
        TrackerAnnouncerOptions options, IEnumerable<IEnumerable<string>> tiers, IEnumerable<Sha1Hash> swarmIds, bool isComplete, Random random)
    {
        _options = options;
        _swarms = [.. swarmIds.Distinct()];
        _random = random;
        _isComplete = isComplete;
        if (_swarms.Length == 0)
            throw new ArgumentException("A torrent has at least one swarm id.", nameof(swarmIds));
        foreach (IEnumerable<string> tier in tiers)
            AddTier(tier)?.Shuffle(random);
    }

    /// <summary>How many trackers are in use.</summary>
    public int TrackerCount => _tiers.Sum(tier => tier.Entries.Count);

    private bool HasStops => _stops is { Count: > 0 };

    /// <summary>After <see cref="OnStopping"/>: every tracker that listed us was told or given up.</summary>
    public bool IsFinished => _isStopping && !HasStops && _inFlight == 0;

    /// <summary>When <see cref="TryNextAnnounce"/> may have something; null when only a result can change that.</summary>
    public Instant? NextDeadline
    {
        get
        {
            if (_inFlight >= _options.MaxConcurrent)
                return null;
            if (HasStops)
                return Instant.Zero;
            Instant due = Instant.Never;
            foreach (AnnounceLane lane in _lanes)
            {
                if (!lane.InFlight && !_isStopping)
                    due = Instant.Min(due, lane.Due);
            }
            return due == Instant.Never ? null : due;
        }
    }

    /// <summary>Adds a tracker as a tier of its own at the end, due at once; false when it cannot be used, is known, or is one too many.</summary>
    public bool TryAddTracker(string url, Instant now) => !_isStopping && AddTier([url]) is not null;

    /// <summary>The next announce to make now; call until false.</summary>
    public bool TryNextAnnounce(Instant now, [NotNullWhen(true)] out AnnounceJob? job)
    {
        job = null;
        if (_inFlight >= _options.MaxConcurrent)
            return false;
        if (_stops is not null && _stops.TryDequeue(out (TrackerEntry Tracker, int Swarm) stop))
            job = Begin(stop.Tracker, stop.Swarm, null, AnnounceEvent.Stopped);
        for (int i = 0; i < _lanes.Count && job is null && !_isStopping; i++)
        {
            if (_lanes[i].TryBegin(now, out TrackerEntry? entry))
                job = Begin(entry!, _lanes[i].Swarm, _lanes[i], EventFor(entry![_lanes[i].Swarm]));
        }
        return job is not null;
    }

    /// <summary>What became of a job. Each job is given back once; a cancelled one as a failure.</summary>
    public void OnResult(AnnounceJob job, AnnounceResult result, Instant now)
    {
        if (!job.State.InFlight)
            throw new ArgumentException("This job was given back already.", nameof(job));
        job.State.InFlight = false;
        _inFlight--;
        if (job.Lane is null)
            return;
        if (result.IsSuccess)
            OnSuccess(job, job.Lane, result.Response, now);
        else
            OnFailure(job, job.Lane, result.Failure, now);
        if (_isStopping && job.State.IsListed)
            QueueStop(job.Tracker, job.Lane.Swarm);
    }

    /// <summary>The download has just finished: trackers that list us as a downloader are told at once.</summary>
    public void OnCompleted(Instant now)
    {
        if (_isComplete)
            return;
        _isComplete = true;
        foreach (AnnounceLane lane in _lanes)
        {
            if (lane.Current?[lane.Swarm] is { IsListed: true, KnowsComplete: false } && !lane.InFlight)
                lane.Due = now;
        }
    }

    /// <summary>More peers are wanted before the regular announce; trackers' shortest pauses are kept.</summary>
    public void OnPeersWanted(Instant now)
    {
        foreach (AnnounceLane lane in _lanes)
        {
            if (lane.Current is not { } tracker || lane.InFlight)
                continue;
            Instant earliest = tracker[lane.Swarm].EarliestExtra;
            lane.Due = Instant.Min(lane.Due, earliest > now ? earliest : now);
        }
    }

    /// <summary>A person asks for an announce: as <see cref="OnPeersWanted"/>, and trackers that failed are tried again, unless it was just now or they named a time.</summary>
    public void OnAsked(Instant now)
    {
        OnPeersWanted(now);
        foreach (AnnounceLane lane in _lanes)
            lane.Retry(now);
    }

    /// <summary>
    /// The torrent stops: from now on only stopped events, one for each tracker that lists us, not repeated.
    /// An announce on its way should be cancelled by the owner; its tracker is told after it is given back.
    /// </summary>
    public void OnStopping(Instant now)
    {
        if (_isStopping)
            return;
        _isStopping = true;
        foreach (TrackerEntry tracker in _tiers.SelectMany(tier => tier.Entries))
        {
            for (int swarm = 0; swarm < _swarms.Length; swarm++)
            {
                if (tracker[swarm] is { IsListed: true, InFlight: false })
                    QueueStop(tracker, swarm);
            }
        }
    }

    /// <summary>Every tracker and swarm, in order, for a person to see.</summary>
    public IReadOnlyList<TrackerStatus> Describe() =>
    [
        .. from tier in _tiers
           from tracker in tier.Entries
           from swarm in Enumerable.Range(0, _swarms.Length)
           let state = tracker[swarm]
           select new TrackerStatus(
               TrackerUrl.ForDisplay(tracker.Url), tier.Number, _swarms[swarm], state.Phase, state.Message,
               state.Seeders, state.Leechers, state.Peers,
               NextOf(tracker, swarm)),
    ];

    private Instant NextOf(TrackerEntry tracker, int swarm)
    {
        TrackerSwarmState state = tracker[swarm];
        if (state.InFlight || state.GivenUp)
            return Instant.Never;
        return state.Failures > 0 ? state.HoldUntil : _lanes.Find(l => l.Swarm == swarm && l.Current == tracker)?.Due ?? Instant.Never;
    }

    private TrackerTier? AddTier(IEnumerable<string> urls)
    {
        var tier = new TrackerTier(_tiers.Count);
        foreach (string text in urls)
        {
            if (TrackerCount + tier.Entries.Count < _options.MaxTrackers && _options.ParseUrl(text) is { } url && !IsKnown(url) && !tier.Has(url))
                tier.Add(new TrackerEntry(url, _swarms.Length));
        }
        if (tier.Entries.Count == 0)
            return null;
        _tiers.Add(tier);
        for (int swarm = 0; swarm < _swarms.Length; swarm++)
        {
            if (_options.AnnounceToAllTiers)
                _lanes.Add(new AnnounceLane([tier], swarm));
            else if (_tiers.Count == 1)
                _lanes.Add(new AnnounceLane(_tiers, swarm));
        }
        return tier;
    }

    private bool IsKnown(Uri url) => _tiers.Exists(tier => tier.Has(url));

    private AnnounceJob Begin(TrackerEntry tracker, int swarm, AnnounceLane? lane, AnnounceEvent happened)
    {
        _inFlight++;
        tracker[swarm].InFlight = true;
        int wanted = _isComplete ? _options.NumWantWhenComplete : _options.NumWant;
        return new AnnounceJob(tracker, tracker[swarm], lane)
        {
            SwarmId = _swarms[swarm],
            Event = happened,
            NumWant = happened == AnnounceEvent.Stopped ? 0 : wanted,
        };
    }

    private AnnounceEvent EventFor(TrackerSwarmState state)
    {
        if (!state.IsListed)
        {
            // Started with nothing left: this tracker never saw us download, so no completed event follows.
            state.KnowsComplete = _isComplete;
            return AnnounceEvent.Started;
        }
        return _isComplete && !state.KnowsComplete ? AnnounceEvent.Completed : AnnounceEvent.None;
    }

    private void OnSuccess(AnnounceJob job, AnnounceLane lane, AnnounceResponse response, Instant now)
    {
        TrackerSwarmState state = job.State;
        state.IsListed = true;
        state.KnowsComplete |= job.Event == AnnounceEvent.Completed;
        state.Failures = 0;
        state.HoldUntil = Instant.Zero;
        (state.HasAnswered, state.Seeders, state.Leechers, state.Peers) = (true, response.Seeders, response.Leechers, response.Peers.Length);
        state.TrackerId = response.TrackerId ?? state.TrackerId;
        state.Message = response.Warning ?? "";
        state.EarliestExtra = now + Clamp(response.MinInterval ?? response.Interval ?? _options.DefaultInterval);
        bool tellCompletion = _isComplete && !state.KnowsComplete;
        TimeSpan shortest = Clamp(response.MinInterval ?? TimeSpan.Zero);
        TimeSpan pause = Clamp(response.Interval ?? _options.DefaultInterval);
        lane.OnSuccess(job.Tracker, tellCompletion ? now : now + (pause > shortest ? pause : shortest));
    }

    private void OnFailure(AnnounceJob job, AnnounceLane lane, TrackerFailure failure, Instant now)
    {
        TrackerSwarmState state = job.State;
        state.Failures++;
        state.GivenUp = failure.IsPermanent;
        state.Message = failure.Message;
        TimeSpan pause = RetryPause(state.Failures);
        if (failure.RetryIn is { } wish && wish > pause)
            pause = wish < TimeSpan.FromDays(1) ? wish : TimeSpan.FromDays(1);
        state.HoldUntil = now + pause;
        state.EarliestExtra = failure.RetryIn is null ? Instant.Min(state.HoldUntil, now + _options.ShortestInterval) : state.HoldUntil;
        lane.OnFailure();
    }

    /// <summary>FirstRetry x (1 + 2.5 n^2) after the nth failure in a row, up to a tenth longer by chance.</summary>
    private TimeSpan RetryPause(int failures)
    {
        double seconds = _options.FirstRetry.TotalSeconds * (1 + (2.5 * Math.Min(failures, 1000) * Math.Min(failures, 1000)));
        seconds = Math.Min(seconds, _options.LongestRetry.TotalSeconds);
        return TimeSpan.FromSeconds(seconds * (1 + (0.1 * _random.NextDouble())));
    }

    private TimeSpan Clamp(TimeSpan pause) =>
        pause < _options.ShortestInterval ? _options.ShortestInterval
        : pause > _options.LongestInterval ? _options.LongestInterval : pause;

    private void QueueStop(TrackerEntry tracker, int swarm)
    {
        tracker[swarm].IsListed = false;
        (_stops ??= new Queue<(TrackerEntry, int)>()).Enqueue((tracker, swarm));
    }
}
