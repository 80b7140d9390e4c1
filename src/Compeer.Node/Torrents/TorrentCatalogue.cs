using System.Collections.Concurrent;
using System.Net;
using Compeer.Content.Storage;
using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Node.Configuration;
using Compeer.Node.State;

namespace Compeer.Node.Torrents;

/// <summary>
/// All torrents of the node, running and remembered. What it is told counts when the state has it; intents on one torrent come one
/// after the other. Thread-safe.
/// </summary>
/// <param name="state">Where torrents are remembered.</param>
/// <param name="configuration">Gives the download folder.</param>
/// <param name="dataDirectory">Where descriptions are kept.</param>
/// <param name="time">Dates additions.</param>
public sealed partial class TorrentCatalogue(StateStore state, NodeConfiguration configuration, string dataDirectory, TimeProvider time) : IAsyncDisposable
{
    private const string Prefix = "torrent/";
    private const string TakersPrefix = "takers/";

    private readonly TorrentTable<NodeTorrent> _torrents = new(t => t.InfoHashes);
    private readonly ConcurrentQueue<NodeTorrent> _changed = new();
    private readonly SemaphoreSlim _changing = new(1);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<NodeTorrent>? _mark;
    private TorrentClient? _client;

    /// <summary>All of them, in no order.</summary>
    public IReadOnlyList<NodeTorrent> All => _torrents.All();

    /// <summary>How many there are.</summary>
    public int Count => _torrents.Count;

    /// <summary>Completes when the torrents that were remembered are open.</summary>
    public Task Started => _started.Task;

    /// <summary>Called with a torrent that is gone.</summary>
    public event Action<NodeTorrent>? Removed;

    /// <summary>There is something for <see cref="TakeChanged"/>; called on any thread.</summary>
    public event Action? Stirred;

    /// <summary>Told in words what was added and removed.</summary>
    public event Action<string>? Happened;

    /// <summary>Where files go that nobody gave a place for.</summary>
    public string DownloadDirectory
    {
        get
        {
            if (configuration[NodeOptions.DownloadDirectory] is { Length: > 0 } chosen)
                return Path.GetFullPath(chosen);
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return home.Length > 0 && Directory.Exists(home) ? Path.Combine(home, "Downloads") : Path.Combine(dataDirectory, "downloads");
        }
    }

    /// <summary>The torrent of that id, whichever of a hybrid's two; null when there is none.</summary>
    public NodeTorrent? Find(string id) => Sha1Hash.TryParseHex(id, out Sha1Hash swarm) ? _torrents.Find(swarm) : null;

    /// <summary>Adds a torrent, or finds it here.</summary>
    /// <returns>The torrent, and whether it is new.</returns>
    /// <exception cref="NodeException">The disk refuses.</exception>
    public async Task<(NodeTorrent Torrent, bool IsNew)> AddAsync(NewTorrent added, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (added.InfoHashes.SwarmIds.Select(_torrents.Find).FirstOrDefault(t => t is not null) is { } here)
            {
                here.Running?.AddPeers(added.Peers);
                if (added.Link is { } link)
                    here.Running?.AddLink(link);
                if (added.Metainfo is { } known && here.Running is { Status.Phase: TorrentPhase.FetchingMetadata } waiting)
                {
                    await waiting.DisposeAsync();
                    KeepMetainfo(added, here.Record);
                    here.Running = await StartAsync(here.Record, known, added.Peers);
                }
                return (here, false);
            }
            TorrentRecord record = Describe(added);
            var torrent = new NodeTorrent(record);
            KeepMetainfo(added, record);
            torrent.Running = await StartAsync(record, added.Metainfo, added.Peers);
            try
            {
                state.Put(Prefix + torrent.Id, record);
            }
            catch
            {
                if (torrent.Running is { } running)
                    await running.DisposeAsync();
                throw;
            }
            Enlist(torrent);
            Happened?.Invoke($"Added {torrent.Id} '{record.Name}'.");
            return (torrent, true);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Ends a torrent and forgets it.</summary>
    /// <param name="torrent">Which.</param>
    /// <param name="deleteFiles">Its files go too.</param>
    /// <param name="cancellationToken">Ends the wait for the turn.</param>
    /// <exception cref="NodeException">The disk refuses.</exception>
    public async Task RemoveAsync(NodeTorrent torrent, bool deleteFiles, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (!_torrents.Contains(torrent))
                return;
            state.Remove(Prefix + torrent.Id);
            lock (torrent)
            {
                _torrents.Remove(torrent);
                state.Remove(TakersPrefix + torrent.Id);
            }
            if (torrent.Running is { } running)
                await _client!.RemoveAsync(running, deleteFiles, CancellationToken.None);
        }
        finally
        {
            _changing.Release();
        }
        Removed?.Invoke(torrent);
        Happened?.Invoke($"Removed {torrent.Id} '{torrent.Record.Name}'{(deleteFiles ? " with its files" : "")}.");
    }

