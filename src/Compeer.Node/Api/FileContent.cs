using System.Net;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
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
/// <param name="find">Gives the torrent of an id, or throws.</param>
internal sealed class FileContent(Func<string, NodeTorrent> find)
{
    private const string Sandbox = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'";

    public void Map(IEndpointRouteBuilder torrent) => torrent.MapMethods("/files/{index:int}/content", ["GET", "HEAD"], ServeAsync);

    private async Task<IResult> ServeAsync(string id, int index, string? download, HttpContext context, CancellationToken cancellationToken)
    {
        NodeTorrent torrent = find(id);
        Metainfo metainfo = await TorrentViews.Running(torrent).MetainfoKnown.WaitAsync(cancellationToken);
        if (index < 0 || index >= metainfo.Files.Length || metainfo.Files[index] is { IsPad: true } || torrent.Running is not { } running)
            throw new NotFoundException($"The torrent has no file {index}.");
        TorrentFile file = metainfo.Files[index];
        Stream stream = await running.OpenFileAsync(index, cancellationToken);
        context.Response.Headers.ContentSecurityPolicy = Sandbox;
        context.Response.Headers.CacheControl = "private, no-cache";
        string? name = download is "1" or "true" ? Path.GetFileName(file.SafePath) : null;
        return Results.Stream(stream, MediaTypes.Of(file.SafePath), name, entityTag: new EntityTagHeaderValue($"\"{torrent.Id}-{index}\""), enableRangeProcessing: true);
    }
}
