using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Node.Torrents;
using Compeer.Protocols.Connecting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>One torrent looked at closely: what it is, its files, peers and pieces.</summary>
/// <param name="catalogue">All torrents.</param>
/// <param name="find">Gives the torrent of an id, or throws.</param>
internal sealed class TorrentViews(TorrentCatalogue catalogue, Func<string, NodeTorrent> find)
{
    public void Map(IEndpointRouteBuilder torrent)
    {
        torrent.MapGet("", DescribeAsync);
        torrent.MapGet("/files", FilesAsync);
        torrent.MapPatch("/files", SetPrioritiesAsync);
        torrent.MapGet("/peers", PeersAsync);
        torrent.MapGet("/takers", TakersAsync);
        torrent.MapGet("/pieces", PiecesAsync);
    }

    /// <summary>The running torrent of an id.</summary>
    /// <exception cref="NodeException">It is still being opened.</exception>
    public static Torrent Running(NodeTorrent torrent) =>
        torrent.Running ?? throw new NodeException(NodeFailure.Usage, "The torrent is still being opened. Try again in a second.");

    private async Task<IResult> DescribeAsync(string id, CancellationToken cancellationToken)
    {
        NodeTorrent torrent = find(id);
        TorrentDetails? details = torrent.Running is { } running ? await running.GetDetailsAsync(cancellationToken) : null;
        Metainfo? metainfo = await MetainfoAsync(torrent);
        JsonObject view = JsonSerializer.SerializeToNode(torrent.Summary, ApiJson.Of<TorrentSummary>())!.AsObject();
        view["infoHashV1"] = torrent.Record.V1;
        view["infoHashV2"] = torrent.Record.V2;
        view["magnet"] = Link(torrent, metainfo);
        view["comment"] = metainfo?.Comment;
        view["createdBy"] = metainfo?.CreatedBy;
        view["private"] = metainfo?.IsPrivate ?? false;
        view["pieceCount"] = details?.Pieces.Count ?? 0;
        view["pieceLength"] = details?.Pieces.LengthBytes ?? 0;
        view["verifiedPieces"] = torrent.Running?.Status.VerifiedPieces ?? 0;
        view["knownPeers"] = torrent.Running?.Status.KnownPeers ?? 0;
        TrackerView[] trackers = [.. details?.Trackers.Select(t => new TrackerView(t.Url, t.Tier, t.State, t.Seeds, t.Leechers, (long?)t.NextAnnounce?.TotalSeconds, t.LastError)) ?? []];
        view["trackers"] = JsonSerializer.SerializeToNode(trackers, ApiJson.Of<TrackerView[]>());
        return ApiJson.Answer(view);
    }

    /// <summary>The description, unless that would wake a sleeping torrent.</summary>
    private static async Task<Metainfo?> MetainfoAsync(NodeTorrent torrent) =>
        torrent.Running is { } running ? running.Status.Metainfo ?? (running.MetainfoKnown.IsCompletedSuccessfully ? await running.MetainfoKnown : null) : null;

    private static string Link(NodeTorrent torrent, Metainfo? metainfo) => new MagnetLink
    {
        InfoHashes = torrent.InfoHashes,
        Name = torrent.Summary.Name,
        Trackers = [.. torrent.Record.Trackers, .. metainfo?.TrackerTiers.SelectMany(t => t) ?? []],
        WebSeeds = torrent.Record.WebSeeds,
    }.ToString();

    private async Task<ItemList<FileView>> FilesAsync(string id, CancellationToken cancellationToken)
    {
        NodeTorrent torrent = find(id);
        TorrentDetails details = await Running(torrent).GetDetailsAsync(cancellationToken);
        IReadOnlyList<FilePriority>? chosen = torrent.Record.Priorities is { } letters ? PriorityText.Read(letters) : null;
        // Of a torrent that is only looked at nothing is wanted; what is shown is what will be, unless one changes it.
        return new([.. details.Files.Select(f => new FileView(
            f.Index, f.Path, f.LengthBytes, f.VerifiedBytes,
            torrent.Record.Preview ? f.Index < chosen?.Count ? chosen[f.Index] : FilePriority.Normal : f.Priority,
            MediaTypes.Of(f.Path)))]);
    }

