using System.Net;
using System.Text.Json;
using Compeer.Formats.Torrents;
using Compeer.Network.Outbound;
using Compeer.Node.Configuration;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Compeer.Node.Api;

/// <summary>POST /torrents: a link, a file of this machine, or a torrent file as the body.</summary>
internal sealed class TorrentAdditions(NodeServices services)
{
    private const string TorrentType = "application/x-bittorrent";

    public async Task<IResult> AddAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        NewTorrent added = request.ContentType?.StartsWith(TorrentType, StringComparison.OrdinalIgnoreCase) == true
            ? await ReadFileAsync(context)
            : await ReadJsonAsync(context);
        (NodeTorrent torrent, bool isNew) = await services.Torrents.AddAsync(added, context.RequestAborted);
        return isNew ? Results.Created($"/api/v1/torrents/{torrent.Id}", torrent.Summary) : Results.Ok(torrent.Summary);
    }

    private static async Task<NewTorrent> ReadFileAsync(HttpContext context)
    {
        int max = (int)MetainfoLimits.Default.Bencode.MaxBytes;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = max;
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        IQueryCollection query = context.Request.Query;
        var options = new AddRequest
        {
            Directory = query["directory"],
            Labels = query.TryGetValue("labels", out var labels) ? [.. labels.SelectMany(l => (l ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))] : null,
            Paused = query["paused"] == "true",
            Sequential = query["sequential"] == "true",
            Preview = query["preview"] == "true",
            Peers = query.TryGetValue("peers", out var peers) ? [.. peers.OfType<string>()] : null,
        };
        return options.Complete(NewTorrent.FromFile(body.ToArray()));
    }

    private async Task<NewTorrent> ReadJsonAsync(HttpContext context)
    {
        AddRequest request = await JsonBody.ReadAsync<AddRequest>(context);
        return request switch
        {
            { Link: { } link } => request.Complete(NewTorrent.FromLink(link.Trim())),
            { Url: { } url } => request.Complete(NewTorrent.FromFile(await FetchAsync(url, services, context.RequestAborted))),
            { Path: { } path } when context.Items[typeof(Security.Scope)] is Security.Scope.Admin => request.Complete(NewTorrent.FromFile(await ReadPathAsync(path, context.RequestAborted))),
            { Path: not null } => throw new NodeException(NodeFailure.BadInput, "Reading a file of this machine needs the scope 'admin'. Send the file itself as application/x-bittorrent."),
            _ => throw new NodeException(NodeFailure.BadInput, "Nothing to add: give a link, a url or a path, or send a torrent file as application/x-bittorrent."),
        };
    }

    /// <summary>Fetches a torrent file from an address.</summary>
    /// <exception cref="NodeException">It cannot be had.</exception>
    public static async Task<byte[]> FetchAsync(string url, NodeServices services, CancellationToken cancellationToken)
    {
        try
        {
            return await services.Fetch.GetAsync(url, (int)MetainfoLimits.Default.Bencode.MaxBytes, cancellationToken);
        }
        catch (IOException e)
        {
            throw new NodeException(NodeFailure.BadInput, $"'{url}' cannot be fetched: {e.Message}. Check the address, or send the torrent file itself.", e);
        }
    }

    public static async Task<byte[]> ReadPathAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(path) is not { Exists: true } file || file.Length > MetainfoLimits.Default.Bencode.MaxBytes)
                throw new NodeException(NodeFailure.BadInput, $"'{path}' is no torrent file of this machine.");
            return await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new NodeException(NodeFailure.BadInput, $"'{path}' cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>The body of an addition.</summary>
internal sealed record AddRequest
{
    public string? Link { get; init; }

    public string? Url { get; init; }

    public string? Path { get; init; }

    public string? Directory { get; init; }

    public string[]? Labels { get; init; }

    public bool Paused { get; init; }

    public bool Sequential { get; init; }

    public bool Preview { get; init; }

    public string[]? Peers { get; init; }

    /// <summary>The torrent with the options of the request.</summary>
    /// <exception cref="NodeException">One cannot be used.</exception>
    public NewTorrent Complete(NewTorrent torrent) => torrent with
    {
        Directory = PathText.FullOrNone(Directory),
        Labels = LabelText.Read(Labels ?? []),
        Paused = Paused,
        Sequential = Sequential,
        Preview = Preview,
        Peers = [.. (Peers ?? []).Take(100).Select(ReadPeer)],
    };

    private static IPEndPoint ReadPeer(string? text) => text is not null && IPEndPoint.TryParse(text, out IPEndPoint? peer) && peer.Port > 0
        ? peer
        : throw new NodeException(NodeFailure.BadInput, $"The peer '{text}' is not an address with a port, such as 192.168.1.5:6881.");
}
