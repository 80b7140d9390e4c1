using System.Collections.Concurrent;
using Compeer.Formats.Feeds;
using Compeer.Formats.Torrents;
using Compeer.Network.Outbound;
using Compeer.Node.Security;
using Compeer.Node.State;
using Compeer.Node.Torrents;

namespace Compeer.Node.Intake;

/// <summary>
/// Fetches feeds when they are due, one at a time, and adds the items that their rules take, each once. An item that cannot be fetched
/// is tried at three looks.
/// </summary>
public sealed class Feeds : IAsyncDisposable
{
    /// <summary>Fewest minutes between looks.</summary>
    public const int MinMinutes = 5;

    /// <summary>Most minutes between looks: a week.</summary>
    public const int MaxMinutes = 7 * 24 * 60;

    private const string Prefix = "feed/";
    private const int MaxFeeds = 100;
    private const int MaxRules = 50;
    private const int MaxDone = 3000;
    private const int MaxTriedALook = 50;
    private const int MaxTries = 3;
    private const int MaxProblems = 20;
    private const int MaxBytes = 8 << 20;
    private const int DigestDigits = 20;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(10);

    private readonly KeptRecords<Feed> _feeds;
    private readonly TorrentCatalogue _torrents;
    private readonly PublicFetch _fetch;
    private readonly TimeProvider _time;
    private readonly Action<string> _note;
    private readonly ConcurrentDictionary<string, Look> _looks = new();
    private readonly SemaphoreSlim _asked = new(0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _loop;

    /// <summary>Begins to look, once the torrents have started.</summary>
    /// <param name="state">Where the feeds are remembered.</param>
    /// <param name="torrents">Where torrents are added.</param>
    /// <param name="fetch">How feeds and torrent files are fetched.</param>
    /// <param name="time">Says what is due.</param>
    /// <param name="note">Told of what goes wrong.</param>
    public Feeds(StateStore state, TorrentCatalogue torrents, PublicFetch fetch, TimeProvider time, Action<string> note)
    {
        (_torrents, _fetch, _time, _note) = (torrents, fetch, time, note);
        _feeds = new KeptRecords<Feed>(state, Prefix, MaxFeeds);
        _loop = RunAsync();
    }

    /// <summary>The feeds, each with what could not be added since the start.</summary>
    public IReadOnlyList<(string Id, Feed Feed, IReadOnlyList<IntakeProblem> Problems)> All =>
        [.. _feeds.All.Select(f => (f.Id, f.Value, _looks.TryGetValue(f.Id, out Look? look) ? look.Problems : (IReadOnlyList<IntakeProblem>)[]))];

    /// <summary>The items of the last look; empty before it. Null when there is no such feed.</summary>
    public IReadOnlyList<FeedEntry>? EntriesOf(string id) => _feeds.Find(id) is null ? null : _looks.TryGetValue(id, out Look? look) ? look.Entries : [];

    /// <summary>Looks at a feed from now on; its id.</summary>
    /// <exception cref="NodeException">It cannot be used.</exception>
    public string Add(Feed feed)
    {
        Check(feed);
        if (_feeds.All.Any(f => f.Value.Url == feed.Url))
            throw new NodeException(NodeFailure.Usage, $"The feed '{feed.Url}' is here already.");
        string id = _feeds.Add(feed);
        _asked.Release();
        return id;
    }

    /// <summary>Changes a feed; what it said before is looked at again. False when there is none.</summary>
    /// <exception cref="NodeException">It cannot be used so.</exception>
    public bool Change(string id, Func<Feed, Feed> change)
    {
        bool isHere = _feeds.Update(id, f =>
        {
            Feed next = change(f) with { ETag = null, LastModified = null, Changes = f.Changes + 1 };
            Check(next);
            return next;
        }) is not null;
        return isHere && Ask(id);
    }

    /// <summary>Looks at a feed now; false when there is none.</summary>
    public bool Ask(string id)
    {
        if (_feeds.Find(id) is null)
            return false;
        LookOf(id).IsAsked = true;
        _asked.Release();
        return true;
    }

    /// <summary>Forgets a feed; false when there was none.</summary>
    /// <exception cref="NodeException">The disk refuses.</exception>
    public bool Remove(string id) => _feeds.Remove(id);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _loop;
        _ending.Dispose();
        _asked.Dispose();
    }

