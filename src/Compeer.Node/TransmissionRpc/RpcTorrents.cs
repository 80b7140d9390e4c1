using System.Globalization;
using System.Text.Json.Nodes;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Node.Api;
using Compeer.Node.Torrents;

namespace Compeer.Node.TransmissionRpc;

/// <summary>torrent-get: torrents in the fields of Transmission.</summary>
internal sealed class RpcTorrents(RpcNumbers numbers)
{
    private static readonly string[] Detailed = ["files", "fileStats", "priorities", "wanted", "peers", "trackers", "trackerStats", "pieces", "pieceCount", "pieceSize", "desiredAvailable", "webseeds", "webseedsSendingToUs", "magnetLink", "comment", "creator", "dateCreated", "isPrivate"];

    /// <summary>A row of the table of fields.</summary>
    private sealed record Facts(int Number, NodeTorrent Torrent, TorrentSummary Summary, TorrentDetails? Details, Metainfo? Metainfo);

    private static readonly Dictionary<string, Func<Facts, JsonNode?>> Fields = new()
    {
        ["id"] = f => f.Number,
        ["hashString"] = f => f.Torrent.Id,
        ["name"] = f => f.Summary.Name,
        ["status"] = f => Status(f.Summary),
        ["error"] = f => f.Summary.Problem is null ? 0 : 3,
        ["errorString"] = f => f.Summary.Problem ?? "",
        ["eta"] = f => f.Summary.Eta ?? -1,
        ["isFinished"] = _ => false,
        ["isStalled"] = f => f.Summary is { State: "downloading", DownRate: 0 },
        ["isPrivate"] = f => f.Metainfo?.IsPrivate ?? false,
        ["labels"] = f => new JsonArray([.. f.Summary.Labels.Select(l => (JsonNode)l)]),
        ["totalSize"] = f => f.Summary.Size,
        ["sizeWhenDone"] = f => f.Summary.Wanted,
        ["leftUntilDone"] = f => f.Summary.Wanted - f.Summary.Verified,
        ["haveValid"] = f => f.Summary.Verified,
        ["haveUnchecked"] = _ => 0,
        ["percentDone"] = f => f.Summary.Progress,
        ["percentComplete"] = f => f.Summary.Size > 0 ? (double)f.Summary.Verified / f.Summary.Size : 0,
        ["metadataPercentComplete"] = f => f.Summary.Size > 0 ? 1 : 0,
        ["recheckProgress"] = f => f.Summary.State == "checking" ? f.Summary.Progress : 0,
        ["rateDownload"] = f => f.Summary.DownRate,
        ["rateUpload"] = f => f.Summary.UpRate,
        ["downloadedEver"] = f => f.Summary.Downloaded,
        ["uploadedEver"] = f => f.Summary.Uploaded,
        ["uploadRatio"] = f => f.Summary.Size > 0 ? f.Summary.Ratio : -1,
        ["corruptEver"] = f => f.Torrent.Running?.Status.CorruptBytes ?? 0,
        ["desiredAvailable"] = f => f.Details is { Pieces: var p } ? p.Availability.Index().Where(a => a.Item > 0 && p.States[a.Index] is not (4 or 5)).Sum(_ => (long)p.LengthBytes) : 0,
        ["peersConnected"] = f => f.Summary.Peers,
        ["peersSendingToUs"] = f => f.Summary.DownRate > 0 ? Math.Max(1, f.Summary.Seeds) : 0,
        ["peersGettingFromUs"] = f => f.Summary.UpRate > 0 ? Math.Max(1, f.Summary.Peers - f.Summary.Seeds) : 0,
        ["webseedsSendingToUs"] = f => f.Details?.Peers.Count(p => p.Way == "webSeed" && p.DownRate > 0) ?? 0,
        ["webseeds"] = f => new JsonArray([.. (f.Metainfo?.WebSeeds ?? f.Torrent.Record.WebSeeds).Select(u => (JsonNode)u)]),
        ["downloadDir"] = f => f.Summary.Directory,
        ["addedDate"] = f => f.Summary.AddedAt.ToUnixTimeSeconds(),
        ["startDate"] = f => f.Summary.AddedAt.ToUnixTimeSeconds(),
        ["activityDate"] = f => (f.Torrent.RatePoints.LastOrDefault(p => p.Down + p.Up > 0)?.T ?? f.Summary.AddedAt).ToUnixTimeSeconds(),
        ["doneDate"] = f => f.Summary.CompletedAt?.ToUnixTimeSeconds() ?? 0,
        ["dateCreated"] = f => f.Metainfo?.CreationDate?.ToUnixTimeSeconds() ?? 0,
        ["comment"] = f => f.Metainfo?.Comment ?? "",
        ["creator"] = f => f.Metainfo?.CreatedBy ?? "",
        ["magnetLink"] = f => new MagnetLink { InfoHashes = f.Torrent.InfoHashes, Name = f.Summary.Name, Trackers = [.. f.Torrent.Record.Trackers, .. f.Metainfo?.TrackerTiers.SelectMany(t => t) ?? []] }.ToString(),
        ["pieceCount"] = f => f.Details?.Pieces.Count ?? 0,
        ["pieceSize"] = f => f.Details?.Pieces.LengthBytes ?? 0,
        ["pieces"] = f => Bits(f.Details?.Pieces.States ?? []),
        ["downloadLimit"] = f => f.Summary.DownLimit / 1000,
        ["downloadLimited"] = f => f.Summary.DownLimit > 0,
        ["uploadLimit"] = f => f.Summary.UpLimit / 1000,
        ["uploadLimited"] = f => f.Summary.UpLimit > 0,
        ["honorsSessionLimits"] = _ => true,
        ["bandwidthPriority"] = _ => 0,
        ["queuePosition"] = f => f.Number,
        ["peer-limit"] = _ => 200,
        ["secondsDownloading"] = _ => 0,
        ["secondsSeeding"] = _ => 0,
        ["seedIdleLimit"] = _ => 0,
        ["seedIdleMode"] = _ => 2,
        ["seedRatioLimit"] = _ => 0.0,
        ["seedRatioMode"] = _ => 2,
        ["files"] = f => Files(f, (file, _) => new JsonObject { ["name"] = file.Path, ["length"] = file.LengthBytes, ["bytesCompleted"] = file.VerifiedBytes }),
        ["fileStats"] = f => Files(f, (file, _) => new JsonObject { ["bytesCompleted"] = file.VerifiedBytes, ["wanted"] = file.Priority != FilePriority.Skip, ["priority"] = Priority(file.Priority) }),
        ["priorities"] = f => Files(f, (file, _) => Priority(file.Priority)),
        ["wanted"] = f => Files(f, (file, _) => file.Priority == FilePriority.Skip ? 0 : 1),
        ["peers"] = f => new JsonArray([.. f.Details?.Peers.Select(Peer) ?? []]),
        ["trackers"] = f => new JsonArray([.. Trackers(f).Select((t, i) => new JsonObject { ["id"] = i, ["announce"] = t.Url, ["scrape"] = "", ["tier"] = t.Tier })]),
        ["trackerStats"] = f => new JsonArray([.. Trackers(f).Select(Tracker)]),
    };

