using System.Collections.Concurrent;
using System.Threading.Channels;
using Compeer.Network.Connections;

namespace Compeer.Node.Torrents;

/// <summary>What changed among the torrents.</summary>
/// <param name="Sequence">Rises by one with each change.</param>
/// <param name="Changed">Torrents that are new or not as before.</param>
/// <param name="Removed">Ids of those that are gone.</param>
public sealed record FeedChange(long Sequence, IReadOnlyList<TorrentSummary> Changed, IReadOnlyList<string> Removed);

/// <summary>
/// Looks at the torrents of which something changed, once a second while anything does: keeps their summaries and rates, notes names, sizes and completions, and
/// tells whoever listens. Torrents that stand still cost nothing, however many. A listener that does not keep up loses its place and has to begin again.
/// </summary>
public sealed class LiveFeed : IAsyncDisposable
{
    private const int MaxPending = 30;

    /// <summary>Who takes how much is kept once in five minutes, and at the end.</summary>
    private const int LooksPerTakers = 300;

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastLimit = TimeSpan.FromSeconds(1);

    private readonly TorrentCatalogue _catalogue;
    private readonly TimeProvider _time;
    private readonly Action<string> _note;
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<Channel<FeedChange>, bool> _listeners = new();
    private readonly ConcurrentQueue<NodeTorrent> _removed = new();
    private readonly WakeSignal _stirred = new();
    private readonly HashSet<NodeTorrent> _moving = [];
    private readonly HashSet<NodeTorrent> _toKeep = [];
    private readonly HashSet<NodeTorrent> _giving = [];
    private readonly Task _loop;
    private volatile TorrentTotals _totals = TorrentTotals.None;
    private long _looks;

    /// <summary>Begins to look.</summary>
    /// <param name="catalogue">The torrents.</param>
    /// <param name="time">Paces the looks.</param>
    /// <param name="note">Told of what cannot be kept.</param>
    public LiveFeed(TorrentCatalogue catalogue, TimeProvider time, Action<string> note)
    {
        (_catalogue, _time, _note) = (catalogue, time, note);
        catalogue.Stirred += _stirred.Set;
        catalogue.Removed += torrent =>
        {
            _removed.Enqueue(torrent);
            _stirred.Set();
        };
        _loop = RunAsync();
    }

    /// <summary>Number of the last change.</summary>
    public long Sequence { get; private set; }

    /// <summary>All torrents at the last look.</summary>
    public TorrentTotals Totals { get => _totals; private set => _totals = value; }

    /// <summary>Listens from now on; completes when the listener is too slow, or the node ends.</summary>
    public ChannelReader<FeedChange> Listen(CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<FeedChange>(MaxPending);
        _listeners[channel] = true;
        cancellationToken.Register(() => Leave(channel));
        return channel.Reader;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _loop;
        foreach (Channel<FeedChange> listener in _listeners.Keys)
            Leave(listener);
        _ending.Dispose();
    }

    private void Leave(Channel<FeedChange> listener)
    {
        _listeners.TryRemove(listener, out _);
        listener.Writer.TryComplete();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Pace, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
            {
                Look();
                if (_looks % LooksPerTakers == 0)
                    await KeepTakersAsync(_ending.Token);
                if (_moving.Count + _toKeep.Count + _giving.Count > 0)
                    continue;
                timer.Period = Timeout.InfiniteTimeSpan;
                await _stirred.WaitAsync(Timeout.InfiniteTimeSpan, _ending.Token);
                timer.Period = Pace;
            }
        }
        catch (OperationCanceledException)
        {
            Look();
            Keep(_catalogue.All, TorrentSummary.Of);
            using var limit = new CancellationTokenSource(LastLimit);
            await KeepTakersAsync(limit.Token);
        }
    }

    private void Look()
    {
        DateTimeOffset now = _time.GetUtcNow();
        var changed = new List<TorrentSummary>();
        foreach (NodeTorrent torrent in _catalogue.TakeChanged())
        {
            TorrentSummary summary = TorrentSummary.Of(torrent);
            bool isAsBefore = summary == torrent.KeptSummary;
            torrent.KeepSummary(summary);
            if (isAsBefore && torrent.Told is not null)
                continue;
            TorrentShare? before = torrent.Told;
            torrent.Told = TorrentShare.Of(summary);
            Totals = Totals.With(before, torrent.Told);
            changed.Add(summary);
            if (summary.DownRate > 0 || summary.UpRate > 0)
                _moving.Add(torrent);
            if (summary.Downloaded != torrent.Record.Downloaded || summary.Uploaded != torrent.Record.Uploaded)
                _toKeep.Add(torrent);
            if (summary.Uploaded != (before?.Uploaded ?? torrent.Before.Uploaded))
                _giving.Add(torrent);
            Remember(torrent, summary, now);
        }
        if (_looks++ % RateHistory.StepSeconds == 0)
        {
            _moving.RemoveWhere(torrent => _catalogue.Find(torrent.Id) != torrent || !torrent.Rates.Add(now, torrent.Summary.DownRate, torrent.Summary.UpRate));
            Keep(_toKeep, torrent => torrent.Summary);
            _toKeep.Clear();
        }
        Tell(changed);
    }

    private void Tell(List<TorrentSummary> changed)
    {
        var removed = new List<string>();
        while (_removed.TryDequeue(out NodeTorrent? torrent))
        {
            Totals = Totals.With(torrent.Told, null);
            torrent.Told = null;
            // Within a second it may be here again.
            if (_catalogue.Find(torrent.Id) is null)
                removed.Add(torrent.Id);
        }
        if (changed.Count == 0 && removed.Count == 0)
            return;
        var change = new FeedChange(++Sequence, changed, removed);
        foreach (Channel<FeedChange> listener in _listeners.Keys)
        {
            if (!listener.Writer.TryWrite(change))
                Leave(listener);
        }
    }

    /// <summary>Names, sizes and completions are remembered, so that a list can be shown before the torrents are open.</summary>
    private void Remember(NodeTorrent torrent, TorrentSummary summary, DateTimeOffset now)
    {
        if (torrent.Running is null || summary.State is "metadata" or "failed" || summary.Size == 0)
            return;
        bool completes = torrent.Record.CompletedAt is null && summary.State == "seeding" && summary.Wanted > 0 && summary.Verified == summary.Wanted;
        if (torrent.Record.Name == summary.Name && torrent.Record.Size == summary.Size && torrent.Record.Files == summary.Files && !completes)
            return;
        Try(() => _catalogue.Update(torrent, r => r with { Name = summary.Name, Size = summary.Size, Files = summary.Files, CompletedAt = completes ? now : r.CompletedAt }));
    }

    private void Keep(IEnumerable<NodeTorrent> torrents, Func<NodeTorrent, TorrentSummary> summaryOf) => Try(() =>
    {
        foreach (NodeTorrent torrent in torrents)
            _catalogue.KeepTotals(torrent, summaryOf(torrent));
    });

    private async Task KeepTakersAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (NodeTorrent torrent in _giving)
                await _catalogue.KeepTakersAsync(torrent, cancellationToken);
        }
        catch (NodeException e)
        {
            _note(e.Message);
        }
        _giving.Clear();
    }

    /// <summary>A full disk costs totals of the time in which it is full, and nothing else.</summary>
    private void Try(Action keep)
    {
        try
        {
            keep();
        }
        catch (NodeException e)
        {
            _note(e.Message);
        }
    }
}
