using System.Security.Cryptography;
using System.Text.Json;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>Torrents: the list, additions, and each by its id.</summary>
internal sealed class TorrentEndpoints(NodeServices services)
{
    private readonly TorrentAdditions _additions = new(services);
    private readonly TorrentActions _actions = new(services);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/torrents", List).Produces<TorrentList>().Produces(304);
        api.MapPost("/torrents", (Delegate)_additions.AddAsync).Accepts<AddRequest>("application/json", "application/x-bittorrent").Produces<TorrentSummary>().Produces<TorrentSummary>(201);
        api.MapPost("/torrents/actions", _actions.ActAsync).Produces<TorrentActions.ActionResult>();
        RouteGroupBuilder one = api.MapGroup("/torrents/{id}");
        one.MapPatch("", (string id, TorrentActions.PatchRequest request, CancellationToken cancellationToken) => _actions.ChangeAsync(Find(id), request, cancellationToken)).Produces<TorrentSummary>();
        one.MapDelete("", async (string id, bool? data, CancellationToken cancellationToken) =>
        {
            await services.Torrents.RemoveAsync(Find(id), data ?? false, cancellationToken);
            return Results.NoContent();
        }).Produces(204);
        one.MapGet("/rates", (string id) => new RateList(RateHistory.StepSeconds, Find(id).RatePoints));
        new TorrentViews(services.Torrents, Find).Map(one);
        new FileContent(services.ContentKeys, Find).Map(one);
    }

    private IResult List(string? state, string? label, string? search, string? sort, string? order, HttpContext context, int offset = 0, int limit = 100)
    {
        var query = new TorrentQuery(state, label, search, sort, order, offset, limit);
        (int total, IReadOnlyList<TorrentSummary> items) = query.Select(services.Torrents.All.Select(t => t.Summary));
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new TorrentList(total, items), ApiJson.Of<TorrentList>());
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 12))}\"";
        context.Response.Headers.ETag = tag;
        context.Response.Headers.CacheControl = "no-cache";
        return context.Request.Headers.IfNoneMatch.Contains(tag) ? Results.StatusCode(304) : Results.Bytes(body, "application/json; charset=utf-8");
    }

    private NodeTorrent Find(string id) => services.Torrents.Find(id) ?? throw new NotFoundException($"There is no torrent {id}. It may have been removed.");

    internal sealed record TorrentList(int Total, IReadOnlyList<TorrentSummary> Items);

    internal sealed record RateList(int StepSeconds, IReadOnlyList<RatePoint> Points);
}