    /// <summary>Changes what is remembered of a torrent; of one that was removed meanwhile nothing is.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public void Update(NodeTorrent torrent, Func<TorrentRecord, TorrentRecord> change)
    {
        lock (torrent)
        {
            TorrentRecord next = change(torrent.Record);
            if (next != torrent.Record && state.Replace(Prefix + torrent.Id, next))
                torrent.Record = next;
        }
    }

    /// <summary>Lets a torrent rest, or go on.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public void SetPaused(NodeTorrent torrent, bool paused)
    {
        Update(torrent, r => r with { Paused = paused, MoveProblem = paused ? r.MoveProblem : null });
        if (paused)
            torrent.Running?.Pause();
        else
            torrent.Running?.Resume();
    }

    /// <summary>Fetches pieces in order, or not.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public void SetSequential(NodeTorrent torrent, bool sequential)
    {
        Update(torrent, r => r with { Sequential = sequential });
        torrent.Running?.SetSequential(sequential);
    }

    /// <summary>Limits one torrent, in bytes per second; 0 is none.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public void SetLimits(NodeTorrent torrent, long up, long down)
    {
        Update(torrent, r => r with { UpLimit = up, DownLimit = down });
        torrent.Running?.SetRateLimits(up, down);
    }

    /// <summary>Says how much each file is wanted.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public void SetPriorities(NodeTorrent torrent, IReadOnlyList<FilePriority> priorities)
    {
        Update(torrent, r => r with { Priorities = PriorityText.Write(priorities) });
        if (!torrent.Record.Preview)
            torrent.Running?.SetPriorities(priorities);
    }

    /// <summary>What was only looked at is fetched, as the files' priorities say.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public async Task EndPreviewAsync(NodeTorrent torrent, CancellationToken cancellationToken)
    {
        Update(torrent, r => r with { Preview = false });
        if (torrent.Running is not { } running)
            return;
        // A link whose description is still to come is begun anew; there is nothing yet that could be lost.
        if (!running.MetainfoKnown.IsCompletedSuccessfully)
        {
            await RestartAsync(torrent, cancellationToken);
            return;
        }
        int files = (await running.MetainfoKnown).Files.Length;
        running.SetPriorities(torrent.Record.Priorities is { } letters ? PriorityText.Read(letters) : [.. Enumerable.Repeat(FilePriority.Normal, files)]);
        // Answered behind the intent: whoever looks from now on sees what is wanted, and not a torrent that wants nothing and so is complete.
        await running.GetDetailsAsync(cancellationToken);
    }

    /// <summary>Keeps the totals of a torrent without waiting for the disk, so that a crash of the program forgets the last seconds of them only.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public void KeepTotals(NodeTorrent torrent, TorrentSummary summary)
    {
        lock (torrent)
        {
            if (torrent.Record.Downloaded == summary.Downloaded && torrent.Record.Uploaded == summary.Uploaded)
                return;
            TorrentRecord next = torrent.Record with { Downloaded = summary.Downloaded, Uploaded = summary.Uploaded };
            if (state.Replace(Prefix + torrent.Id, next, durable: false))
                torrent.KeepRecord(next);
        }
    }

