using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;
using Compeer.Node.State;
using Compeer.Node.Torrents;

namespace Compeer.Node.Intake;

/// <summary>
/// Looks into folders every two seconds for files named .torrent, and .magnet with a link in it, and adds what they name. A file is
/// taken when it has not changed between two looks; then it is renamed to .added, or to .failed when nothing can be made of it, and
/// where renaming is not allowed it is remembered.
/// </summary>
public sealed class WatchFolders : IAsyncDisposable
{
    private const string Prefix = "watch/";
    private const int MaxFolders = 50;
    private const int MaxFiles = 1000;
    private const int MaxDone = 5000;
    private const int MaxProblems = 20;
    private const int MaxLinkBytes = 64 << 10;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    /// <summary>What cannot be read may be half written by somebody slow; after so long without a change it is not.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly KeptRecords<WatchFolder> _folders;
    private readonly TorrentCatalogue _torrents;
    private readonly TimeProvider _time;
    private readonly Action<string> _note;
    private readonly ConcurrentDictionary<string, Watched> _watched = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly WakeSignal _added = new();
    private readonly Task _loop;

    /// <summary>Begins to look, once the torrents have started.</summary>
    /// <param name="state">Where the folders are remembered.</param>
    /// <param name="torrents">Where torrents are added.</param>
    /// <param name="time">Paces the looks.</param>
    /// <param name="note">Told of what cannot be added.</param>
    public WatchFolders(StateStore state, TorrentCatalogue torrents, TimeProvider time, Action<string> note)
    {
        (_torrents, _time, _note) = (torrents, time, note);
        _folders = new KeptRecords<WatchFolder>(state, Prefix, MaxFolders);
        _loop = RunAsync();
    }

    /// <summary>The folders, each with what became of the last look.</summary>
    public IReadOnlyList<(string Id, WatchFolder Folder, WatchReport Report)> All =>
        [.. _folders.All.Select(f => (f.Id, f.Value, _watched.TryGetValue(f.Id, out Watched? watched) ? watched.Report : WatchReport.None))];

    /// <summary>Watches a folder from now on; its id.</summary>
    /// <exception cref="NodeException">It is not there, is watched already, or the disk refuses.</exception>
    public string Add(WatchFolder folder)
    {
        string path = PathText.Full(folder.Path);
        if (!Directory.Exists(path))
            throw new NodeException(NodeFailure.BadInput, $"There is no folder '{path}'. Make it first, or choose another.");
        if (_folders.All.Any(f => f.Value.Path == path))
            throw new NodeException(NodeFailure.Usage, $"'{path}' is watched already.");
        string id = _folders.Add(folder with { Path = path });
        _added.Set();
        return id;
    }

