using System.Text.Json.Nodes;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Node.Api;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;

namespace Compeer.Node.TransmissionRpc;

/// <summary>What such programs do to torrents. Their limits are in kB/s of 1,000 bytes.</summary>
internal sealed class RpcActions(NodeServices services, RpcNumbers numbers)
{
    private const int Kilo = 1000;

    /// <summary>Does one thing to each torrent that is named.</summary>
    public JsonObject Each(JsonObject arguments, Action<NodeTorrent> act)
    {
        foreach (NodeTorrent torrent in numbers.Named(arguments))
            act(torrent);
        return [];
    }

    public async Task<JsonObject> AddAsync(JsonObject arguments, CancellationToken cancellationToken)
    {
        NewTorrent added = arguments["metainfo"]?.GetValue<string>() is { } metainfo ? NewTorrent.FromFile(Convert.FromBase64String(metainfo))
            : arguments["filename"]?.GetValue<string>() is not { } name ? throw new NodeException(NodeFailure.BadInput, "no filename or metainfo specified")
            : name.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase) ? NewTorrent.FromLink(name)
            : name.StartsWith("http", StringComparison.OrdinalIgnoreCase) ? NewTorrent.FromFile(await TorrentAdditions.FetchAsync(name, services, cancellationToken))
            : NewTorrent.FromFile(await TorrentAdditions.ReadPathAsync(name, cancellationToken));
        var options = new AddRequest
        {
            Directory = arguments["download-dir"]?.GetValue<string>(),
            Paused = arguments["paused"]?.GetValue<bool>() ?? false,
            Labels = arguments["labels"] is JsonArray labels ? [.. labels.Select(l => l!.GetValue<string>())] : null,
        };
        (NodeTorrent torrent, bool isNew) = await services.Torrents.AddAsync(options.Complete(added), cancellationToken);
        if (isNew && added.Metainfo is { } known && (arguments.ContainsKey("files-unwanted") || arguments.ContainsKey("files-wanted") || arguments.ContainsKey("priority-high") || arguments.ContainsKey("priority-low")))
            services.Torrents.SetPriorities(torrent, Prioritise([.. known.Files.Select(f => f.IsPad ? FilePriority.Skip : FilePriority.Normal)], [.. known.Files.Where(f => !f.IsPad).Select(f => f.Index)], arguments));
        return new JsonObject
        {
            [isNew ? "torrent-added" : "torrent-duplicate"] = new JsonObject { ["id"] = numbers.Of(torrent), ["name"] = torrent.Summary.Name, ["hashString"] = torrent.Id },
        };
    }

    public async Task<JsonObject> SetAsync(JsonObject arguments, CancellationToken cancellationToken)
    {
        foreach (NodeTorrent torrent in numbers.Named(arguments))
        {
            if (arguments["labels"] is JsonArray labels)
                services.Torrents.Update(torrent, r => r with { Labels = LabelText.Read(labels.Select(l => l!.GetValue<string>())) });
            long up = Limit(arguments, "uploadLimit", "uploadLimited", torrent.Record.UpLimit);
            long down = Limit(arguments, "downloadLimit", "downloadLimited", torrent.Record.DownLimit);
            if (up != torrent.Record.UpLimit || down != torrent.Record.DownLimit)
                services.Torrents.SetLimits(torrent, up, down);
            if (arguments.Any(a => a.Key.StartsWith("files-", StringComparison.Ordinal) || a.Key.StartsWith("priority-", StringComparison.Ordinal)))
                await SetFilesAsync(torrent, arguments, cancellationToken);
        }
        return [];
    }

    public async Task<JsonObject> SetLocationAsync(JsonObject arguments, CancellationToken cancellationToken)
    {
        string location = arguments["location"]?.GetValue<string>() ?? throw new NodeException(NodeFailure.BadInput, "no location specified");
        bool moves = arguments["move"]?.GetValue<bool>() ?? false;
        foreach (NodeTorrent torrent in numbers.Named(arguments))
        {
            if (moves)
                await services.Torrents.MoveAsync(torrent, location, cancellationToken);
            else
                await services.Torrents.UseDirectoryAsync(torrent, location, cancellationToken);
        }
        return [];
    }

    public async Task<JsonObject> RemoveAsync(JsonObject arguments, CancellationToken cancellationToken)
    {
        bool deleteFiles = arguments["delete-local-data"]?.GetValue<bool>() ?? false;
        foreach (NodeTorrent torrent in numbers.Named(arguments))
            await services.Torrents.RemoveAsync(torrent, deleteFiles, cancellationToken);
        return [];
    }

    private async Task SetFilesAsync(NodeTorrent torrent, JsonObject arguments, CancellationToken cancellationToken)
    {
        IReadOnlyList<FileDetails> files = (await TorrentViews.Running(torrent).GetDetailsAsync(cancellationToken)).Files;
        if (files.Count == 0)
            throw new NodeException(NodeFailure.Usage, "The files are not known yet.");
        FilePriority[] priorities = [.. Enumerable.Repeat(FilePriority.Skip, files.Max(f => f.Index) + 1)];
        foreach (FileDetails file in files)
            priorities[file.Index] = file.Priority;
        services.Torrents.SetPriorities(torrent, Prioritise(priorities, [.. files.Select(f => f.Index)], arguments));
    }

    /// <summary>Their indexes count the files without padding; an empty list means all.</summary>
    private static FilePriority[] Prioritise(FilePriority[] priorities, int[] files, JsonObject arguments)
    {
        Change("priority-low", _ => FilePriority.Low);
        Change("priority-normal", _ => FilePriority.Normal);
        Change("priority-high", _ => FilePriority.High);
        Change("files-unwanted", _ => FilePriority.Skip);
        Change("files-wanted", was => was == FilePriority.Skip ? FilePriority.Normal : was);
        return priorities;

        void Change(string key, Func<FilePriority, FilePriority> change)
        {
            if (arguments[key] is not JsonArray list)
                return;
            int[] named = list.Count == 0 ? [.. Enumerable.Range(0, files.Length)] : [.. list.Select(n => n!.GetValue<int>())];
            if (named.Any(n => n < 0 || n >= files.Length))
                throw new NodeException(NodeFailure.BadInput, "There is no such file.");
            foreach (int number in named)
                priorities[files[number]] = change(priorities[files[number]]);
        }
    }

    private static long Limit(JsonObject arguments, string value, string enabled, long now)
    {
        long limit = arguments[value]?.GetValue<long>() * Kilo ?? now;
        return arguments[enabled]?.GetValue<bool>() ?? true ? Math.Max(0, limit) : 0;
    }
}
