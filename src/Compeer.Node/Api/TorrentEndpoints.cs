using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>Torrents: the list, additions, and each by its id.</summary>
internal sealed class TorrentEndpoints(NodeServices services)
{
    private readonly TorrentAdditions _additions = new(services);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/torrents", List);
        api.MapPost("/torrents", (Delegate)_additions.AddAsync);
        api.MapGet("/torrents/{id}", (string id) => Results.Json(Find(id).Summary));
        api.MapDelete("/torrents/{id}", async (string id, CancellationToken cancellationToken) =>
        {
            await services.Torrents.RemoveAsync(Find(id), cancellationToken);
            return Results.NoContent();
        });
    }

    private IResult List([AsParameters] TorrentQuery query, HttpContext context)
    {
        (int total, IReadOnlyList<TorrentSummary> items) = query.Select(services.Torrents.All.Select(t => t.Summary));
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new TorrentList(total, items), ApiJson.Options);
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 12))}\"";
        context.Response.Headers.ETag = tag;
        context.Response.Headers.CacheControl = "no-cache";
        return context.Request.Headers.IfNoneMatch.Contains(tag) ? Results.StatusCode(304) : Results.Bytes(body, "application/json; charset=utf-8");
    }

    private NodeTorrent Find(string id) => services.Torrents.Find(id) ?? throw new NotFoundException($"There is no torrent {id}. It may have been removed.");

    private sealed record TorrentList(int Total, IReadOnlyList<TorrentSummary> Items);
}