    private static void Check(Feed feed)
    {
        if (!Uri.TryCreate(feed.Url, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https") || feed.Url.Length > 2000)
            throw new NodeException(NodeFailure.BadInput, $"'{feed.Url}' is no address of a feed. It begins with http:// or https://.");
        if (feed.EveryMinutes is < MinMinutes or > MaxMinutes)
            throw new NodeException(NodeFailure.BadInput, $"A feed is looked at every {MinMinutes} to {MaxMinutes} minutes.");
        if (feed.Rules.Length > MaxRules)
            throw new NodeException(NodeFailure.BadInput, $"A feed has at most {MaxRules} rules.");
        foreach (FeedRule rule in feed.Rules)
        {
            foreach (string? text in (string?[])[rule.Match, rule.Exclude])
            {
                if (text is not null && !TitlePattern.TryRead(text, out _, out string problem))
                    throw new NodeException(NodeFailure.BadInput, $"'{text}' cannot be looked for: {problem.TrimEnd('.')}.");
            }
        }
    }

    private Look LookOf(string id) => _looks.GetOrAdd(id, _ => new Look());

    private async Task RunAsync()
    {
        try
        {
            await _torrents.Started.WaitAsync(_ending.Token);
            while (true)
            {
                foreach ((string id, Feed feed) in _feeds.All)
                {
                    if (IsDue(feed) || LookOf(id).IsAsked)
                        await LookAsync(id, feed, LookOf(id));
                }
                foreach (string gone in _looks.Keys.Except(_feeds.All.Select(f => f.Id)))
                    _looks.TryRemove(gone, out _);
                await _asked.WaitAsync(_feeds.All.Count == 0 ? Timeout.InfiniteTimeSpan : Pace, _ending.Token);
            }
        }
        catch (Exception e) when (_ending.IsCancellationRequested || _torrents.Started.IsFaulted)
        {
            // The node ends, or could not start and has said so.
            _ = e;
        }
    }

    private bool IsDue(Feed feed) => feed.LastChecked is not { } last || _time.GetUtcNow() - last is var ago && (ago < TimeSpan.Zero || ago >= TimeSpan.FromMinutes(feed.EveryMinutes));

    private async Task LookAsync(string id, Feed feed, Look look)
    {
        look.IsAsked = false;
        try
        {
            FetchedPage page = await _fetch.GetAsync(feed.Url, MaxBytes, new PageVersion(feed.ETag, feed.LastModified), _ending.Token);
            if (page.Body is not { } body)
                _feeds.Update(id, f => f with { LastChecked = _time.GetUtcNow(), Error = null });
            else if (FeedDocument.TryParse(body, out FeedDocument? document, out string error))
                await TakeAsync(id, feed, look, document, page.Version);
            else
                Fail(id, feed, $"What it answers cannot be used: {error}.");
        }
        catch (Exception e) when (e is IOException or NodeException)
        {
            Fail(id, feed, e is NodeException ? e.Message : $"It cannot be fetched: {e.Message}.");
        }
    }

    private void Fail(string id, Feed feed, string error)
    {
        if (error != feed.Error)
            _note($"Feed '{feed.Url}': {error}");
        try
        {
            _feeds.Update(id, f => f with { LastChecked = _time.GetUtcNow(), Error = error });
        }
        catch (NodeException)
        {
            // The disk is full: the feed is looked at again at the next round.
        }
    }

    private async Task TakeAsync(string id, Feed feed, Look look, FeedDocument document, PageVersion version)
    {
        (TitlePattern Match, TitlePattern? Exclude)[] rules = [.. feed.Rules.Select(r => (Read(r.Match), string.IsNullOrEmpty(r.Exclude) ? null : Read(r.Exclude)))];
        var done = new HashSet<string>(feed.Done);
        var entries = new List<FeedEntry>();
        bool isWhole = true;
        int tried = 0;
        foreach (FeedItem item in document.Items)
        {
            int rule = Array.FindIndex(rules, r => r.Match.Matches(item.Title) && r.Exclude?.Matches(item.Title) != true);
            string digest = Secrets.Digest(item.Key)[..DigestDigits];
            bool isWanted = rule >= 0 && item.Link.Length > 0 && !done.Contains(digest);
            if (isWanted && tried++ < MaxTriedALook && await AddAsync(feed, feed.Rules[rule], item, look) is var outcome and not Outcome.Later)
            {
                done.Add(digest);
                _feeds.Update(id, f => f with { Added = f.Added + (outcome == Outcome.Added ? 1 : 0), Done = [.. f.Done.Append(digest).TakeLast(MaxDone)] });
            }
            isWhole &= !isWanted || done.Contains(digest);
            entries.Add(new FeedEntry(item.Title, item.Link, item.Published, done.Contains(digest), rule >= 0 ? rule : null));
        }
        look.Entries = entries;
        _feeds.Update(id, f =>
        {
            // What is to be tried again, or by other rules, has to be sent again.
            bool isRead = isWhole && f.Changes == feed.Changes;
            return f with { Title = document.Title, LastChecked = _time.GetUtcNow(), Error = null, ETag = isRead ? version.ETag : null, LastModified = isRead ? version.LastModified : null };
        });
    }

    /// <exception cref="NodeException">The disk is full, or the node not ready.</exception>
    private async Task<Outcome> AddAsync(Feed feed, FeedRule rule, FeedItem item, Look look)
    {
        try
        {
            NewTorrent torrent = item.Link.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase)
                ? NewTorrent.FromLink(item.Link)
                : NewTorrent.FromFile(await _fetch.GetAsync(new Uri(new Uri(feed.Url), item.Link).ToString(), (int)MetainfoLimits.Default.Bencode.MaxBytes, _ending.Token));
            await _torrents.AddAsync(torrent with { Directory = rule.Directory, Labels = rule.Labels }, _ending.Token);
            look.Tries.Remove(item.Key);
            return Outcome.Added;
        }
        catch (Exception e) when (e is IOException or UriFormatException or NodeException { Failure: NodeFailure.BadInput })
        {
            int tries = look.Tries[item.Key] = look.Tries.GetValueOrDefault(item.Key) + 1;
            bool isLast = tries == MaxTries;
            if (isLast)
                look.Tries.Remove(item.Key);
            look.Problems = [.. look.Problems.Prepend(new IntakeProblem(item.Title, $"{e.Message}{(isLast ? " It is not tried again." : "")}", _time.GetUtcNow())).Take(MaxProblems)];
            _note($"Feed '{feed.Url}', '{item.Title}': {e.Message}");
            return isLast ? Outcome.GivenUp : Outcome.Later;
        }
    }

    private static TitlePattern Read(string text) => TitlePattern.TryRead(text, out TitlePattern? pattern, out string problem) ? pattern : throw new NodeException(NodeFailure.BadInput, problem);

    private enum Outcome
    {
        Added,
        Later,
        GivenUp,
    }

    /// <summary>What is known of a feed since the start. The loop writes it.</summary>
    private sealed class Look
    {
        private volatile IReadOnlyList<FeedEntry> _entries = [];
        private volatile IReadOnlyList<IntakeProblem> _problems = [];

        /// <summary>Somebody wants it looked at now.</summary>
        public volatile bool IsAsked;

        public IReadOnlyList<FeedEntry> Entries { get => _entries; set => _entries = value; }

        public IReadOnlyList<IntakeProblem> Problems { get => _problems; set => _problems = value; }

        /// <summary>How often items were tried, by key.</summary>
        public Dictionary<string, int> Tries { get; } = [];
    }
}
