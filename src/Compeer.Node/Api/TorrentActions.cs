using System.Collections.Immutable;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Http;

namespace Compeer.Node.Api;

/// <summary>What is done to torrents: one by PATCH, many by an action.</summary>
internal sealed class TorrentActions(NodeServices services)
{
    private const int MaxIds = 20_000;

    /// <summary>POST /torrents/actions.</summary>
    public async Task<IResult> ActAsync(ActionRequest request, CancellationToken cancellationToken)
    {
        if (request.Ids is not { Length: <= MaxIds } ids)
            throw new NodeException(NodeFailure.BadInput, $"Give ids: a list of at most {MaxIds}.");
        Func<NodeTorrent, Task> act = request.Action switch
        {
            "pause" => torrent => Now(() => services.Torrents.SetPaused(torrent, true)),
            "resume" => torrent => Now(() => services.Torrents.SetPaused(torrent, false)),
            "recheck" => torrent => Now(() => torrent.Running?.Recheck()),
            "reannounce" => torrent => Now(() => torrent.Running?.Reannounce()),
            "remove" => torrent => services.Torrents.RemoveAsync(torrent, request.RemoveData, cancellationToken),
            "label" => torrent => Now(() => services.Torrents.Update(torrent, r => r with { Labels = LabelText.Read(request.Labels ?? []) })),
            _ => throw new NodeException(NodeFailure.BadInput, $"There is no action '{request.Action}'. Take pause, resume, recheck, reannounce, remove or label."),
        };
        await services.Torrents.Started.WaitAsync(cancellationToken);
        var done = new List<string>();
        var failed = new List<FailedAction>();
        foreach (string id in ids.OfType<string>().Distinct())
        {
            try
            {
                await act(services.Torrents.Find(id) ?? throw new NotFoundException("There is no such torrent; it may have been removed."));
                done.Add(id);
            }
            catch (Exception e) when (e is NodeException or NotFoundException or Content.Storage.StorageException)
            {
                failed.Add(new FailedAction(id, e.Message));
            }
        }
        return ApiJson.Answer(new ActionResult(done, failed));

        static Task Now(Action action)
        {
            action();
            return Task.CompletedTask;
        }
    }

    /// <summary>PATCH /torrents/{id}.</summary>
    public async Task<IResult> ChangeAsync(NodeTorrent torrent, PatchRequest request, CancellationToken cancellationToken)
    {
        await services.Torrents.Started.WaitAsync(cancellationToken);
        if (request.UpLimit is < 0 || request.DownLimit is < 0)
            throw new NodeException(NodeFailure.BadInput, "A limit is 0 (none) or a number of bytes per second.");
        ImmutableArray<string>? labels = request.Labels is { } words ? LabelText.Read(words) : null;
        // The move comes first: it may be refused, and then nothing is changed.
        if (request.Directory is { } directory)
            await services.Torrents.MoveAsync(torrent, directory, cancellationToken);
        if (labels is { } read)
            services.Torrents.Update(torrent, r => r with { Labels = read });
        if (request.Sequential is { } sequential)
            services.Torrents.SetSequential(torrent, sequential);
        if (request.UpLimit is not null || request.DownLimit is not null)
            services.Torrents.SetLimits(torrent, request.UpLimit ?? torrent.Record.UpLimit, request.DownLimit ?? torrent.Record.DownLimit);
        if (request.Preview == false && torrent.Record.Preview)
            await services.Torrents.EndPreviewAsync(torrent, cancellationToken);
        if (request.Paused is { } paused)
            services.Torrents.SetPaused(torrent, paused);
        TorrentSummary summary = TorrentSummary.Of(torrent);
        torrent.KeepSummary(summary);
        return ApiJson.Answer(summary);
    }

    internal sealed record ActionRequest(string? Action, string?[]? Ids, bool RemoveData, string[]? Labels);

    internal sealed record PatchRequest(bool? Paused, bool? Preview, bool? Sequential, string[]? Labels, long? DownLimit, long? UpLimit, string? Directory);

    internal sealed record FailedAction(string Id, string Detail);

    internal sealed record ActionResult(IReadOnlyList<string> Done, IReadOnlyList<FailedAction> Failed);
}
