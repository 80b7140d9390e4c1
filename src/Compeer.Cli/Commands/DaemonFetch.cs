using System.Globalization;
using System.Text.Json.Nodes;
using Compeer.Cli.Output;
using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Cli.Commands;

/// <summary>compeer get where a daemon runs: the daemon fetches and gives on, this command hands over and watches.</summary>
/// <param name="daemon">The running daemon.</param>
/// <param name="reporter">Where to say what happens.</param>
/// <param name="timeout">Gives up watching when nothing new came for so long; zero for never.</param>
internal sealed class DaemonFetch(DaemonConnection daemon, IReporter reporter, TimeSpan timeout)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    private bool _toldMetadata;
    private long _seenProgress = -1;
    private long _progressAt = TimeProvider.System.GetTimestamp();

    /// <summary>Returns when everything wanted is there.</summary>
    /// <param name="source">The link, or the torrent file.</param>
    /// <param name="given">The same as it was given.</param>
    /// <param name="addition">How it is to be fetched, as the API takes it.</param>
    /// <param name="isWanted">Which files; null for all.</param>
    /// <param name="cancellationToken">Ends the watching; the daemon goes on.</param>
    /// <exception cref="CommandException">It failed, was removed, or nothing came for too long.</exception>
    public async Task RunAsync(TorrentSource source, string given, JsonObject addition, Func<string, bool>? isWanted, CancellationToken cancellationToken)
    {
        string id = source.InfoHashes.Truncated.ToString();
        string directory = addition["directory"]!.GetValue<string>();
        bool isNew = !await daemon.HasAsync(id, cancellationToken);
        if (isNew && isWanted is not null)
            addition["preview"] = true;
        JsonNode added = await daemon.AddAsync(given, addition, cancellationToken);
        if (added["directory"]!.GetValue<string>() is var there && there != directory)
        {
            reporter.Note($"The daemon has this torrent already: its files are in {there}.");
            directory = there;
        }
        try
        {
            long least = isWanted is null ? 0 : await ChooseAsync(id, isNew, isWanted, cancellationToken);
            if (!isNew || isWanted is not null)
                await daemon.SendAsync(HttpMethod.Patch, $"torrents/{id}", new JsonObject { ["paused"] = false, ["preview"] = false }, cancellationToken);
            reporter.Complete(await UntilAsync(id, t => State(t) == "seeding" && Number(t, "wanted") >= least, cancellationToken), directory);
        }
        catch (OperationCanceledException)
        {
            reporter.Note($"The daemon goes on with it; 'compeer pause {id[..8]}' halts it.");
            throw;
        }
        reporter.Note($"The daemon gives it to others from now on; 'compeer remove {id[..8]}' ends that and leaves the files.");
    }

    /// <summary>A torrent of the daemon in the words of our own.</summary>
    public static TorrentStatus Read(JsonNode torrent) => new()
    {
        Phase = State(torrent) switch
        {
            "metadata" => TorrentPhase.FetchingMetadata,
            "checking" => TorrentPhase.Checking,
            "seeding" => TorrentPhase.Seeding,
            "paused" => TorrentPhase.Paused,
            "moving" => TorrentPhase.Moving,
            "diskFull" => TorrentPhase.WaitingForRoom,
            "failed" => TorrentPhase.Failed,
            "stopped" => TorrentPhase.Stopped,
            _ => TorrentPhase.Downloading,
        },
        Name = torrent["name"]!.GetValue<string>(),
        PieceCount = torrent["pieceCount"]!.GetValue<int>(),
        VerifiedPieces = torrent["verifiedPieces"]!.GetValue<int>(),
        WantedBytes = Number(torrent, "wanted"),
        VerifiedBytes = Number(torrent, "verified"),
        DownloadedBytes = Number(torrent, "downloaded"),
        UploadedBytes = Number(torrent, "uploaded"),
        DownRate = Number(torrent, "downRate"),
        UpRate = Number(torrent, "upRate"),
        Peers = torrent["peers"]!.GetValue<int>(),
        Seeds = torrent["seeds"]!.GetValue<int>(),
        KnownPeers = torrent["knownPeers"]!.GetValue<int>(),
        Problem = torrent["problem"]?.GetValue<string>(),
        Why = torrent["why"]!.GetValue<string>(),
    };

    /// <summary>What a torrent of the daemon is.</summary>
    public static MetadataReport Describe(JsonNode torrent, int files) => new(
        torrent["name"]!.GetValue<string>(),
        new InfoHashes(
            Sha1Hash.TryParseHex(torrent["infoHashV1"]?.GetValue<string>(), out Sha1Hash v1) ? v1 : null,
            Sha256Hash.TryParseHex(torrent["infoHashV2"]?.GetValue<string>(), out Sha256Hash v2) ? v2 : null),
        Number(torrent, "size"), files, torrent["pieceCount"]!.GetValue<int>(), torrent["pieceLength"]!.GetValue<int>());

    private static string State(JsonNode torrent) => torrent["state"]!.GetValue<string>();

    private static long Number(JsonNode torrent, string key) => torrent[key]!.GetValue<long>();

    /// <summary>Wants what was asked for; of a torrent that was there before, nothing that it fetches is taken away.</summary>
    /// <returns>How many bytes were asked for.</returns>
    private async Task<long> ChooseAsync(string id, bool isNew, Func<string, bool> isWanted, CancellationToken cancellationToken)
    {
        await UntilAsync(id, t => t["pieceCount"]!.GetValue<int>() > 0, cancellationToken);
        JsonArray files = (await daemon.GetAsync($"torrents/{id}/files", cancellationToken))!["items"]!.AsArray();
        var priorities = new JsonObject();
        long bytes = 0;
        bool isAny = false;
        foreach (JsonNode file in files.OfType<JsonNode>())
        {
            string key = file["index"]!.GetValue<int>().ToString(CultureInfo.InvariantCulture);
            bool isOne = isWanted(file["path"]!.GetValue<string>());
            isAny |= isOne;
            bytes += isOne ? Number(file, "size") : 0;
            if (isOne && file["priority"]!.GetValue<string>() == "skip")
                priorities[key] = "normal";
            else if (!isOne && isNew)
                priorities[key] = "skip";
        }
        if (!isAny)
        {
            if (isNew)
                await daemon.SendAsync(HttpMethod.Delete, $"torrents/{id}", (HttpContent?)null, cancellationToken);
            throw new CommandException(ExitCode.BadInput, "No file of the torrent matches --only. 'compeer info' lists the files of a torrent.");
        }
        if (priorities.Count > 0)
            await daemon.SendAsync(HttpMethod.Patch, $"torrents/{id}/files", new JsonObject { ["priorities"] = priorities }, cancellationToken);
        return bytes;
    }

    private async Task<TorrentStatus> UntilAsync(string id, Func<JsonNode, bool> isThere, CancellationToken cancellationToken)
    {
        while (true)
        {
            JsonNode torrent = (await daemon.GetAsync($"torrents/{id}", cancellationToken))!;
            TorrentStatus status = Read(torrent);
            if (status.PieceCount > 0 && !_toldMetadata)
            {
                _toldMetadata = true;
                JsonNode files = (await daemon.GetAsync($"torrents/{id}/files", cancellationToken))!;
                reporter.Metadata(Describe(torrent, files["items"]!.AsArray().Count));
            }
            reporter.Progress(status);
            if (status.Phase == TorrentPhase.Failed)
                throw new CommandException(ExitCode.Disk, status.Problem ?? "The torrent failed.");
            if (isThere(torrent))
                return status;
            CheckTimeout(status);
            await Task.Delay(Pace, cancellationToken);
        }
    }

    private void CheckTimeout(TorrentStatus status)
    {
        long progress = status.VerifiedBytes + status.DownloadedBytes + status.PieceCount;
        if (progress != _seenProgress || status.Phase is TorrentPhase.WaitingForRoom or TorrentPhase.Checking)
        {
            _seenProgress = progress;
            _progressAt = TimeProvider.System.GetTimestamp();
        }
        if (timeout > TimeSpan.Zero && TimeProvider.System.GetElapsedTime(_progressAt) >= timeout)
            throw new CommandException(ExitCode.NotFound, $"Nothing new came for {timeout.TotalSeconds:0} s: {status.Why}. The daemon goes on with it; name a peer with --peer, or raise --timeout.");
    }
}