    private async Task<ItemList<FileView>> SetPrioritiesAsync(string id, PriorityRequest request, CancellationToken cancellationToken)
    {
        NodeTorrent torrent = find(id);
        ItemList<FileView> files = await FilesAsync(id, cancellationToken);
        if (files.Items.Count == 0)
            throw new NodeException(NodeFailure.Usage, "The files are not known yet. Try again when the description has come.");
        var priorities = Enumerable.Repeat(FilePriority.Skip, files.Items.Max(f => f.Index) + 1).ToList();
        foreach (FileView file in files.Items)
            priorities[file.Index] = file.Priority;
        foreach ((string key, FilePriority priority) in request.Priorities ?? [])
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int index) || files.Items.All(f => f.Index != index))
                throw new NodeException(NodeFailure.BadInput, $"There is no file {key}.");
            priorities[index] = priority;
        }
        catalogue.SetPriorities(torrent, priorities);
        return await FilesAsync(id, cancellationToken);
    }

    private async Task<ItemList<PeerView>> PeersAsync(string id, CancellationToken cancellationToken)
    {
        TorrentDetails details = await Running(find(id)).GetDetailsAsync(cancellationToken);
        return new([.. details.Peers.Select(PeerView.Of)]);
    }

    /// <summary>Who has fetched how much.</summary>
    private async Task<ItemList<TakerView>> TakersAsync(string id, CancellationToken cancellationToken) =>
        new([.. (await Running(find(id)).GetTakersAsync(cancellationToken)).Select(t => new TakerView(t.Address.ToString(), t.Client, t.Bytes, (long?)t.SinceLeft?.TotalSeconds))]);

    private async Task<PieceView> PiecesAsync(string id, CancellationToken cancellationToken)
    {
        PieceMap pieces = (await Running(find(id)).GetDetailsAsync(cancellationToken)).Pieces;
        return new PieceView(pieces.Count, pieces.LengthBytes, Convert.ToBase64String(pieces.States), Convert.ToBase64String([.. pieces.Availability.Select(a => (byte)Math.Min(a, (ushort)255))]));
    }

    /// <param name="Address">Where it is.</param>
    /// <param name="Client">Its program, in its own words.</param>
    /// <param name="Uploaded">Bytes that this node sent to it.</param>
    /// <param name="SecondsSinceLeft">Null while it is connected.</param>
    internal sealed record TakerView(string Address, string Client, long Uploaded, long? SecondsSinceLeft);

    internal sealed record ItemList<T>(IReadOnlyList<T> Items);

    internal sealed record TrackerView(string Url, int Tier, string State, int? Seeds, int? Leechers, long? NextAnnounce, string? Error);

    internal sealed record FileView(int Index, string Path, long Size, long Verified, FilePriority Priority, string MediaType);

    internal sealed record PriorityRequest(Dictionary<string, FilePriority>? Priorities);

    internal sealed record PieceView(int Count, int Length, string States, string Availability);
}

/// <summary>A peer as the API gives it.</summary>
internal sealed record PeerView(
    string EndPoint, string Client, string Way, bool Incoming, bool Encrypted, IReadOnlyList<string> Sources, double Progress, long DownRate, long UpRate,
    long Downloaded, long Uploaded, IReadOnlyList<string> Flags, long ConnectedSeconds)
{
    public static PeerView Of(PeerDetails peer) => new(
        peer.EndPoint, peer.Client, peer.Way, peer.Incoming, peer.Encrypted,
        [.. Enum.GetValues<PeerSource>().Where(s => s != 0 && peer.Sources.HasFlag(s)).Select(s => JsonNamingPolicy.CamelCase.ConvertName(s.ToString()))],
        Math.Round(peer.Fraction, 4), peer.DownRate, peer.UpRate, peer.DownloadedBytes, peer.UploadedBytes,
        [.. Flagged(peer)], (long)peer.Connected.TotalSeconds);

    private static IEnumerable<string> Flagged(PeerDetails peer)
    {
        if (peer.AmChoking)
            yield return "weChokeIt";
        if (peer.AmInterested)
            yield return "weWantFromIt";
        if (peer.PeerChoking)
            yield return "itChokesUs";
        if (peer.PeerInterested)
            yield return "itWantsFromUs";
        if (peer.IsSnubbed)
            yield return "snubbed";
    }
}
