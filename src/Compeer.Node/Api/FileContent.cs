using System.Net;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Node.Security;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Compeer.Node.Api;

/// <summary>
/// GET .../files/{index}/content: the bytes of a file, with ranges, waiting for pieces that are not here yet. Served so that a browser
/// runs nothing of it: a type from a fixed list, no guessing, a sandbox. Spec: RFC 9110, section 14.
/// </summary>
/// <param name="keys">Makes addresses for programs without a cookie.</param>
/// <param name="find">Gives the torrent of an id, or throws.</param>
internal sealed class FileContent(ContentKeys keys, Func<string, NodeTorrent> find)
{
    private const string Sandbox = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'";

    public void Map(IEndpointRouteBuilder torrent)
    {
        torrent.MapMethods("/files/{index:int}/content", ["GET", "HEAD"], ServeAsync).Produces(200).Produces(206).Produces(304).Produces(412).Produces(416);
        torrent.MapPost("/files/{index:int}/link", Link);
    }

    private ContentLink Link(string id, int index, HttpContext context)
    {
        string path = $"/api/v1/torrents/{find(id).Id}/files/{index}/content";
        (string key, DateTimeOffset expiresAt) = keys.Make(path);
        return new ContentLink($"{context.Request.Scheme}://{context.Request.Host}{path}?{ContentKeys.QueryName}={key}", expiresAt);
    }

    private async Task<IResult> ServeAsync(string id, int index, string? download, HttpContext context, CancellationToken cancellationToken)
    {
        NodeTorrent torrent = find(id);
        if (TorrentViews.Running(torrent).Status.PieceCount == 0)
            throw new NodeException(NodeFailure.Usage, "The files are not known yet. Try again when the description has come.");
        Metainfo metainfo = await TorrentViews.Running(torrent).MetainfoKnown.WaitAsync(cancellationToken);
        if (index < 0 || index >= metainfo.Files.Length || metainfo.Files[index] is { IsPad: true } || torrent.Running is not { } running)
            throw new NotFoundException($"The torrent has no file {index}.");
        TorrentFile file = metainfo.Files[index];
        Stream stream = torrent.Record.Paused && await WholeFile.TryOpenAsync(torrent, running, file, cancellationToken) is { } whole
            ? whole
            : await OpenAsync(running, index, cancellationToken);
        context.Response.Headers.ContentSecurityPolicy = Sandbox;
        context.Response.Headers.CacheControl = "private, no-cache";
        string? name = download is "1" or "true" ? Path.GetFileName(file.SafePath) : null;
        return Results.Stream(stream, MediaTypes.Of(file.SafePath), name, entityTag: new EntityTagHeaderValue($"\"{torrent.Id}-{index}\""), enableRangeProcessing: true);
    }

    /// <exception cref="NodeException">It cannot be read now, such as while the torrent rests and not all of it is here.</exception>
    private static async Task<Stream> OpenAsync(Torrent running, int index, CancellationToken cancellationToken)
    {
        try
        {
            return await running.OpenFileAsync(index, cancellationToken);
        }
        catch (InvalidOperationException e)
        {
            throw new NodeException(NodeFailure.Usage, e.Message, e);
        }
    }

    internal sealed record ContentLink(string Url, DateTimeOffset ExpiresAt);
}
