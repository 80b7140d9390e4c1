using System.Collections.Immutable;
using Compeer.Node.Hosting;
using Compeer.Node.Intake;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>What adds torrents by itself: watched folders, and feeds with rules.</summary>
internal sealed class IntakeEndpoints(NodeServices services)
{
    private const int DefaultMinutes = 30;

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/watch-folders", () => new TorrentViews.ItemList<WatchFolderView>([.. services.WatchFolders.All.Select(Describe)]));
        api.MapPost("/watch-folders", AddFolder).Produces<WatchFolderView>(201);
        api.MapDelete("/watch-folders/{id}", (string id) => services.WatchFolders.Remove(id) ? Results.NoContent() : throw NoFolder(id)).Produces(204);
        api.MapGet("/feeds", () => new TorrentViews.ItemList<FeedView>([.. services.Feeds.All.Select(Describe)]));
        api.MapPost("/feeds", AddFeed).Produces<FeedView>(201);
        api.MapPatch("/feeds/{id}", ChangeFeed);
        api.MapDelete("/feeds/{id}", (string id) => services.Feeds.Remove(id) ? Results.NoContent() : throw NoFeed(id)).Produces(204);
        api.MapPost("/feeds/{id}/check", (string id) => services.Feeds.Ask(id) ? View(id) : throw NoFeed(id));
        api.MapGet("/feeds/{id}/items", (string id) => new TorrentViews.ItemList<FeedEntryView>(
            [.. (services.Feeds.EntriesOf(id) ?? throw NoFeed(id)).Select(e => new FeedEntryView(e.Title, e.Link, e.Published, e.Taken, e.Rule))]));
    }

    private IResult AddFolder(WatchFolderRequest request)
    {
        string id = services.WatchFolders.Add(new WatchFolder
        {
            Path = request.Path ?? throw new NodeException(NodeFailure.BadInput, "Give the path of the folder."),
            Directory = PathText.FullOrNone(request.Directory),
            Labels = LabelText.Read(request.Labels ?? []),
            Paused = request.Paused ?? false,
        });
        return ApiJson.Answer(services.WatchFolders.All.Where(f => f.Id == id).Select(Describe).First(), 201);
    }

    private IResult AddFeed(FeedRequest request)
    {
        string id = services.Feeds.Add(new Feed
        {
            Url = request.Url ?? throw new NodeException(NodeFailure.BadInput, "Give the url of the feed."),
            EveryMinutes = request.EveryMinutes ?? DefaultMinutes,
            Rules = Read(request.Rules ?? []),
        });
        return ApiJson.Answer(View(id), 201);
    }

    private FeedView ChangeFeed(string id, FeedRequest request)
    {
        ImmutableArray<FeedRule>? rules = request.Rules is { } given ? Read(given) : null;
        bool isHere = services.Feeds.Change(id, f => f with { Url = request.Url ?? f.Url, EveryMinutes = request.EveryMinutes ?? f.EveryMinutes, Rules = rules ?? f.Rules });
        return isHere ? View(id) : throw NoFeed(id);
    }

    private FeedView View(string id) => services.Feeds.All.Where(f => f.Id == id).Select(Describe).FirstOrDefault() ?? throw NoFeed(id);

    private static ImmutableArray<FeedRule> Read(IReadOnlyList<FeedRuleView?> rules) =>
        [.. rules.Select(r => new FeedRule(r?.Match ?? "", r?.Exclude, PathText.FullOrNone(r?.Directory), LabelText.Read(r?.Labels ?? [])))];

    private static WatchFolderView Describe((string Id, WatchFolder Folder, WatchReport Report) watched) => new(
        watched.Id, watched.Folder.Path, watched.Folder.Directory, watched.Folder.Labels, watched.Folder.Paused, watched.Folder.Added,
        watched.Report.LastChecked, watched.Report.Error, [.. watched.Report.Problems.Select(p => new FileProblem(p.Item, p.Detail, p.Time))]);

    private static FeedView Describe((string Id, Feed Feed, IReadOnlyList<IntakeProblem> Problems) looked)
    {
        Feed feed = looked.Feed;
        return new FeedView(
            looked.Id, feed.Url, feed.EveryMinutes, [.. feed.Rules.Select(r => new FeedRuleView(r.Match, r.Exclude, r.Directory, [.. r.Labels]))],
            feed.Title, feed.LastChecked, feed.Error, feed.Added, looked.Problems);
    }

    private static NotFoundException NoFolder(string id) => new($"No folder {id} is watched; it may have been removed.");

    private static NotFoundException NoFeed(string id) => new($"There is no feed {id}; it may have been removed.");

    internal sealed record WatchFolderRequest(string? Path, string? Directory, string[]? Labels, bool? Paused);

    internal sealed record FileProblem(string File, string Detail, DateTimeOffset Time);

    internal sealed record WatchFolderView(
        string Id, string Path, string? Directory, IReadOnlyList<string> Labels, bool Paused, int Added, DateTimeOffset? LastChecked, string? Error, IReadOnlyList<FileProblem> Problems);

    internal sealed record FeedRuleView(string? Match, string? Exclude, string? Directory, string[]? Labels);

    internal sealed record FeedRequest(string? Url, int? EveryMinutes, FeedRuleView?[]? Rules);

    internal sealed record FeedView(
        string Id, string Url, int EveryMinutes, IReadOnlyList<FeedRuleView> Rules, string? Title, DateTimeOffset? LastChecked, string? Error, int Added, IReadOnlyList<IntakeProblem> Problems);

    internal sealed record FeedEntryView(string Title, string Link, string? PublishedAt, bool Taken, int? Rule);
}