    /// <summary>Answers; fields that are not known are left out, as Transmission does.</summary>
    public async Task<JsonObject> GetAsync(JsonObject arguments, CancellationToken cancellationToken)
    {
        string[] fields = arguments["fields"] is JsonArray given ? [.. given.Select(f => f!.GetValue<string>())] : throw new NodeException(NodeFailure.BadInput, "No fields specified");
        bool isTable = arguments["format"]?.GetValue<string>() == "table";
        bool needsDetails = fields.Any(f => Detailed.Contains(f));
        var rows = new JsonArray();
        if (isTable)
            rows.Add((JsonNode)new JsonArray([.. fields.Select(f => (JsonNode)f)]));
        foreach (NodeTorrent torrent in numbers.Named(arguments))
        {
            TorrentDetails? details = needsDetails && torrent.Running is { } running ? await running.GetDetailsAsync(cancellationToken) : null;
            Metainfo? metainfo = torrent.Running?.Status.Metainfo;
            var facts = new Facts(numbers.Of(torrent), torrent, TorrentSummary.Of(torrent), details, metainfo);
            rows.Add(isTable
                ? new JsonArray([.. fields.Select(f => Fields.GetValueOrDefault(f)?.Invoke(facts))])
                : new JsonObject(fields.Distinct().Where(Fields.ContainsKey).Select(f => KeyValuePair.Create(f, Fields[f](facts)))));
        }
        var answer = new JsonObject { ["torrents"] = rows };
        if (arguments["ids"]?.ToString() == "recently-active")
            answer["removed"] = new JsonArray();
        return answer;
    }