    /// <summary>Keeps who has fetched how much, without waiting for the disk.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public async Task KeepTakersAsync(NodeTorrent torrent, CancellationToken cancellationToken)
    {
        if (torrent.Running is not { } running)
            return;
        TakersRecord takers;
        try
        {
            takers = TakersRecord.Of(await running.GetTakersAsync(cancellationToken), time.GetUtcNow());
        }
        catch (Exception e) when (e is InvalidOperationException or OperationCanceledException)
        {
            // It ends just now.
            return;
        }
        lock (torrent)
        {
            if (takers.Takers.Length > 0 && _torrents.Contains(torrent))
                state.Put(TakersPrefix + torrent.Id, takers, durable: false);
        }
    }

    /// <summary>
    /// Takes the torrents of which something changed since the last call: what is remembered of them, or what they do. Who asks pays for
    /// those, and nothing for the thousands that stand still.
    /// </summary>
    public IReadOnlyCollection<NodeTorrent> TakeChanged()
    {
        var changed = new List<NodeTorrent>();
        for (int left = _changed.Count; left > 0 && _changed.TryDequeue(out NodeTorrent? torrent); left--)
        {
            torrent.IsMarked = 0;
            if (_torrents.Contains(torrent))
                changed.Add(torrent);
        }
        return changed;
    }

    /// <summary>Once the client has ended, and with it all moves.</summary>
    public async ValueTask DisposeAsync()
    {
        await _moves.DisposeAsync();
        _changing.Dispose();
    }

    private void Enlist(NodeTorrent torrent)
    {
        torrent.Changed = _mark ??= Mark;
        // Of two that share a name, which only a state can hold that was tampered with, the client would run one.
        if (_torrents.TryAdd(torrent) is null)
            Mark(torrent);
    }

    private void Mark(NodeTorrent torrent)
    {
        if (Interlocked.Exchange(ref torrent.IsMarked, 1) != 0)
            return;
        _changed.Enqueue(torrent);
        Stirred?.Invoke();
    }

    private void OnStatusChanged(Torrent running)
    {
        if (_torrents.Find(running.InfoHashes.Truncated) is { } torrent)
            Mark(torrent);
    }

    private TorrentRecord Describe(NewTorrent added) => new()
    {
        V1 = added.InfoHashes.V1?.ToString(),
        V2 = added.InfoHashes.V2?.ToString(),
        Name = added.Metainfo?.Name ?? added.Link?.Name,
        Size = added.Metainfo?.ContentLength ?? 0,
        Directory = Path.GetFullPath(added.Directory ?? DownloadDirectory),
        Trackers = added.Link?.Trackers ?? [],
        WebSeeds = added.Link?.WebSeeds ?? [],
        LinkPeers = added.Link?.Peers ?? [],
        AddedAt = time.GetUtcNow(),
        Labels = added.Labels,
        Paused = added.Paused,
        Preview = added.Preview,
        Sequential = added.Sequential,
    };

    /// <summary>The description is on the disk before the torrent counts as added.</summary>
    private void KeepMetainfo(NewTorrent added, TorrentRecord record)
    {
        if (added.Metainfo is not { } metainfo)
            return;
        try
        {
            using TorrentFolder folder = TorrentFolder.Open(dataDirectory, metainfo.InfoHashes.Truncated, record.Directory);
            folder.SaveMetainfo(metainfo.ToTorrentFile());
        }
        catch (Exception e) when (e is StorageException or IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeFailure.Disk, $"The torrent cannot be kept: {e.Message}", e);
        }
    }

    private async Task RestartAsync(NodeTorrent torrent, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (torrent.Running is { } running)
                await running.DisposeAsync();
            torrent.Running = await StartAsync(torrent.Record, null, []);
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task<Torrent> StartAsync(TorrentRecord record, Metainfo? metainfo, IEnumerable<IPEndPoint> peers)
    {
        TorrentClient client = _client ?? throw new NodeException(NodeFailure.Usage, "The node is still starting. Try again in a second.");
        try
        {
            return await Task.Run(() => client.Add(Settings(record, metainfo, peers)));
        }
        catch (Exception e) when (e is StorageException or ArgumentException)
        {
            throw new NodeException(NodeFailure.Disk, $"The torrent cannot be started: {e.Message}", e);
        }
    }
}
