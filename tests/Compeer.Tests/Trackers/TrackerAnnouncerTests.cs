using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>Whom a torrent tells what and when. Spec: BEP 3 (events), BEP 12 (tiers), BEP 31.</summary>
public class TrackerAnnouncerTests
{
    private static readonly TrackerAnnouncerOptions Strict = new() { AnnounceToAllTiers = false };

    [Fact]
    public void All_tiers_are_asked_by_default_one_tracker_of_each()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://a/announce", "http://b/announce"], ["udp://c:1"]);
        List<AnnounceJob> jobs = Take(announcer, 0);
        Assert.Equal(2, jobs.Count);
        Assert.All(jobs, job => Assert.Equal(AnnounceEvent.Started, job.Event));
        Assert.Contains(jobs, job => job.Url.Host == "c");
    }

    [Fact]
    public void Strictly_the_next_tier_is_asked_only_when_the_first_fails()
    {
        TrackerAnnouncer announcer = Create(Strict, ["http://a/announce", "http://b/announce"], ["udp://c:1"]);
        var asked = new List<string>();
        for (int i = 0; i < 3; i++)
        {
            AnnounceJob job = Assert.Single(Take(announcer, i));
            asked.Add(job.Url.Host);
            announcer.OnResult(job, i < 2 ? TrackerSamples.Failure() : TrackerSamples.Success(), TrackerSamples.At(i));
        }
        Assert.Equal(["a", "b"], asked.Take(2).Order());
        Assert.Equal("c", asked[2]);
        Assert.Empty(Take(announcer, 100));

        // BEP 12: the next announce begins with the first tier again.
        Assert.Equal(TrackerSamples.At(1802), announcer.NextDeadline);
        Assert.NotEqual("c", Assert.Single(Take(announcer, 1802)).Url.Host);
    }

    [Fact]
    public void A_tracker_that_answers_comes_first_from_then_on()
    {
        TrackerAnnouncer announcer = Create(Strict, ["http://a/announce", "http://b/announce", "http://c/announce"]);
        AnnounceJob first = Assert.Single(Take(announcer, 0));
        announcer.OnResult(first, TrackerSamples.Failure(), TrackerSamples.At(0));
        AnnounceJob second = Assert.Single(Take(announcer, 0));
        announcer.OnResult(second, TrackerSamples.Success(), TrackerSamples.At(0));

        AnnounceJob next = Assert.Single(Take(announcer, 1800));
        Assert.Equal(second.Url, next.Url);
        Assert.Equal(AnnounceEvent.None, next.Event);
    }

    [Fact]
    public void A_tier_is_shuffled_when_it_is_read()
    {
        var firsts = new HashSet<string>();
        for (int seed = 0; seed < 50; seed++)
        {
            var announcer = new TrackerAnnouncer(Strict, [["http://a/", "http://b/", "http://c/"]], [TrackerSamples.Hash(1)], false, new Random(seed));
            firsts.Add(Assert.Single(Take(announcer, 0)).Url.Host);
        }
        Assert.Equal(3, firsts.Count);
    }

    [Fact]
    public void Completed_is_told_at_once_once_and_only_to_those_who_saw_us_download()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://a/announce"], ["http://dead/announce"]);
        List<AnnounceJob> jobs = Take(announcer, 0);
        announcer.OnResult(jobs.Single(j => j.Url.Host == "a"), TrackerSamples.Success(), TrackerSamples.At(1));
        announcer.OnResult(jobs.Single(j => j.Url.Host == "dead"), TrackerSamples.Failure(), TrackerSamples.At(1));
        announcer.OnCompleted(TrackerSamples.At(10));
        announcer.OnCompleted(TrackerSamples.At(10));

        AnnounceJob completed = Assert.Single(Take(announcer, 10));
        Assert.Equal(("a", AnnounceEvent.Completed), (completed.Url.Host, completed.Event));
        announcer.OnResult(completed, TrackerSamples.Success(), TrackerSamples.At(11));

        AnnounceJob late = Assert.Single(Take(announcer, 100));
        Assert.Equal(("dead", AnnounceEvent.Started), (late.Url.Host, late.Event));
        announcer.OnResult(late, TrackerSamples.Success(), TrackerSamples.At(100));
        List<AnnounceJob> regular = Take(announcer, 5000);
        Assert.Equal(2, regular.Count);
        Assert.All(regular, job => Assert.Equal(AnnounceEvent.None, job.Event));
    }

    [Fact]
    public void Completion_during_an_announce_is_told_right_after_it()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://a/announce"]);
        AnnounceJob started = Assert.Single(Take(announcer, 0));
        announcer.OnCompleted(TrackerSamples.At(1));
        Assert.Empty(Take(announcer, 1));
        announcer.OnResult(started, TrackerSamples.Success(), TrackerSamples.At(2));
        Assert.Equal(AnnounceEvent.Completed, Assert.Single(Take(announcer, 2)).Event);
    }

    [Fact]
    public void A_failed_completed_is_repeated()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://a/announce"]);
        announcer.OnResult(Assert.Single(Take(announcer, 0)), TrackerSamples.Success(), TrackerSamples.At(0));
        announcer.OnCompleted(TrackerSamples.At(5));
        announcer.OnResult(Assert.Single(Take(announcer, 5)), TrackerSamples.Failure(), TrackerSamples.At(5));
        Assert.Empty(Take(announcer, 6));
        Assert.Equal(AnnounceEvent.Completed, Assert.Single(Take(announcer, 60)).Event);
    }

    [Fact]
    public void Complete_from_the_start_sends_no_completed()
    {
        var announcer = new TrackerAnnouncer(new(), [["http://a/"]], [TrackerSamples.Hash(1)], isComplete: true, new Random(1));
        announcer.OnResult(Assert.Single(Take(announcer, 0)), TrackerSamples.Success(), TrackerSamples.At(0));
        announcer.OnCompleted(TrackerSamples.At(1));
        Assert.Empty(Take(announcer, 1));
    }

    [Fact]
    public void Stopped_goes_once_to_each_tracker_that_lists_us_and_nothing_follows()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://a/"], ["http://dead/"], ["http://slow/"]);
        List<AnnounceJob> jobs = Take(announcer, 0);
        AnnounceJob slow = jobs.Single(j => j.Url.Host == "slow");
        announcer.OnResult(jobs.Single(j => j.Url.Host == "a"), TrackerSamples.Success(), TrackerSamples.At(0));
        announcer.OnResult(jobs.Single(j => j.Url.Host == "dead"), TrackerSamples.Failure(), TrackerSamples.At(0));
        announcer.OnStopping(TrackerSamples.At(1));
        Assert.False(announcer.IsFinished);

        AnnounceJob stopped = Assert.Single(Take(announcer, 1));
        Assert.Equal(("a", AnnounceEvent.Stopped, 0), (stopped.Url.Host, stopped.Event, stopped.NumWant));
        announcer.OnResult(stopped, TrackerSamples.Failure(), TrackerSamples.At(2));
        announcer.OnResult(slow, TrackerSamples.Success(), TrackerSamples.At(2));
        AnnounceJob last = Assert.Single(Take(announcer, 2));
        Assert.Equal(("slow", AnnounceEvent.Stopped), (last.Url.Host, last.Event));
        announcer.OnResult(last, TrackerSamples.Success(), TrackerSamples.At(3));
        Assert.True(announcer.IsFinished);
        Assert.Empty(Take(announcer, 1e6));
        Assert.Null(announcer.NextDeadline);
    }

    [Fact]
    public void A_hybrid_torrent_is_announced_under_both_ids()
    {
        var announcer = new TrackerAnnouncer(new(), [["http://a/"]], [TrackerSamples.Hash(1), TrackerSamples.Hash(2)], false, new Random(1));
        List<AnnounceJob> jobs = Take(announcer, 0);
        Assert.Equal([TrackerSamples.Hash(1), TrackerSamples.Hash(2)], jobs.Select(job => job.SwarmId));
        foreach (AnnounceJob job in jobs)
            announcer.OnResult(job, TrackerSamples.Success(), TrackerSamples.At(0));
        announcer.OnStopping(TrackerSamples.At(1));
        Assert.Equal(2, Take(announcer, 1).Count);
    }

    [Fact]
    public void Failures_in_a_row_wait_longer_and_longer_up_to_an_hour()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://dead/"]);
        Instant now = Instant.Zero;
        var pauses = new List<double>();
        for (int i = 0; i < 40; i++)
        {
            Assert.True(announcer.TryNextAnnounce(now, out AnnounceJob? job));
            announcer.OnResult(job, TrackerSamples.Failure(), now);
            Assert.False(announcer.TryNextAnnounce(now, out _));
            pauses.Add((announcer.NextDeadline!.Value - now).TotalSeconds);
            now = announcer.NextDeadline.Value;
        }
        Assert.InRange(pauses[0], 17.5, 19.3);
        Assert.InRange(pauses[1], 55, 60.6);
        Assert.All(pauses.TakeLast(10), pause => Assert.InRange(pause, 3600, 3960));
    }

    [Fact]
    public void Retry_in_is_kept_and_never_means_never()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://busy/"], ["http://gone/"]);
        List<AnnounceJob> jobs = Take(announcer, 0);
        announcer.OnResult(jobs[0], TrackerSamples.Failure(TimeSpan.FromMinutes(5)), TrackerSamples.At(0));
        announcer.OnResult(jobs[1], TrackerSamples.Failure(permanent: true), TrackerSamples.At(0));
        Assert.Empty(Take(announcer, 299));
        Assert.Equal("busy", Assert.Single(Take(announcer, 300)).Url.Host);
        Assert.Equal([TrackerPhase.Announcing, TrackerPhase.GivenUp], announcer.Describe().Select(status => status.Phase));
    }

    [Theory]
    [InlineData("told", 900, null, 900)]
    [InlineData("shorter than the shortest", 1, null, 60)]
    [InlineData("giant", 2e9, null, 21600)]
    [InlineData("shorter than the tracker's own minimum", 120, 600.0, 600)]
    public void Intervals_are_kept_within_reason(string name, double interval, double? minInterval, double expected)
    {
        TrackerAnnouncer announcer = Create(new(), ["http://a/"]);
        announcer.OnResult(Assert.Single(Take(announcer, 0)), TrackerSamples.Success(interval, minInterval), TrackerSamples.At(0));
        Assert.True(announcer.NextDeadline == TrackerSamples.At(expected), name);
    }

    [Fact]
    public void Wanting_peers_keeps_the_minimum_interval()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://a/"]);
        announcer.OnResult(Assert.Single(Take(announcer, 0)), TrackerSamples.Success(1800, 300), TrackerSamples.At(0));
        announcer.OnPeersWanted(TrackerSamples.At(10));
        Assert.Equal(TrackerSamples.At(300), announcer.NextDeadline);
        Assert.Single(Take(announcer, 300));
    }

    [Fact]
    public void Who_asks_has_failed_trackers_tried_again_after_a_minute()
    {
        TrackerAnnouncer announcer = Create(new(), ["http://a/"]);
        double now = 0;
        for (int i = 0; i < 20; i++)
        {
            announcer.OnResult(Assert.Single(Take(announcer, now)), TrackerSamples.Failure(), TrackerSamples.At(now));
            Assert.Empty(Take(announcer, now));
            now += 60;
            announcer.OnAsked(TrackerSamples.At(now - 1));
            Assert.True(announcer.NextDeadline <= TrackerSamples.At(now));
        }
        announcer.OnResult(Assert.Single(Take(announcer, now)), TrackerSamples.Failure(retryIn: TimeSpan.FromHours(2)), TrackerSamples.At(now));
        Assert.Empty(Take(announcer, now));
        announcer.OnAsked(TrackerSamples.At(now + 600));
        Assert.Equal(TrackerSamples.At(now + 7200), announcer.NextDeadline);
    }

    [Fact]
    public void Trackers_are_bounded_known_once_and_usable()
    {
        string[][] tiers = [.. Enumerable.Range(0, 500).Select(i => new[] { $"http://t{i}/announce", $"http://t{i}/announce", "ws://x/", "nonsense" })];
        var announcer = new TrackerAnnouncer(new(), tiers, [TrackerSamples.Hash(1)], false, new Random(1));
        Assert.Equal(100, announcer.TrackerCount);
        Assert.Equal(8, Take(announcer, 0).Count);
        Assert.False(announcer.TryAddTracker("http://more/", TrackerSamples.At(0)));
    }

    [Fact]
    public void A_tracker_added_later_is_asked_at_once()
    {
        TrackerAnnouncer announcer = Create(new(), []);
        Assert.Null(announcer.NextDeadline);
        Assert.True(announcer.TryAddTracker("udp://late:1", TrackerSamples.At(5)));
        Assert.False(announcer.TryAddTracker("udp://late:1", TrackerSamples.At(5)));
        Assert.Equal("late", Assert.Single(Take(announcer, 5)).Url.Host);
    }

    [Fact]
    public void Random_trackers_never_break_the_rules()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var announcer = new TrackerAnnouncer(
                seed % 2 == 0 ? new() : Strict, [["http://a/", "http://b/"], ["udp://c:1"], ["udp://d:1", "udp://e:1", "udp://f:1"]],
                [TrackerSamples.Hash(1), TrackerSamples.Hash(2)], false, new Random(seed));
            var events = new Dictionary<(Uri, Formats.Hashing.Sha1Hash), List<AnnounceEvent>>();
            var flying = new List<AnnounceJob>();
            double now = 0;
            for (int step = 0; step < 300; step++)
            {
                now += random.Next(1, 400);
                if (step == 150)
                    announcer.OnCompleted(TrackerSamples.At(now));
                if (step == 280)
                    announcer.OnStopping(TrackerSamples.At(now));
                flying.AddRange(Take(announcer, now));
                Assert.True(flying.Count <= 8);
                while (flying.Count > 0 && random.Next(3) > 0)
                {
                    AnnounceJob job = flying[^1];
                    flying.RemoveAt(flying.Count - 1);
                    bool works = random.Next(3) > 0;
                    announcer.OnResult(job, works ? TrackerSamples.Success(random.Next(1, 4000)) : TrackerSamples.Failure(), TrackerSamples.At(now));
                    if (works)
                        (events.TryGetValue((job.Url, job.SwarmId), out List<AnnounceEvent>? list) ? list : events[(job.Url, job.SwarmId)] = []).Add(job.Event);
                }
            }
            foreach (List<AnnounceEvent> told in events.Values)
            {
                Assert.Equal(AnnounceEvent.Started, told[0]);
                Assert.Single(told, AnnounceEvent.Started);
                Assert.True(told.Count(e => e == AnnounceEvent.Completed) <= 1, $"seed {seed}");
                Assert.DoesNotContain(AnnounceEvent.Stopped, told.SkipLast(1));
            }
        }
    }

    private static TrackerAnnouncer Create(TrackerAnnouncerOptions options, params string[][] tiers) =>
        new(options, tiers, [TrackerSamples.Hash(1)], isComplete: false, new Random(1));

    private static List<AnnounceJob> Take(TrackerAnnouncer announcer, double now)
    {
        var jobs = new List<AnnounceJob>();
        while (announcer.TryNextAnnounce(TrackerSamples.At(now), out AnnounceJob? job))
            jobs.Add(job);
        return jobs;
    }
}