    private static int Status(TorrentSummary summary) => summary.State switch
    {
        "checking" or "moving" => 2,
        "metadata" or "downloading" or "diskFull" => 4,
        "seeding" => 6,
        _ => 0,
    };

    private static int Priority(FilePriority priority) => priority switch
    {
        FilePriority.Low => -1,
        FilePriority.High => 1,
        _ => 0,
    };

    private static JsonArray Files(Facts facts, Func<FileDetails, int, JsonNode> describe) => new([.. facts.Details?.Files.Select(describe) ?? []]);

    private static string Bits(byte[] states)
    {
        byte[] bits = new byte[(states.Length + 7) / 8];
        for (int piece = 0; piece < states.Length; piece++)
        {
            if (states[piece] == (byte)PieceState.Verified)
                bits[piece / 8] |= (byte)(0x80 >> (piece % 8));
        }
        return Convert.ToBase64String(bits);
    }

    private static JsonObject Peer(PeerDetails peer)
    {
        int colon = peer.EndPoint.LastIndexOf(':');
        bool hasPort = int.TryParse(peer.EndPoint.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port);
        return new JsonObject
        {
            ["address"] = hasPort ? peer.EndPoint[..colon].Trim('[', ']') : peer.EndPoint,
            ["port"] = port,
            ["clientName"] = peer.Client,
            ["flagStr"] = (peer.DownRate > 0 ? "D" : "") + (peer.UpRate > 0 ? "U" : "") + (peer.Encrypted ? "E" : "") + (peer.Incoming ? "I" : "") + (peer.Way == "utp" ? "T" : ""),
            ["isEncrypted"] = peer.Encrypted,
            ["isIncoming"] = peer.Incoming,
            ["isUTP"] = peer.Way is "utp" or "punched" or "relayed",
            ["isDownloadingFrom"] = peer.DownRate > 0,
            ["isUploadingTo"] = peer.UpRate > 0,
            ["clientIsChoked"] = peer.PeerChoking,
            ["clientIsInterested"] = peer.AmInterested,
            ["peerIsChoked"] = peer.AmChoking,
            ["peerIsInterested"] = peer.PeerInterested,
            ["progress"] = peer.Fraction,
            ["rateToClient"] = peer.DownRate,
            ["rateToPeer"] = peer.UpRate,
        };
    }

    private static TrackerDetails[] Trackers(Facts facts) => [.. facts.Details?.Trackers.Where(t => t.Tier >= 0) ?? []];

    private static JsonNode Tracker(TrackerDetails tracker, int index) => new JsonObject
    {
        ["id"] = index,
        ["announce"] = tracker.Url,
        ["host"] = Uri.TryCreate(tracker.Url, UriKind.Absolute, out Uri? url) ? $"{url.Scheme}://{url.Authority}" : tracker.Url,
        ["tier"] = tracker.Tier,
        ["isBackup"] = false,
        ["hasAnnounced"] = tracker.Seeds is not null,
        ["hasScraped"] = false,
        ["announceState"] = 1,
        ["scrapeState"] = 0,
        ["lastAnnounceResult"] = tracker.LastError ?? tracker.State,
        ["lastAnnounceSucceeded"] = tracker.LastError is null,
        ["lastAnnouncePeerCount"] = (tracker.Seeds ?? 0) + (tracker.Leechers ?? 0),
        ["lastAnnounceTime"] = 0,
        ["lastAnnounceStartTime"] = 0,
        ["lastAnnounceTimedOut"] = false,
        ["lastScrapeResult"] = "",
        ["lastScrapeSucceeded"] = false,
        ["lastScrapeTime"] = 0,
        ["lastScrapeStartTime"] = 0,
        ["lastScrapeTimedOut"] = false,
        ["nextAnnounceTime"] = tracker.NextAnnounce is { } next ? DateTimeOffset.UtcNow.Add(next).ToUnixTimeSeconds() : 0,
        ["nextScrapeTime"] = 0,
        ["seederCount"] = tracker.Seeds ?? -1,
        ["leecherCount"] = tracker.Leechers ?? -1,
        ["downloadCount"] = -1,
    };
}