    /// <summary>Watches a folder no more; false when there was none.</summary>
    /// <exception cref="NodeException">The disk refuses.</exception>
    public bool Remove(string id) => _folders.Remove(id);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _loop;
        _ending.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Pace, _time);
        try
        {
            await _torrents.Started.WaitAsync(_ending.Token);
            while (await timer.WaitForNextTickAsync(_ending.Token))
            {
                foreach ((string id, WatchFolder folder) in _folders.All)
                    await LookAsync(id, folder, _watched.GetOrAdd(id, _ => new Watched()));
                foreach (string gone in _watched.Keys.Except(_folders.All.Select(f => f.Id)))
                    _watched.TryRemove(gone, out _);
                if (_folders.All.Count > 0)
                    continue;
                timer.Period = Timeout.InfiniteTimeSpan;
                await _added.WaitAsync(Timeout.InfiniteTimeSpan, _ending.Token);
                timer.Period = Pace;
            }
        }
        catch (Exception e) when (_ending.IsCancellationRequested || _torrents.Started.IsFaulted)
        {
            // The node ends, or could not start and has said so.
            _ = e;
        }
    }

    private async Task LookAsync(string id, WatchFolder folder, Watched watched)
    {
        string? error = null;
        try
        {
            string[] files = [.. Directory.EnumerateFiles(folder.Path, "*", new EnumerationOptions { IgnoreInaccessible = true })
                .Where(f => Path.GetExtension(f).ToLowerInvariant() is ".torrent" or ".magnet").Take(MaxFiles).Order(StringComparer.Ordinal)];
            watched.Forget(files);
            foreach (string file in files)
                await LookAsync(id, folder, watched, file);
        }
        catch (Exception e) when (e is NodeException or IOException or UnauthorizedAccessException)
        {
            error = e.Message;
        }
        if (error is not null && error != watched.Report.Error)
            _note($"Watching '{folder.Path}': {error}");
        watched.Report = watched.Report with { LastChecked = _time.GetUtcNow(), Error = error };
    }

    /// <exception cref="NodeException">The torrent could be added another time: the file stays as it is.</exception>
    private async Task LookAsync(string id, WatchFolder folder, Watched watched, string file)
    {
        // An empty one is being made; and what is no plain file, such as a pipe, has no length either.
        if (FileStamp.Of(file) is not { LengthBytes: > 0 } stamp || folder.Done.Contains(KeyOf(file, stamp)) || !watched.IsQuiet(file, stamp, _time, out TimeSpan quiet))
            return;
        NewTorrent? torrent;
        string problem = "";
        try
        {
            torrent = await ReadAsync(file, stamp, _ending.Token) with { Directory = folder.Directory, Labels = folder.Labels, Paused = folder.Paused };
            if (FileStamp.Of(file) != stamp)
                return;
            await _torrents.AddAsync(torrent, _ending.Token);
        }
        catch (NodeException e) when (e.Failure == NodeFailure.BadInput)
        {
            if (quiet < Patience)
                return;
            (torrent, problem) = (null, e.Message);
        }
        if (torrent is null)
        {
            _note($"'{file}' cannot be added: {problem}");
            watched.Report = watched.Report with { Problems = [.. watched.Report.Problems.Prepend(new IntakeProblem(Path.GetFileName(file), problem, _time.GetUtcNow())).Take(MaxProblems)] };
        }
        bool isRenamed = TryRename(file, torrent is null ? ".failed" : ".added");
        _folders.Update(id, f => f with
        {
            Added = f.Added + (torrent is null ? 0 : 1),
            Done = isRenamed ? f.Done : [.. f.Done.Append(KeyOf(file, stamp)).TakeLast(MaxDone)],
        });
    }

    private static async Task<NewTorrent> ReadAsync(string file, FileStamp stamp, CancellationToken cancellationToken)
    {
        bool isLink = file.EndsWith(".magnet", StringComparison.OrdinalIgnoreCase);
        long max = isLink ? MaxLinkBytes : MetainfoLimits.Default.Bencode.MaxBytes;
        if (stamp.LengthBytes > max)
            throw new NodeException(NodeFailure.BadInput, $"It is larger than {max} bytes.");
        return isLink ? NewTorrent.FromLink((await File.ReadAllTextAsync(file, cancellationToken)).Trim()) : NewTorrent.FromFile(await File.ReadAllBytesAsync(file, cancellationToken));
    }

    private static bool TryRename(string file, string suffix)
    {
        try
        {
            File.Move(file, file + suffix, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string KeyOf(string file, FileStamp stamp) => string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file)} {stamp.LengthBytes} {stamp.ModifiedTicks}");

    /// <summary>What is known of a folder since the start.</summary>
    private sealed class Watched
    {
        private readonly Dictionary<string, (FileStamp Stamp, long Since)> _seen = [];
        private volatile WatchReport _report = WatchReport.None;

        public WatchReport Report { get => _report; set => _report = value; }

        public void Forget(IEnumerable<string> but)
        {
            foreach (string gone in _seen.Keys.Except(but).ToArray())
                _seen.Remove(gone);
        }

        /// <summary>The file is as it was at the look before.</summary>
        public bool IsQuiet(string file, FileStamp stamp, TimeProvider time, out TimeSpan quiet)
        {
            quiet = TimeSpan.Zero;
            if (!_seen.TryGetValue(file, out (FileStamp Stamp, long Since) last) || last.Stamp != stamp)
            {
                _seen[file] = (stamp, time.GetTimestamp());
                return false;
            }
            quiet = time.GetElapsedTime(last.Since);
            return true;
        }
    }
}

/// <summary>What became of the looks into a folder since the start.</summary>
/// <param name="LastChecked">The last one; null when there was none.</param>
/// <param name="Error">Why the folder cannot be read, or its torrents not be added now.</param>
/// <param name="Problems">Files of which nothing could be made, newest first.</param>
public sealed record WatchReport(DateTimeOffset? LastChecked, string? Error, ImmutableArray<IntakeProblem> Problems)
{
    /// <summary>None yet.</summary>
    public static WatchReport None { get; } = new(null, null, []);
}
